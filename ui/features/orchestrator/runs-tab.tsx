import { useMemo } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useRead } from '../../api/queries.ts';
import { Badge, type Tone } from '../../components/badge.tsx';
import { type Column, DataTable, type Filter } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Loaded } from '../../components/page.tsx';
import { When } from '../../components/when.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';

export type Run = AnswerOf<'GET /api/v1/workflow-runs/{id}'>;

const TONES: Readonly<Record<Run['status'], Tone>> = { running: 'accent', waiting: 'warn', done: 'good', failed: 'bad', compensated: 'warn', cancelled: 'plain' };
const STATUSES = Object.keys(TONES) as readonly Run['status'][];
const SHOWN_MAX = 200;
/** Runs say nothing of themselves. */
const READ_EVERY_MS = 3_000;

export function RunsTab({ open }: { readonly open: (id: string) => void }) {
  const say = useText();
  const runs = useRead('GET /api/v1/workflow-runs', { query: { limit: SHOWN_MAX } }, { everyMs: READ_EVERY_MS });
  const columns = useColumns(open);
  const filters = useMemo<readonly Filter<Run>[]>(() => [{ id: 'status', text: say('servers.state'), options: STATUSES.map((value) => ({ value, text: say(`orchestrator.runStatus.${value}`) })), matches: ({ status }, value) => status === value }], [say]);
  return (
    <Loaded read={runs}>
      {({ items }) => (
        <DataTable
          label={say('orchestrator.runs')}
          rows={items}
          columns={columns}
          filters={filters}
          rowKey={({ id }) => id}
          open={({ id }) => open(id)}
          prefix="runs-"
          empty={
            <EmptyState icon="pulse" title={say('orchestrator.runsEmpty')}>
              {say('orchestrator.runsEmptyHelp')}
            </EmptyState>
          }
        />
      )}
    </Loaded>
  );
}

export function RunStatus({ status }: { readonly status: Run['status'] }) {
  const say = useText();
  return (
    <Badge tone={TONES[status]} hasDot>
      {say(`orchestrator.runStatus.${status}`)}
    </Badge>
  );
}

function useColumns(open: (id: string) => void): readonly Column<Run>[] {
  const say = useText();
  const formats = useFormats();
  return useMemo(
    () => [
      {
        id: 'workflow',
        text: say('orchestrator.run.workflow'),
        value: ({ workflow, principal, reason }) => `${workflow} ${principal} ${reason}`,
        cell: ({ id, workflow, reason }) => (
          <div className="min-w-32">
            <button type="button" className="text-left font-medium hover:underline" onClick={() => open(id)}>
              {workflow}
            </button>
            {reason !== '' && (
              <div className="max-w-[30rem] truncate text-soft max-sm:max-w-[42vw]">
                <ForeignText>{reason}</ForeignText>
              </div>
            )}
          </div>
        ),
      },
      { id: 'status', text: say('servers.state'), value: ({ status }) => status, cell: ({ status }) => <RunStatus status={status} /> },
      { id: 'started', text: say('orchestrator.run.started'), value: ({ startedAt }) => startedAt, cell: ({ startedAt }) => <When iso={startedAt} />, from: 'sm' },
      { id: 'took', text: say('orchestrator.run.took'), value: (run) => tookMs(run), cell: (run) => (run.endedAt === null ? '–' : formats.duration(tookMs(run) ?? 0)), isNumber: true, from: 'md' },
      { id: 'principal', text: say('orchestrator.event.principal'), value: ({ principal }) => principal, cell: ({ principal }) => <ForeignText className="text-soft">{principal}</ForeignText>, from: 'lg' },
    ],
    [say, formats, open],
  );
}

function tookMs({ startedAt, endedAt }: Run): number | null {
  return endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt);
}
