/** Definitions of tools and prompts against what was approved of them, word by word. */
import { useMemo } from 'react';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Badge, type Tone } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { type Column, DataTable, type Filter } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { SwitchField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { Facts, Loaded, Page } from '../../components/page.tsx';
import { useSetUrl, useUrlDialog, useUrlValues } from '../../components/url-state.ts';
import { When } from '../../components/when.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { WordDifference } from './word-difference.tsx';

type Definition = AnswerOf<'GET /api/v1/definitions'>['items'][number];

const STATES = ['pinned', 'new', 'changed', 'rejected'] as const;
const TONES: Readonly<Record<(typeof STATES)[number], Tone>> = { pinned: 'good', new: 'accent', changed: 'warn', rejected: 'bad' };

export function DefinitionsPage() {
  const say = useText();
  const values = useUrlValues();
  const setUrl = useSetUrl();
  const isOpenOnly = values['open'] === 'true';
  const definitions = useRead('GET /api/v1/definitions', { query: { open: isOpenOnly ? 'true' : 'false' } });
  const opened = useUrlDialog('definition');
  const columns = useColumns();
  const filters = useFilters(definitions.data?.items);
  return (
    <Page title={say('definitions.title')} lead={say('definitions.lead')}>
      <Loaded read={definitions}>
        {({ items }) => {
          const chosen = items.find((each) => keyOf(each) === opened.value);
          return (
            <>
              <SwitchField label={say('definitions.onlyOpen')} isOn={isOpenOnly} set={(isOn) => setUrl({ open: isOn ? 'true' : undefined })} />
              <DataTable
                label={say('definitions.title')}
                rows={items}
                columns={columns}
                filters={filters}
                rowKey={keyOf}
                open={(each) => opened.open(keyOf(each))}
                actions={(each) => (
                  <Button size="small" onClick={() => opened.open(keyOf(each))}>
                    {say('definitions.look')}
                  </Button>
                )}
                empty={
                  <EmptyState icon="shield" title={say(isOpenOnly ? 'definitions.nothingOpen' : 'definitions.empty')}>
                    {say('definitions.emptyHelp')}
                  </EmptyState>
                }
              />
              <DefinitionPanel definition={chosen} close={opened.close} />
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

function keyOf({ namespace, server, as, kind, name }: Definition): string {
  return [namespace, as, server, kind, name].join('/');
}

function DefinitionPanel({ definition, close }: { readonly definition: Definition | undefined; readonly close: () => void }) {
  return (
    <SidePanel isOpen={definition !== undefined} close={close} width="wide" title={definition === undefined ? '' : <ForeignText>{definition.name}</ForeignText>} footer={definition === undefined ? undefined : <Decide definition={definition} close={close} />}>
      {definition !== undefined && <Detail definition={definition} />}
    </SidePanel>
  );
}

function Decide({ definition, close }: { readonly definition: Definition; readonly close: () => void }) {
  const say = useText();
  const mayDecide = useMay('definition:decide');
  const { namespace, server, kind, name, hash, state } = definition;
  const approve = useChange('POST /api/v1/definitions/approve', {
    done: () => {
      notify(say('definitions.approved'));
      close();
    },
  });
  const reject = useChange('POST /api/v1/definitions/reject', {
    done: () => {
      notify(say('definitions.rejected'));
      close();
    },
  });
  if (!mayDecide) return <span className="text-soft">{say('definitions.mayNot')}</span>;
  // With the hash: what was looked at is what is decided on.
  const body = { namespace, server, kind, name, hash };
  return (
    <>
      {state !== 'rejected' && (
        <Button look="danger" isBusy={reject.isRunning} onClick={() => reject.run({ body })}>
          {say('definitions.reject')}
        </Button>
      )}
      {state !== 'pinned' && (
        <Button look="accent" icon="check" isBusy={approve.isRunning} onClick={() => approve.run({ body })}>
          {say('definitions.approve')}
        </Button>
      )}
    </>
  );
}

function Detail({ definition }: { readonly definition: Definition }) {
  const say = useText();
  const formats = useFormats();
  return (
    <div className="grid gap-5">
      <Facts
        facts={[
          [say('definitions.state'), <States key="state" definition={definition} />],
          [say('definitions.where'), `${definition.namespace} · ${definition.as} (${definition.kind})`],
          [say('definitions.score'), formats.number(definition.score)],
          [say('definitions.decided'), definition.decidedAt === null ? '–' : <span key="decided"><ForeignText>{definition.decidedBy ?? ''}</ForeignText> · <When iso={definition.decidedAt} /></span>],
          [say('definitions.hash'), <code key="hash" className="wrap-anywhere">{definition.hash}</code>],
        ]}
      />
      {definition.reasons.length > 0 && (
        <ul className="grid gap-1 rounded-lg bg-warn-wash px-4 py-3">
          {definition.reasons.map((reason) => (
            <li key={reason}>
              <ForeignText>{reason}</ForeignText>
            </li>
          ))}
        </ul>
      )}
      <section className="grid gap-3">
        <h3 className="font-semibold">{say(definition.pinnedHash === null ? 'definitions.whole' : 'definitions.changes')}</h3>
        {definition.changes.length === 0 && <p className="text-soft">{say('definitions.noChanges')}</p>}
        {definition.changes.map(({ at, parts }) => (
          <WordDifference key={at} at={at} parts={parts} />
        ))}
      </section>
    </div>
  );
}

function States({ definition }: { readonly definition: Definition }) {
  const say = useText();
  return (
    <span className="inline-flex flex-wrap gap-1.5">
      <Badge tone={TONES[definition.state]} hasDot>
        {say(`definitions.states.${definition.state}`)}
      </Badge>
      {definition.isQuarantined && <Badge tone="bad">{say('definitions.quarantined')}</Badge>}
      {definition.isFlagged && <Badge tone="warn">{say('definitions.flagged')}</Badge>}
    </span>
  );
}

function useColumns(): readonly Column<Definition>[] {
  const say = useText();
  return useMemo(
    () => [
      { id: 'name', text: say('common.name'), value: ({ name }) => name, cell: ({ name }) => <span className="font-medium"><ForeignText charsMax={200}>{name}</ForeignText></span> },
      { id: 'state', text: say('definitions.state'), value: ({ state }) => state, cell: (definition) => <States definition={definition} /> },
      { id: 'server', text: say('definitions.server'), value: ({ as }) => as, from: 'sm' },
      { id: 'namespace', text: say('definitions.namespace'), value: ({ namespace }) => namespace, from: 'md' },
      { id: 'kind', text: say('definitions.kind'), value: ({ kind }) => kind, from: 'lg' },
      { id: 'decided', text: say('definitions.decided'), value: ({ decidedAt }) => decidedAt, cell: ({ decidedAt }) => <When iso={decidedAt} />, from: 'lg' },
    ],
    [say],
  );
}

function useFilters(items: readonly Definition[] = []): readonly Filter<Definition>[] {
  const say = useText();
  return useMemo(
    () => [
      { id: 'state', text: say('definitions.state'), options: STATES.map((value) => ({ value, text: say(`definitions.states.${value}`) })), matches: ({ state }, value) => state === value },
      { id: 'namespace', text: say('definitions.namespace'), options: [...new Set(items.map(({ namespace }) => namespace))].map((value) => ({ value, text: value })), matches: ({ namespace }, value) => namespace === value },
    ],
    [say, items],
  );
}
