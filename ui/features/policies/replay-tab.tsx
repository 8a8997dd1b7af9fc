/** What was recorded, decided again: side by side, what was and what would be. */
import { useMemo, useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Form, SelectField } from '../../components/form.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import type { JsonObject } from '../../components/json-field.tsx';
import { Section } from '../../components/page.tsx';
import { type Span, SPANS } from '../../components/record-filters.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { EffectBadge } from './effect-badge.tsx';

type Replay = AnswerOf<'POST /api/v1/policies/replay'>;
type Difference = Replay['differences'][number];

export function ReplayTab({ drafts }: { readonly drafts: Readonly<Record<string, JsonObject>> }) {
  const say = useText();
  const namespaces = useRead('GET /api/v1/namespaces').data?.items ?? [];
  const [span, setSpan] = useState<Span>('24h');
  const [namespace, setNamespace] = useState('');
  const [replay, setReplay] = useState<Replay>();
  const run = useChange('POST /api/v1/policies/replay', { done: setReplay, refused: () => setReplay(undefined) });
  const policies = Object.fromEntries(Object.entries(drafts).map(([name, draft]) => [name, { ...draft }]));
  const submit = (): void => run.run({ body: { since: new Date(Date.now() - SPANS[span]).toISOString(), ...(namespace !== '' && { namespace }), policies } });
  return (
    <div className="grid gap-4">
      <Section title={say('policies.replay')} lead={say(Object.keys(drafts).length === 0 ? 'policies.replayNow' : 'policies.replayDraft')}>
        <Form problem={run.problem} submit={submit} className="grid items-end gap-4 sm:grid-cols-[1fr_1fr_auto]">
          <SelectField label={say('common.time')} value={span} set={(value) => setSpan(value as Span)} options={(Object.keys(SPANS) as Span[]).map((value) => ({ value, label: say(`records.spans.${value}`) }))} />
          <SelectField label={say('policies.namespace')} value={namespace} set={setNamespace} options={[{ value: '', label: say('table.all') }, ...namespaces.map(({ name }) => ({ value: name, label: name }))]} />
          <Button type="submit" look="accent" isBusy={run.isRunning}>
            {say('policies.runReplay')}
          </Button>
        </Form>
      </Section>
      {replay !== undefined && <Differences replay={replay} />}
    </div>
  );
}

function Differences({ replay }: { readonly replay: Replay }) {
  const say = useText();
  const formats = useFormats();
  const columns = useColumns();
  return (
    <>
      <div role="status" className="flex flex-wrap items-center gap-2">
        <span>{say('policies.replayed', { count: replay.total })}</span>
        {!replay.isWhole && <Badge tone="warn">{say('policies.notWhole')}</Badge>}
        {Object.entries(replay.changes).map(([change, count]) => (
          <Badge key={change} tone={change.endsWith('deny') ? 'bad' : 'accent'}>{`${change}: ${formats.number(count)}`}</Badge>
        ))}
      </div>
      <DataTable label={say('policies.replay')} rows={replay.differences} columns={columns} rowKey={(row) => `${row.at} ${row.principal} ${row.server} ${row.name}`} prefix="replay-" empty={<EmptyState icon="check" title={say('policies.noDifference')} />} />
    </>
  );
}

function useColumns(): readonly Column<Difference>[] {
  const say = useText();
  const formats = useFormats();
  return useMemo(
    () => [
      { id: 'at', text: say('common.time'), value: ({ at }) => at, cell: ({ at }) => <span className="text-soft">{formats.instant(at)}</span>, from: 'md' },
      { id: 'name', text: say('policies.call'), value: ({ server, name }) => `${server} ${name}`, cell: ({ server, name }) => <ForeignText charsMax={200}>{`${server} · ${name}`}</ForeignText> },
      { id: 'principal', text: say('policies.who'), value: ({ principal }) => principal, cell: ({ principal }) => <ForeignText>{principal}</ForeignText>, from: 'sm' },
      { id: 'before', text: say('policies.before'), value: ({ before }) => before.effect, cell: ({ before }) => <Verdict verdict={before} /> },
      { id: 'after', text: say('policies.after'), value: ({ after }) => after.effect, cell: ({ after }) => <Verdict verdict={after} /> },
    ],
    [say, formats],
  );
}

function Verdict({ verdict: { effect, rule } }: { readonly verdict: Difference['before'] }) {
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      <EffectBadge effect={effect} /> <code className="text-soft">{rule}</code>
    </span>
  );
}
