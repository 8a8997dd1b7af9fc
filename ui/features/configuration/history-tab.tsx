import { useMemo, useState } from 'react';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Form, TextField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { Loaded } from '../../components/page.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { When } from '../../components/when.tsx';
import { useText } from '../../texts/texts.ts';
import { PlanView } from './plan-view.tsx';

type Version = AnswerOf<'GET /api/v1/config/versions'>['items'][number];

export function HistoryTab({ mayWrite }: { readonly mayWrite: boolean }) {
  const say = useText();
  const versions = useRead('GET /api/v1/config/versions', { query: { limit: 500 } });
  const looking = useUrlDialog('version');
  const columns = useColumns(versions.data?.items[0]?.number, useNames());
  const number = Number(looking.value);
  return (
    <Loaded read={versions}>
      {({ items }) => (
        <>
          <DataTable
            label={say('configuration.history')}
            rows={items}
            columns={columns}
            rowKey={(version) => String(version.number)}
            open={(version) => looking.open(String(version.number))}
            actions={(version) => (
              <Button size="small" onClick={() => looking.open(String(version.number))}>
                {say('configuration.look')}
              </Button>
            )}
            empty={
              <EmptyState icon="history" title={say('configuration.empty')}>
                {say('configuration.emptyHelp')}
              </EmptyState>
            }
          />
          {Number.isInteger(number) && looking.value !== undefined && <VersionPanel key={number} number={number} latest={items[0]?.number ?? number} mayWrite={mayWrite} close={looking.close} />}
        </>
      )}
    </Loaded>
  );
}

/** Names of users by id, for those who may read them. */
function useNames(): ReadonlyMap<string, string> {
  const users = useRead('GET /api/v1/users', { query: { limit: 500 } }, { enabled: useMay('user:read') }).data?.items;
  return useMemo(() => new Map(users?.map(({ id, name }) => [id, name])), [users]);
}

function useColumns(latest: number | undefined, names: ReadonlyMap<string, string>): readonly Column<Version>[] {
  const say = useText();
  return useMemo(
    () => [
      {
        id: 'number',
        text: say('configuration.version'),
        value: ({ number }) => number,
        cell: ({ number }) => (
          <span className="flex items-center gap-2 font-medium tabular-nums">
            {number}
            {number === latest && <Badge tone="good">{say('configuration.now')}</Badge>}
          </span>
        ),
      },
      { id: 'at', text: say('configuration.at'), value: ({ at }) => at, cell: ({ at }) => <When iso={at} /> },
      { id: 'author', text: say('configuration.author'), value: ({ author }) => names.get(author) ?? author, from: 'sm', cell: ({ author }) => <ForeignText className="text-soft">{names.get(author) ?? author}</ForeignText> },
      { id: 'reason', text: say('configuration.reason'), value: ({ reason }) => reason, from: 'md', cell: ({ reason }) => <ForeignText>{reason}</ForeignText> },
    ],
    [say, latest, names],
  );
}

interface VersionPanelProps {
  readonly number: number;
  readonly latest: number;
  readonly mayWrite: boolean;
  readonly close: () => void;
}

const FORM = 'roll-back';

function VersionPanel({ number, latest, mayWrite, close }: VersionPanelProps) {
  const say = useText();
  const [isSinceThen, compare] = useState(false);
  const [reason, setReason] = useState('');
  const params = isSinceThen ? { number: String(number), other: String(latest) } : { number: String(Math.max(0, number - 1)), other: String(number) };
  const plan = useRead('GET /api/v1/config/versions/{number}/diff/{other}', { params });
  const rollback = useChange('POST /api/v1/config/rollback', {
    done: ({ version }) => {
      notify(say('configuration.rolledBack', { number, version }));
      close();
    },
    refused: () => undefined,
  });
  const mayRollBack = mayWrite && number !== latest;
  const footer = mayRollBack && (
    <>
      <Button onClick={close}>{say('common.cancel')}</Button>
      <Button look="accent" type="submit" form={FORM} icon="history" isBusy={rollback.isRunning}>
        {say('configuration.rollBack', { number })}
      </Button>
    </>
  );
  return (
    <SidePanel isOpen close={close} title={say('configuration.versionTitle', { number })} footer={footer}>
      <div className="grid gap-5">
        {number !== latest && (
          <div role="group" aria-label={say('configuration.compare')} className="flex flex-wrap gap-2">
            <Button aria-pressed={!isSinceThen} look={isSinceThen ? 'plain' : 'accent'} size="small" onClick={() => compare(false)}>
              {say('configuration.inThis')}
            </Button>
            <Button aria-pressed={isSinceThen} look={isSinceThen ? 'accent' : 'plain'} size="small" onClick={() => compare(true)}>
              {say('configuration.sinceThen')}
            </Button>
          </div>
        )}
        <Loaded read={plan} rows={4}>
          {(known) => <PlanView plan={known} />}
        </Loaded>
        {mayRollBack && (
          <Form id={FORM} problem={rollback.problem} submit={() => rollback.run({ body: { number, reason } })}>
            <TextField label={say('configuration.reason')} help={say('configuration.rollBackHelp')} value={reason} set={setReason} />
          </Form>
        )}
      </div>
    </SidePanel>
  );
}
