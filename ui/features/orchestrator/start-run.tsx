import { useState } from 'react';
import type { ApiProblem } from '../../api/problem.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Form } from '../../components/form.tsx';
import { CodeField, pageProblem, parseJsonObject } from '../../components/json-field.tsx';
import { useSetUrl } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import type { Workflow } from './workflows-tab.tsx';

const FORM = 'start-run';

export function StartRun({ workflow, close }: { readonly workflow: Workflow | undefined; readonly close: () => void }) {
  const say = useText();
  const footer = (
    <>
      <Button onClick={close}>{say('common.cancel')}</Button>
      <Button look="accent" type="submit" form={FORM}>
        {say('orchestrator.workflow.start')}
      </Button>
    </>
  );
  return (
    <Dialog isOpen={workflow !== undefined} close={close} title={say('orchestrator.workflow.startOf', { name: workflow?.name ?? '' })} description={say('orchestrator.workflow.startLead')} footer={footer}>
      {workflow !== undefined && <Inputs key={workflow.name} workflow={workflow} />}
    </Dialog>
  );
}

function Inputs({ workflow }: { readonly workflow: Workflow }) {
  const say = useText();
  const setUrl = useSetUrl();
  const [text, setText] = useState(() => JSON.stringify(exampleOf(workflow.definition['inputs']), null, 2));
  const [wrong, setWrong] = useState<ApiProblem>();
  const start = useChange('POST /api/v1/workflows/{name}/runs', { done: ({ id }) => setUrl({ start: undefined, tab: 'runs', run: id }), refused: () => undefined });
  const submit = (): void => {
    const inputs = parseJsonObject(text);
    setWrong(inputs === undefined ? pageProblem(say('common.notJsonObject')) : undefined);
    if (inputs !== undefined && !start.isRunning) start.run({ params: { name: workflow.name }, body: { inputs: { ...inputs } } });
  };
  return (
    <Form id={FORM} problem={wrong ?? start.problem} submit={submit}>
      <CodeField label={say('orchestrator.workflow.inputs')} value={text} set={setText} />
    </Form>
  );
}

const EMPTY: Readonly<Record<string, unknown>> = { string: '', number: 0, integer: 0, boolean: false, array: [], object: {} };

/** Something to begin with, by the schema of the inputs. */
function exampleOf(schema: unknown): Record<string, unknown> {
  if (typeof schema !== 'object' || schema === null || !('properties' in schema) || typeof schema.properties !== 'object' || schema.properties === null) return {};
  return Object.fromEntries(
    Object.entries(schema.properties).map(([name, property]: [string, unknown]) => {
      const shape = typeof property === 'object' && property !== null ? (property as Readonly<Record<string, unknown>>) : {};
      return [name, shape['default'] ?? EMPTY[String(shape['type'])] ?? null];
    }),
  );
}
