/** Counts per tool, from the figures that the gateway keeps of the last hour and day. */
import { useMemo } from 'react';
import { useRead } from '../../api/queries.ts';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Loaded } from '../../components/page.tsx';
import { ChoiceFilter } from '../../components/record-filters.tsx';
import { useSetUrl, useUrlValues } from '../../components/url-state.ts';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import type { AnswerOf } from '../../api/operations.ts';

type Tool = AnswerOf<'GET /api/v1/stats'>['tools'][number];

const TOOLS_MAX = 100;
const REFRESH_MS = 5_000;

export function ToolsTab() {
  const say = useText();
  const setUrl = useSetUrl();
  const window = useUrlValues()['window'] === 'day' ? 'day' : 'hour';
  const stats = useRead('GET /api/v1/stats', { query: { window, top: TOOLS_MAX } }, { everyMs: REFRESH_MS });
  const columns = useColumns(stats.data?.tools);
  return (
    <Loaded read={stats}>
      {({ tools }) => (
        <DataTable
          label={say('traffic.tools')}
          rows={tools}
          columns={columns}
          rowKey={({ server, tool }) => `${server}/${tool}`}
          open={({ server, tool }) => setUrl({ view: undefined, window: undefined, q: undefined, sort: undefined, server, tool, span: window === 'hour' ? '1h' : '24h' }, { isNew: true })}
          tools={<ChoiceFilter name="window" label={say('common.time')} all={say('traffic.lastHour')} options={[{ value: 'day', text: say('traffic.lastDay') }]} />}
          empty={
            <EmptyState icon="pulse" title={say('traffic.noTools')} action={<ChoiceFilter name="window" label={say('common.time')} all={say('traffic.lastHour')} options={[{ value: 'day', text: say('traffic.lastDay') }]} />}>
              {say('traffic.emptyHelp')}
            </EmptyState>
          }
        />
      )}
    </Loaded>
  );
}

function useColumns(tools: readonly Tool[] = []): readonly Column<Tool>[] {
  const say = useText();
  const formats = useFormats();
  return useMemo(() => {
    const most = Math.max(1, ...tools.map(({ calls }) => calls));
    return [
      { id: 'tool', text: say('traffic.tool'), value: ({ tool }) => tool, cell: ({ tool }) => <span className="font-medium"><ForeignText charsMax={300}>{tool}</ForeignText></span> },
      { id: 'server', text: say('traffic.server'), value: ({ server }) => server, from: 'sm' },
      {
        id: 'calls',
        text: say('traffic.calls'),
        isNumber: true,
        value: ({ calls }) => calls,
        cell: ({ calls }) => (
          <span className="flex items-center justify-end gap-3">
            <span aria-hidden className="h-1.5 w-24 overflow-hidden rounded-full bg-sunken max-lg:hidden">
              <span className="block h-full rounded-full bg-accent" style={{ width: `${(calls / most) * 100}%` }} />
            </span>
            {formats.number(calls)}
          </span>
        ),
      },
      { id: 'errors', text: say('traffic.errors'), isNumber: true, value: ({ errors }) => errors, cell: ({ errors, calls }) => <span className={errors > 0 ? 'text-bad' : 'text-soft'}>{`${formats.number(errors)} · ${formats.percent(calls === 0 ? 0 : errors / calls)}`}</span> },
      { id: 'denied', text: say('traffic.denied'), isNumber: true, from: 'md', value: ({ denied }) => denied },
      { id: 'p50', text: say('traffic.median'), isNumber: true, from: 'md', value: ({ latencyMs }) => latencyMs?.p50 ?? null, cell: ({ latencyMs }) => (latencyMs === null ? '–' : formats.duration(latencyMs.p50)) },
      { id: 'p95', text: say('traffic.p95'), isNumber: true, from: 'lg', value: ({ latencyMs }) => latencyMs?.p95 ?? null, cell: ({ latencyMs }) => (latencyMs === null ? '–' : formats.duration(latencyMs.p95)) },
    ];
  }, [say, formats, tools]);
}
