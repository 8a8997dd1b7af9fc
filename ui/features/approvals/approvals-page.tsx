/** Calls that people approve: those that wait, as cards to decide on; those that were decided, as a table. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { ask } from '../../api/ask.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { refresh, useChange, usePages, useRead } from '../../api/queries.ts';
import { Badge, type Tone } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { Dialog, SidePanel } from '../../components/dialog.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Form, TextField } from '../../components/form.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { notify } from '../../components/notices.tsx';
import { Facts, Loaded, Page } from '../../components/page.tsx';
import { ChoiceFilter } from '../../components/record-filters.tsx';
import { type RecordColumn, RecordTable } from '../../components/record-table.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useUrlDialog, useUrlValues } from '../../components/url-state.ts';
import { When } from '../../components/when.tsx';
import { useText } from '../../texts/texts.ts';

type Approval = AnswerOf<'GET /api/v1/approvals'>['items'][number];
type State = Approval['state'];

const STATES = ['pending', 'approved', 'denied', 'used', 'expired'] as const satisfies readonly State[];
const TONES: Readonly<Record<State, Tone>> = { pending: 'warn', approved: 'good', denied: 'bad', used: 'plain', expired: 'plain' };
const WAIT_SECONDS = 25;
const RETRY_MS = 5_000;

export function ApprovalsPage() {
  const say = useText();
  useApprovalChanges();
  const waiting = useRead('GET /api/v1/approvals', { query: { state: 'pending' } });
  return (
    <Page title={say('approvals.title')} lead={say('approvals.lead')}>
      <Tabs
        tabs={[
          { id: 'waiting', text: say('approvals.waiting'), count: waiting.data?.items.length, render: () => <Loaded read={waiting}>{({ items }) => <Waiting approvals={items} />}</Loaded> },
          { id: 'all', text: say('approvals.all'), render: () => <All /> },
        ]}
      />
    </Page>
  );
}

/** Asks again as soon as something changed: the API holds the question until then. */
function useApprovalChanges(): void {
  const client = useQueryClient();
  useEffect(() => {
    let isGone = false;
    let timer: number | undefined;
    const next = async (mark: string | undefined): Promise<void> => {
      try {
        const answer = await ask('GET /api/v1/approvals', { query: mark === undefined ? { limit: 1 } : { limit: 1, after: mark, waitSeconds: WAIT_SECONDS } });
        if (isGone) return;
        if (mark !== undefined && answer.mark !== mark) refresh(client, 'approvals');
        void next(answer.mark);
      } catch {
        // The page shows refusals of its own question; this one only tries again.
        if (!isGone) timer = window.setTimeout(() => void next(undefined), RETRY_MS);
      }
    };
    void next(undefined);
    return () => {
      isGone = true;
      window.clearTimeout(timer);
    };
  }, [client]);
}

function Waiting({ approvals }: { readonly approvals: readonly Approval[] }) {
  const say = useText();
  if (approvals.length === 0) {
    return (
      <div className="panel">
        <EmptyState icon="check" title={say('approvals.empty')}>
          {say('approvals.emptyHelp')}
        </EmptyState>
      </div>
    );
  }
  return (
    <ul className="grid gap-4 xl:grid-cols-2" aria-label={say('approvals.waiting')}>
      {approvals.map((approval) => (
        <li key={approval.id} className="panel grid content-start gap-4 p-4">
          <header className="flex flex-wrap items-center gap-2">
            <h2 className="text-[1.07rem] font-semibold">
              <ForeignText charsMax={200}>{approval.name}</ForeignText>
            </h2>
            <Badge>{approval.server}</Badge>
            <span className="ml-auto text-soft">
              {say('approvals.expires')} <When iso={approval.expiresAt} />
            </span>
          </header>
          <Question approval={approval} />
          <Decide approval={approval} />
        </li>
      ))}
    </ul>
  );
}

function Question({ approval }: { readonly approval: Approval }) {
  const say = useText();
  return (
    <>
      <Facts
        facts={[
          [say('approvals.who'), <ForeignText key="who">{`${approval.principal.name} (${approval.principal.kind})`}</ForeignText>],
          [say('approvals.where'), `${approval.endpoint} · ${approval.namespace}`],
          [say('approvals.rule'), <code key="rule">{approval.rule}</code>],
          ...(approval.reason === null ? [] : [[say('approvals.reason'), <ForeignText key="reason">{approval.reason}</ForeignText>] as const]),
          [say('approvals.asked'), <When key="asked" iso={approval.requestedAt} />],
        ]}
      />
      <JsonView label={say('approvals.arguments')} value={approval.arguments} />
    </>
  );
}

