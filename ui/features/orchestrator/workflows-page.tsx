/** Stored graphs of tool calls, and their runs. */
import { useMay } from '../../api/me.ts';
import { useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { RunPanel } from './run-panel.tsx';
import { RunsTab } from './runs-tab.tsx';
import { StartRun } from './start-run.tsx';
import { WorkflowPanel } from './workflow-panel.tsx';
import { WorkflowsTab } from './workflows-tab.tsx';

export function WorkflowsPage() {
  const say = useText();
  const mayWrite = useMay('namespace:write');
  const workflows = useRead('GET /api/v1/workflows');
  const editing = useUrlDialog('edit');
  const adding = useUrlDialog('add');
  const starting = useUrlDialog('start');
  const shown = useUrlDialog('run');
  const find = (name: string | undefined) => workflows.data?.items.find((workflow) => workflow.name === name);
  const add = mayWrite && (
    <Button look="accent" icon="plus" onClick={() => adding.open()}>
      {say('orchestrator.workflow.add')}
    </Button>
  );
  return (
    <Page title={say('orchestrator.workflows')} lead={say('orchestrator.workflowsLead')} actions={add}>
      <Tabs
        tabs={[
          { id: 'workflows', text: say('orchestrator.workflow.stored'), count: workflows.data?.items.length, render: () => <WorkflowsTab read={workflows} add={add} edit={editing.open} start={starting.open} mayWrite={mayWrite} /> },
          { id: 'runs', text: say('orchestrator.runs'), render: () => <RunsTab open={shown.open} /> },
        ]}
      />
      <WorkflowPanel isNew={adding.value !== undefined} workflow={find(editing.value)} close={adding.value === undefined ? editing.close : adding.close} mayWrite={mayWrite} />
      <StartRun workflow={find(starting.value)} close={starting.close} />
      <RunPanel id={shown.value} close={shown.close} />
    </Page>
  );
}
