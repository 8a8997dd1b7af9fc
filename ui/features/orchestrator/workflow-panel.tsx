/** A workflow's definition to write, with the graph that it makes as one writes. */
import { useState } from 'react';
import { useMay } from '../../api/me.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { Form, SwitchField, TextField } from '../../components/form.tsx';
import { CodeField, pageProblem, parseJsonObject } from '../../components/json-field.tsx';
import { notify } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';
import { GraphView } from './graph-view.tsx';
import { edgesOf, stepsOf } from './workflow-graph.ts';
import type { Workflow } from './workflows-tab.tsx';

const FORM = 'workflow';

interface WorkflowPanelProps {
  readonly isNew: boolean;
  readonly workflow: Workflow | undefined;
  readonly close: () => void;
  readonly mayWrite: boolean;
}

export function WorkflowPanel({ isNew, workflow, close, mayWrite }: WorkflowPanelProps) {
  const say = useText();
  const [isBusy, setBusy] = useState(false);
  const footer = mayWrite && (
    <>
      <Button onClick={close}>{say('common.cancel')}</Button>
      <Button look="accent" type="submit" form={FORM} isBusy={isBusy}>
        {say('common.save')}
      </Button>
    </>
  );
  return (
    <SidePanel
      isOpen={isNew || workflow !== undefined}
      close={close}
      width="wide"
      title={workflow?.name ?? say('orchestrator.workflow.add')}
      description={workflow === undefined ? say('orchestrator.workflow.addLead') : say('orchestrator.workflow.version', { version: workflow.version })}
      footer={footer === false ? undefined : footer}
    >
      {(isNew || workflow !== undefined) && <Definition key={`${workflow?.name} ${workflow?.version}`} workflow={workflow} close={close} setBusy={setBusy} mayWrite={mayWrite} />}
    </SidePanel>
  );
}

interface DefinitionProps {
  readonly workflow: Workflow | undefined;
  readonly close: () => void;
  readonly setBusy: (isBusy: boolean) => void;
  readonly mayWrite: boolean;
}

function Definition({ workflow, close, setBusy, mayWrite }: DefinitionProps) {
  const say = useText();
  const mayPublish = useMay('public:write');
  const [name, setName] = useState(workflow?.name ?? '');
  const [isPublic, setPublic] = useState(workflow === undefined ? mayPublish : workflow.owner === null);
  const [text, setText] = useState<string>();
  const [wrong, setWrong] = useState<ApiProblem>();
  const start = useStartText(workflow);
  const shown = text ?? start;
  const save = useChange('PUT /api/v1/workflows/{name}', {
    done: ({ version }) => {
      notify(say('orchestrator.workflow.saved', { version }));
      setBusy(false);
      close();
    },
    refused: () => setBusy(false),
  });
  const definition = parseJsonObject(shown);
  const submit = (): void => {
    setWrong(definition === undefined ? pageProblem(say('common.notJsonObject')) : undefined);
    if (definition === undefined) return;
    setBusy(true);
    save.run({ params: { name }, body: { definition: { ...definition }, public: isPublic } });
  };
  const steps = stepsOf(definition);
  return (
    <Form id={FORM} problem={wrong ?? save.problem} submit={submit}>
      {workflow === undefined && <TextField label={say('common.name')} help={say('orchestrator.workflow.nameHelp')} path="name" required autoFocus value={name} set={setName} />}
      <GraphView steps={steps.map(({ id, tool }) => ({ id, note: tool, tone: 'accent' }))} edges={edgesOf(steps)} />
      <CodeField label={say('orchestrator.workflow.definition')} help={say('orchestrator.workflow.definitionHelp')} value={shown} set={setText} isReadOnly={!mayWrite} />
      {mayPublish && <SwitchField label={say('orchestrator.workflow.publicLabel')} help={say('orchestrator.workflow.publicHelp')} isOn={isPublic} set={setPublic} disabled={!mayWrite} />}
    </Form>
  );
}

/** What is stored; for a new one an example at an endpoint that is there. */
function useStartText(workflow: Workflow | undefined): string {
  const endpoint = useRead('GET /api/v1/endpoints').data?.items[0]?.name ?? 'default';
  if (workflow !== undefined) {
    const { name: _, ...definition } = workflow.definition;
    return JSON.stringify(definition, null, 2);
  }
  return JSON.stringify(
    {
      description: '',
      endpoint,
      inputs: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
      steps: [
        { id: 'first', tool: 'sample__echo', arguments: { message: { $from: '$.inputs.text' } }, idempotent: true },
        { id: 'second', tool: 'sample__echo', arguments: { message: { $from: '$.steps.first.result' } }, idempotent: true },
      ],
      output: { $from: '$.steps.second.result' },
    },
    null,
    2,
  );
}