function Decide({ approval }: { readonly approval: Approval }) {
  const say = useText();
  const [isDenying, setDenying] = useState(false);
  const [reason, setReason] = useState('');
  const params = { id: approval.id };
  const approve = useChange('POST /api/v1/approvals/{id}/approve', { done: () => notify(say('approvals.approved')) });
  const deny = useChange('POST /api/v1/approvals/{id}/deny', {
    refused: () => undefined,
    done: () => {
      notify(say('approvals.denied'));
      setDenying(false);
    },
  });
  if (!approval.mayDecide) return <p className="text-soft">{say('approvals.notYours')}</p>;
  return (
    <>
      <div className="flex flex-wrap justify-end gap-2">
        <Button look="danger" onClick={() => setDenying(true)}>
          {say('approvals.deny')}
        </Button>
        <Button look="accent" icon="check" isBusy={approve.isRunning} onClick={() => approve.run({ params, body: {} })}>
          {say('approvals.approve')}
        </Button>
      </div>
      <Dialog isOpen={isDenying} close={() => setDenying(false)} width="narrow" title={say('approvals.deny')} description={say('approvals.denyHelp')}>
        <Form problem={deny.problem} submit={() => deny.run({ params, body: { reason } })}>
          <TextField label={say('approvals.reason')} path="reason" value={reason} set={setReason} autoFocus maxLength={1_000} />
          <div className="flex justify-end gap-2">
            <Button onClick={() => setDenying(false)}>{say('common.cancel')}</Button>
            <Button type="submit" look="danger" isBusy={deny.isRunning} disabled={reason.trim() === ''}>
              {say('approvals.deny')}
            </Button>
          </div>
        </Form>
      </Dialog>
    </>
  );
}

function All() {
  const say = useText();
  const wanted = useUrlValues()['state'];
  const state = STATES.find((each) => each === wanted);
  const pages = usePages('GET /api/v1/approvals', { query: { ...(state !== undefined && { state }), limit: 100 } });
  const opened = useUrlDialog('approval');
  const approval = pages.rows?.find(({ id }) => id === opened.value);
  const columns = useColumns();
  return (
    <div className="grid gap-3">
      <div>
        <ChoiceFilter name="state" label={say('approvals.state')} options={STATES.map((value) => ({ value, text: say(`approvals.states.${value}`) }))} />
      </div>
      <RecordTable
        label={say('approvals.title')}
        {...pages}
        columns={columns}
        rowKey={({ id }) => id}
        open={({ id }) => opened.open(id)}
        current={opened.value}
        empty={
          <EmptyState icon="check" title={say('approvals.none')}>
            {say('approvals.emptyHelp')}
          </EmptyState>
        }
      />
      <SidePanel isOpen={approval !== undefined} close={opened.close} title={approval === undefined ? '' : <ForeignText charsMax={200}>{approval.name}</ForeignText>}>
        {approval !== undefined && (
          <div className="grid gap-4">
            <Decided approval={approval} />
            <Question approval={approval} />
            {approval.state === 'pending' && <Decide approval={approval} />}
          </div>
        )}
      </SidePanel>
    </div>
  );
}


function Decided({ approval }: { readonly approval: Approval }) {
  const say = useText();
  const { state, decidedBy, decidedAt, note, usedAt } = approval;
  return (
    <Facts
      facts={[
        [say('approvals.state'), <Badge key="state" tone={TONES[state]}>{say(`approvals.states.${state}`)}</Badge>],
        ...(decidedBy === null ? [] : [[say('approvals.decidedBy'), <span key="by"><ForeignText>{decidedBy}</ForeignText> · <When iso={decidedAt} /></span>] as const]),
        ...(note === null ? [] : [[say('approvals.note'), <ForeignText key="note">{note}</ForeignText>] as const]),
        ...(usedAt === null ? [] : [[say('approvals.usedAt'), <When key="used" iso={usedAt} />] as const]),
      ]}
    />
  );
}

function useColumns(): readonly RecordColumn<Approval>[] {
  const say = useText();
  return useMemo(
    () => [
      { id: 'name', text: say('approvals.call'), cell: ({ name }) => <span className="block max-w-[40vw] truncate font-medium"><ForeignText charsMax={200}>{name}</ForeignText></span> },
      { id: 'state', text: say('approvals.state'), cell: ({ state }) => <Badge tone={TONES[state]} hasDot>{say(`approvals.states.${state}`)}</Badge> },
      { id: 'who', text: say('approvals.who'), from: 'sm', cell: ({ principal }) => <ForeignText>{principal.name}</ForeignText> },
      { id: 'server', text: say('approvals.server'), from: 'md', cell: ({ server }) => server },
      { id: 'rule', text: say('approvals.rule'), from: 'lg', cell: ({ rule }) => <code>{rule}</code> },
      { id: 'asked', text: say('approvals.asked'), from: 'sm', cell: ({ requestedAt }) => <When iso={requestedAt} /> },
      { id: 'by', text: say('approvals.decidedBy'), from: 'lg', cell: ({ decidedBy }) => decidedBy ?? '–' },
    ],
    [say],
  );
}
