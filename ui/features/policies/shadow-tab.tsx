import { useMemo } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useRead } from '../../api/queries.ts';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Loaded } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';
import { EffectBadge } from './effect-badge.tsx';

type Difference = AnswerOf<'GET /api/v1/policy-shadow'>['differences'][number];

/** What policies in shadow mode would have decided otherwise. */
export function ShadowTab() {
  const say = useText();
  const shadow = useRead('GET /api/v1/policy-shadow', {}, { everyMs: 10_000 });
  const columns = useMemo<readonly Column<Difference>[]>(
    () => [
      { id: 'namespace', text: say('policies.namespace'), value: ({ namespace }) => namespace },
      { id: 'before', text: say('policies.before'), value: ({ before }) => before.effect, cell: ({ before }) => <span className="flex flex-wrap gap-1.5"><EffectBadge effect={before.effect} /> <code>{before.rule}</code></span> },
      { id: 'after', text: say('policies.after'), value: ({ after }) => after.effect, cell: ({ after }) => <span className="flex flex-wrap gap-1.5"><EffectBadge effect={after.effect} /> <code>{after.rule}</code></span> },
      { id: 'count', text: say('policies.count'), isNumber: true, value: ({ count }) => count },
      { id: 'samples', text: say('policies.samples'), from: 'md', value: ({ samples }) => samples.map(({ server, name }) => `${server} ${name}`).join(', ') },
    ],
    [say],
  );
  return (
    <Loaded read={shadow}>
      {({ asked, differences }) => (
        <div className="grid gap-3">
          <p className="text-soft">{say('policies.shadowHelp', { count: asked })}</p>
          <DataTable label={say('policies.shadow')} rows={differences} columns={columns} rowKey={({ namespace, before, after }) => [namespace, before.rule, before.effect, after.rule, after.effect].join(' ')} empty={<EmptyState icon="check" title={say('policies.noDifference')}>{say('policies.shadowEmpty')}</EmptyState>} />
        </div>
      )}
    </Loaded>
  );
}
