import { useState } from 'react';
import type { ApiProblem } from '../../api/problem.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { Form, TextArea } from '../../components/form.tsx';
import { pageProblem, parseJsonObject } from '../../components/json-field.tsx';
import { useText } from '../../texts/texts.ts';
import type { RegistryEntry } from './shapes.ts';

const FORM = 'resolve-server';
const EXAMPLE = `{
  "name": "io.example/weather",
  "version": "1.2.0",
  "packages": [
    { "registryType": "npm", "identifier": "weather-mcp", "version": "1.2.0" }
  ]
}`;

interface ResolvePanelProps {
  readonly isOpen: boolean;
  readonly close: () => void;
  readonly resolved: (entry: RegistryEntry) => void;
}

export function ResolvePanel({ isOpen, close, resolved }: ResolvePanelProps) {
  const say = useText();
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<ApiProblem>();
  const look = useChange('POST /api/v1/registry/resolve', { done: resolved, refused: () => undefined });
  const submit = (): void => {
    const server = parseJsonObject(text);
    setWrong(server === undefined ? pageProblem(say('common.notJsonObject')) : undefined);
    if (server !== undefined) look.run({ body: { server } });
  };
  const footer = (
    <>
      <Button onClick={close}>{say('common.cancel')}</Button>
      <Button look="accent" type="submit" form={FORM} isBusy={look.isRunning} disabled={text.trim() === ''}>
        {say('orchestrator.look')}
      </Button>
    </>
  );
  return (
    <SidePanel isOpen={isOpen} close={close} title={say('orchestrator.resolve')} description={say('orchestrator.resolveLead')} footer={footer}>
      <Form id={FORM} problem={wrong ?? look.problem} submit={submit}>
        <TextArea label="server.json" isMono autoFocus rows={16} value={text} set={setText} placeholder={EXAMPLE} />
      </Form>
    </SidePanel>
  );
}
