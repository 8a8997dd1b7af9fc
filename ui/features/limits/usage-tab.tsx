/** What is used of every limit and budget, now: of endpoints, namespaces and the instance alike. */
import { useMemo } from 'react';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { type Column, DataTable, type Filter } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { notify } from '../../components/notices.tsx';
import { Loaded } from '../../components/page.tsx';
import { When } from '../../components/when.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';

type Use = AnswerOf<'GET /api/v1/limit-usage'>['items'][number];

const REFRESH_MS = 3_000;
const KINDS = ['rate', 'concurrency', 'budget'] as const;
const SCOPES = ['endpoint', 'client', 'tool', 'server'] as const;
/** From here on a limit is nearly used up. */
const NEAR = 0.8;

export function UsageTab() {
  const say = useText();
  const usage = useRead('GET /api/v1/limit-usage', {}, { everyMs: REFRESH_MS });
  const mayWrite = useMay('limit:write');
  const columns = useColumns();
  const filters = useFilters();
  const reset = useChange('POST /api/v1/limit-usage/reset', { done: () => notify(say('limits.wasReset')) });
  return (
    <Loaded read={usage}>
      {({ store, items }) => (
        <>
          {store === 'fallback' && (
            <p role="alert" className="mb-3 rounded-lg bg-warn-wash px-4 py-2.5 text-warn">
              {say('limits.fallback')}
            </p>
          )}
          <DataTable
            label={say('limits.usage')}
            rows={items}
            columns={columns}
            filters={filters}
            rowKey={(use) => [use.limit, use.subject, use.identity].join('\n')}
            actions={
              mayWrite
                ? ({ limit, subject, identity }) => (
                    <Button size="small" icon="refresh" onClick={() => reset.run({ body: { limit, counter: { subject, identity } } })}>
                      {say('limits.reset')}
                    </Button>
                  )
                : undefined
            }
            empty={
              <EmptyState icon="gauge" title={say('limits.unused')}>
                {say('limits.unusedHelp')}
              </EmptyState>
            }
          />
        </>
      )}
    </Loaded>
  );
}

function useColumns(): readonly Column<Use>[] {
  const say = useText();
  const formats = useFormats();
  return useMemo(
    () => [
      { id: 'limit', text: say('limits.limit'), value: ({ limit }) => limit, cell: ({ limit, kind }) => <span className="flex flex-wrap items-center gap-2"><code>{limit}</code><Badge>{say(`limits.kinds.${kind}`)}</Badge></span> },
      { id: 'subject', text: say('limits.subject'), value: ({ subject, identity }) => `${subject} ${identity}`, cell: ({ subject, identity }) => <ForeignText>{[subject, identity].filter((part) => part !== '').join(' · ') || say('limits.everybody')}</ForeignText>, from: 'sm' },
      {
        id: 'used',
        text: say('limits.used'),
        value: ({ used, max }) => used / max,
        cell: ({ used, max, unit, kind }) => (
          <span className="grid min-w-28 gap-1">
            <span className="tabular-nums">
              {`${formats.number(used)} / ${formats.number(max)}`} <span className="text-soft">{kind === 'budget' ? say(`limits.units.${unit}`) : say('limits.units.calls')}</span>
            </span>
            <span aria-hidden className="h-1.5 overflow-hidden rounded-full bg-sunken">
              <span className={classNames('block h-full rounded-full', used >= max ? 'bg-bad' : used >= max * NEAR ? 'bg-warn' : 'bg-accent')} style={{ width: `${Math.min(100, (used / max) * 100)}%` }} />
            </span>
          </span>
        ),
      },
      { id: 'waiting', text: say('limits.waiting'), isNumber: true, from: 'lg', value: ({ waiting }) => waiting },
      { id: 'resets', text: say('limits.resets'), from: 'md', value: ({ resetsAt }) => resetsAt, cell: ({ resetsAt }) => <When iso={resetsAt} /> },
    ],
    [say, formats],
  );
}

function useFilters(): readonly Filter<Use>[] {
  const say = useText();
  return useMemo(
    () => [
      { id: 'kind', text: say('limits.kind'), options: KINDS.map((value) => ({ value, text: say(`limits.kinds.${value}`) })), matches: ({ kind }, value) => kind === value },
      { id: 'scope', text: say('limits.scope'), options: SCOPES.map((value) => ({ value, text: say(`limits.scopes.${value}`) })), matches: ({ scope }, value) => scope === value },
    ],
    [say],
  );
}
