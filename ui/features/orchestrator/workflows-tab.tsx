import { type UseQueryResult, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { ask } from '../../api/ask.ts';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { type ApiProblem, toProblem } from '../../api/problem.ts';
import { refresh } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button, IconButton } from '../../components/button.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Menu } from '../../components/menu.tsx';
import { deleteSoon, notifyProblem, useLeaving } from '../../components/notices.tsx';
import { Loaded } from '../../components/page.tsx';
import { When } from '../../components/when.tsx';
import { useText } from '../../texts/texts.ts';
import { stepsOf } from './workflow-graph.ts';

type Workflows = AnswerOf<'GET /api/v1/workflows'>;
export type Workflow = Workflows['items'][number];

interface WorkflowsTabProps {
  readonly read: UseQueryResult<Workflows, ApiProblem>;
  readonly add: ReactNode;
  readonly edit: (name: string) => void;
  readonly start: (name: string) => void;
  readonly mayWrite: boolean;
}

export function WorkflowsTab({ read, add, edit, start, mayWrite }: WorkflowsTabProps) {
  const say = useText();
  const leaving = useLeaving();
  const mayCall = useMay('server:call');
  const columns = useColumns(edit);
  return (
    <Loaded read={read}>
      {({ items }) => (
        <DataTable
          label={say('orchestrator.workflows')}
          rows={items.filter(({ name }) => !leaving.has(`workflows/${name}`))}
          columns={columns}
          rowKey={({ name }) => name}
          open={({ name }) => edit(name)}
          actions={({ name }) => (
            <>
              {mayCall && (
                <Button size="small" icon="chevron" aria-label={say('orchestrator.workflow.startOf', { name })} onClick={() => start(name)}>
                  {say('orchestrator.workflow.start')}
                </Button>
              )}
              {mayWrite && <WorkflowMenu name={name} edit={edit} />}
            </>
          )}
          empty={
            <EmptyState icon="flow" title={say('orchestrator.workflow.empty')} action={add}>
              {say('orchestrator.workflow.emptyHelp')}
            </EmptyState>
          }
        />
      )}
    </Loaded>
  );
}

function WorkflowMenu({ name, edit }: { readonly name: string; readonly edit: (name: string) => void }) {
  const say = useText();
  const client = useQueryClient();
  const commit = async (): Promise<void> => {
    try {
      await ask('DELETE /api/v1/workflows/{name}', { params: { name } });
    } catch (thrown) {
      notifyProblem(toProblem(thrown));
    } finally {
      refresh(client, 'workflows');
    }
  };
  return (
    <Menu
      trigger={<IconButton icon="more" label={say('common.actionsOf', { name })} />}
      items={[
        { text: say('orchestrator.workflow.edit'), icon: 'edit', onSelect: () => edit(name) },
        'line',
        { text: say('common.delete'), icon: 'trash', isDanger: true, onSelect: () => deleteSoon({ key: `workflows/${name}`, text: say('common.deleted', { name }), undoText: say('common.undo'), commit }) },
      ]}
    />
  );
}

function useColumns(edit: (name: string) => void): readonly Column<Workflow>[] {
  const say = useText();
  return useMemo(
    () => [
      {
        id: 'name',
        text: say('common.name'),
        value: ({ name, definition }) => `${name} ${textOf(definition['description'])}`,
        cell: ({ name, definition }) => (
          <div className="min-w-32">
            <button type="button" className="text-left font-medium hover:underline" onClick={() => edit(name)}>
              {name}
            </button>
            <div className="max-w-[30rem] truncate text-soft max-sm:max-w-[42vw]">
              <ForeignText>{textOf(definition['description'])}</ForeignText>
            </div>
          </div>
        ),
      },
      { id: 'endpoint', text: say('orchestrator.workflow.endpoint'), value: ({ definition }) => textOf(definition['endpoint']), from: 'md' },
      { id: 'steps', text: say('orchestrator.workflow.steps'), value: ({ definition }) => stepsOf(definition).length, isNumber: true, from: 'sm' },
      { id: 'owner', text: say('orchestrator.workflow.who'), value: ({ owner }) => (owner === null ? 'public' : 'private'), cell: ({ owner }) => <Badge>{say(owner === null ? 'orchestrator.workflow.public' : 'orchestrator.workflow.private')}</Badge>, from: 'lg' },
      { id: 'updated', text: say('orchestrator.workflow.updated'), value: ({ updatedAt }) => updatedAt, cell: ({ updatedAt }) => <When iso={updatedAt} />, from: 'lg' },
    ],
    [say, edit],
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
