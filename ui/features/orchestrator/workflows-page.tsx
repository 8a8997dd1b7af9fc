/** Stored graphs of tool calls and their runs, each run as a graph of its steps. */
import { useMemo } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Facts, Loaded, Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { When } from '../../components/when.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { StepGraph } from './step-graph.tsx';
import { toneOf } from './step-tone.ts';

type Workflow = AnswerOf<'GET /api/v1/workflows'>['items'][number];
type Run = AnswerOf<'GET /api/v1/workflow-runs'>['items'][number];

const REFRESH_MS = 3_000;

export function WorkflowsPage() {
  const say = useText();
  return (
    <Page title={say('workflows.title')} lead={say('workflows.lead')}>
      <Tabs
        tabs={[
          { id: 'runs', text: say('workflows.runs'), render: () => <Runs /> },
          { id: 'stored', text: say('workflows.stored'), render: () => <Stored /> },
        ]}
      />
    </Page>
  );
}

function Runs() {
  const say = useText();
  const runs = useRead('GET /api/v1/workflow-runs', { query: { limit: 200 } }, { everyMs: REFRESH_MS });
  const opened = useUrlDialog('run');
  const columns = useMemo<readonly Column<Run>[]>(
    () => [
      { id: 'workflow', text: say('workflows.workflow'), value: ({ workflow }) => workflow, cell: ({ workflow }) => <span className="font-medium">{workflow}</span> },
      { id: 'status', text: say('workflows.state'), value: ({ status }) => status, cell: ({ status }) => <Badge tone={toneOf(status)} hasDot>{status}</Badge> },
      { id: 'principal', text: say('workflows.whose'), value: ({ principal }) => principal, cell: ({ principal }) => <ForeignText>{principal}</ForeignText>, from: 'sm' },
      { id: 'started', text: say('workflows.started'), value: ({ startedAt }) => startedAt, cell: ({ startedAt }) => <When iso={startedAt} /> },
      { id: 'reason', text: say('workflows.reason'), value: ({ reason }) => reason, cell: ({ reason }) => <ForeignText charsMax={200}>{reason}</ForeignText>, from: 'md' },
    ],
    [say],
  );
  return (
    <Loaded read={runs}>
      {({ items }) => (
        <>
          <DataTable
            label={say('workflows.runs')}
            rows={items}
            columns={columns}
            rowKey={({ id }) => id}
            open={({ id }) => opened.open(id)}
            empty={
              <EmptyState icon="flow" title={say('workflows.noRuns')}>
                {say('workflows.noRunsHelp')}
              </EmptyState>
            }
          />
          {opened.value !== undefined && <RunPanel id={opened.value} close={opened.close} />}
        </>
      )}
    </Loaded>
  );
}

function RunPanel({ id, close }: { readonly id: string; readonly close: () => void }) {
  const say = useText();
  const formats = useFormats();
  const run = useRead('GET /api/v1/workflow-runs/{id}', { params: { id } }, { everyMs: REFRESH_MS });
  return (
    <SidePanel isOpen close={close} width="wide" title={run.data?.workflow ?? say('workflows.runs')}>
      <Loaded read={run}>
        {({ status, reason, startedAt, endedAt, output, steps = [], edges = [] }) => (
          <div className="grid gap-5">
            <Facts
              facts={[
                [say('workflows.state'), <Badge key="state" tone={toneOf(status)} hasDot>{status}</Badge>],
                [say('workflows.reason'), <ForeignText key="reason">{reason}</ForeignText>],
                [say('workflows.started'), formats.instant(startedAt)],
                [say('workflows.ended'), endedAt === null ? '–' : formats.instant(endedAt)],
              ]}
            />
            <StepGraph steps={steps} edges={edges} />
            {output !== undefined && <JsonView label={say('workflows.output')} value={output} />}
          </div>
        )}
      </Loaded>
    </SidePanel>
  );
}

function Stored() {
  const say = useText();
  const workflows = useRead('GET /api/v1/workflows');
  const opened = useUrlDialog('workflow');
  const columns = useMemo<readonly Column<Workflow>[]>(
    () => [
      { id: 'name', text: say('common.name'), value: ({ name }) => name, cell: ({ name }) => <span className="font-medium">{name}</span> },
      { id: 'version', text: say('workflows.version'), isNumber: true, value: ({ version }) => version },
      { id: 'owner', text: say('workflows.owner'), value: ({ owner }) => owner ?? say('workflows.public'), from: 'sm' },
      { id: 'updated', text: say('workflows.updated'), value: ({ updatedAt }) => updatedAt, cell: ({ updatedAt }) => <When iso={updatedAt} />, from: 'sm' },
    ],
    [say],
  );
  return (
    <Loaded read={workflows}>
      {({ items }) => {
        const workflow = items.find(({ name }) => name === opened.value);
        return (
          <>
            <DataTable
              label={say('workflows.stored')}
              rows={items}
              columns={columns}
              rowKey={({ name }) => name}
              open={({ name }) => opened.open(name)}
              empty={
                <EmptyState icon="flow" title={say('workflows.none')}>
                  {say('workflows.noneHelp')}
                </EmptyState>
              }
            />
            <SidePanel isOpen={workflow !== undefined} close={opened.close} title={workflow?.name ?? ''}>
              {workflow !== undefined && <JsonView label={workflow.name} value={workflow.definition} className="max-h-none" />}
            </SidePanel>
          </>
        );
      }}
    </Loaded>
  );
}
