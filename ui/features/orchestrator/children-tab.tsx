import { Link } from '@tanstack/react-router';
import type { UseQueryResult } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { useChange } from '../../api/queries.ts';
import { Badge, type Tone } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { notify } from '../../components/notices.tsx';
import { Loaded } from '../../components/page.tsx';
import { When } from '../../components/when.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';

type Children = AnswerOf<'GET /api/v1/children'>;
type Child = Children['items'][number];

const TONES: Readonly<Record<string, Tone>> = { running: 'good', ready: 'good', starting: 'accent', failed: 'bad' };

export function ChildrenTab({ read }: { readonly read: UseQueryResult<Children, ApiProblem> }) {
  const say = useText();
  const mayStop = useMay('session:end');
  const columns = useColumns();
  const [leaving, setLeaving] = useState<Child>();
  const stop = useChange('DELETE /api/v1/children/{id}', {
    done: ({ name }) => {
      notify(say('orchestrator.child.stopped', { name }));
      setLeaving(undefined);
    },
    refused: () => undefined,
  });
  return (
    <>
      <Loaded read={read}>
        {({ items, hasSandbox }) => (
          <div className="grid grid-cols-[minmax(0,1fr)] gap-3">
            {!hasSandbox && <p className="rounded-md bg-warn-wash px-4 py-2.5 text-warn">{say('orchestrator.child.noSandbox')}</p>}
            <DataTable
              label={say('orchestrator.running')}
              rows={items}
              columns={columns}
              rowKey={({ id }) => id}
              actions={
                mayStop
                  ? (child) => (
                      <Button size="small" look="danger" icon="power" aria-label={say('orchestrator.child.stopOf', { name: child.name })} onClick={() => setLeaving(child)}>
                        {say('orchestrator.child.stop')}
                      </Button>
                    )
                  : undefined
              }
              empty={
                <EmptyState
                  icon="terminal"
                  title={say('orchestrator.child.empty')}
                  action={
                    <Link to="/catalogue" className="text-accent underline">
                      {say('orchestrator.child.emptyAction')}
                    </Link>
                  }
                >
                  {say('orchestrator.child.emptyHelp')}
                </EmptyState>
              }
            />
          </div>
        )}
      </Loaded>
      <ConfirmDialog
        isOpen={leaving !== undefined}
        close={() => setLeaving(undefined)}
        title={say('orchestrator.child.stopTitle')}
        text={say('orchestrator.child.stop')}
        isDanger
        isBusy={stop.isRunning}
        problem={stop.problem}
        confirm={() => leaving !== undefined && stop.run({ params: { id: leaving.id } })}
      >
        <ForeignText className="font-medium">{leaving?.name}</ForeignText>
        <p className="text-soft">{say('orchestrator.child.stopHelp')}</p>
      </ConfirmDialog>
    </>
  );
}

function useColumns(): readonly Column<Child>[] {
  const say = useText();
  const formats = useFormats();
  return useMemo(
    () => [
      {
        id: 'name',
        text: say('common.name'),
        value: ({ name, source, principal, id }) => `${name} ${source} ${principal} ${id}`,
        cell: ({ name, source, principal }) => (
          <div className="min-w-32">
            <ForeignText className="font-medium">{name}</ForeignText>
            <div className="max-w-[24rem] truncate text-soft max-sm:max-w-[42vw]">
              <ForeignText>{source}</ForeignText> · <ForeignText>{principal === '' ? say('orchestrator.child.pooled') : principal}</ForeignText>
            </div>
          </div>
        ),
      },
      {
        id: 'status',
        text: say('servers.state'),
        value: ({ status }) => status,
        cell: ({ status }) => (
          <Badge tone={TONES[status] ?? 'plain'} hasDot>
            <ForeignText>{status}</ForeignText>
          </Badge>
        ),
      },
      { id: 'memory', text: say('orchestrator.child.memory'), value: ({ memoryBytes }) => memoryBytes, cell: ({ memoryBytes }) => formats.bytes(memoryBytes), isNumber: true, from: 'sm' },
      { id: 'cpu', text: say('orchestrator.child.cpu'), value: ({ cpuMs }) => cpuMs, cell: ({ cpuMs }) => formats.duration(cpuMs), isNumber: true, from: 'lg' },
      { id: 'processes', text: say('orchestrator.child.processes'), value: ({ processes }) => processes, isNumber: true, from: 'xl' },
      { id: 'calls', text: say('orchestrator.child.calls'), value: ({ calls }) => calls, isNumber: true, from: 'md' },
      { id: 'errors', text: say('orchestrator.child.errors'), value: ({ errors }) => errors, cell: ({ errors }) => <span className={errors > 0 ? 'text-bad' : 'text-soft'}>{errors}</span>, isNumber: true, from: 'md' },
      { id: 'idle', text: say('orchestrator.child.idle'), value: ({ idleMs }) => idleMs, cell: ({ idleMs }) => formats.duration(idleMs), isNumber: true, from: 'lg' },
      { id: 'since', text: say('orchestrator.child.since'), value: ({ createdAt }) => createdAt, cell: ({ createdAt }) => <When iso={createdAt} />, from: 'xl' },
    ],
    [say, formats],
  );
}
