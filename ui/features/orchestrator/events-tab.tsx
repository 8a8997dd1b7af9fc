import { useMemo } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useRead } from '../../api/queries.ts';
import { Badge, type Tone } from '../../components/badge.tsx';
import { type Column, DataTable, type Filter } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Loaded } from '../../components/page.tsx';
import { When } from '../../components/when.tsx';
import { useText } from '../../texts/texts.ts';

type ChildEvent = AnswerOf<'GET /api/v1/child-events'>['items'][number];
type Kind = ChildEvent['kind'];

const TONES: Readonly<Record<Kind, Tone>> = { created: 'plain', started: 'accent', ready: 'good', reused: 'accent', called: 'plain', timed_out: 'warn', failed: 'bad', stopped: 'plain', limit_hit: 'warn', security_violation: 'bad' };
const KINDS = Object.keys(TONES) as readonly Kind[];
const SHOWN_MAX = 500;

export function EventsTab() {
  const say = useText();
  const events = useRead('GET /api/v1/child-events', { query: { limit: SHOWN_MAX } });
  const columns = useColumns();
  const filters = useMemo<readonly Filter<ChildEvent>[]>(
    () => [{ id: 'kind', text: say('orchestrator.event.kind'), options: KINDS.map((value) => ({ value, text: say(`orchestrator.event.kinds.${value}`) })), matches: ({ kind }, value) => kind === value }],
    [say],
  );
  return (
    <Loaded read={events}>
      {({ items }) => (
        <DataTable
          label={say('orchestrator.events')}
          rows={items}
          columns={columns}
          filters={filters}
          rowKey={({ id }) => id}
          prefix="events-"
          empty={
            <EmptyState icon="pulse" title={say('orchestrator.event.empty')}>
              {say('orchestrator.event.emptyHelp')}
            </EmptyState>
          }
        />
      )}
    </Loaded>
  );
}

function useColumns(): readonly Column<ChildEvent>[] {
  const say = useText();
  return useMemo(
    () => [
      { id: 'at', text: say('common.time'), value: ({ at }) => at, cell: ({ at }) => <When iso={at} /> },
      { id: 'kind', text: say('orchestrator.event.kind'), value: ({ kind }) => kind, cell: ({ kind }) => <Badge tone={TONES[kind]}>{say(`orchestrator.event.kinds.${kind}`)}</Badge> },
      {
        id: 'server',
        text: say('orchestrator.event.server'),
        value: ({ source, serverId, principal }) => `${source} ${serverId} ${principal}`,
        cell: ({ source, serverId }) => (
          <div className="max-w-[20rem] truncate max-sm:max-w-[30vw]">
            <ForeignText>{source}</ForeignText> <ForeignText className="font-mono text-[0.86em] text-soft">{serverId}</ForeignText>
          </div>
        ),
      },
      { id: 'principal', text: say('orchestrator.event.principal'), value: ({ principal }) => principal, cell: ({ principal }) => <ForeignText className="text-soft">{principal === '' ? '–' : principal}</ForeignText>, from: 'lg' },
      { id: 'detail', text: say('orchestrator.event.detail'), value: (event) => detailOf(event), cell: (event) => <ForeignText className="text-soft">{detailOf(event)}</ForeignText>, from: 'md', isSortable: false },
    ],
    [say],
  );
}

function detailOf({ detail }: ChildEvent): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}: ${value}`)
    .join(' · ');
}
