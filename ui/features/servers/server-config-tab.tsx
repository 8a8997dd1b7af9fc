import { useState } from 'react';
import { useMay } from '../../api/me.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Form } from '../../components/form.tsx';
import { CodeField, pageProblem, parseJsonObject } from '../../components/json-field.tsx';
import { notify } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';
import type { Server } from './server-state.tsx';

export function ServerConfigTab({ server }: { readonly server: Server }) {
  const say = useText();
  const before = JSON.stringify(server.config, null, 2);
  const [text, setText] = useState(before);
  const [wrong, setWrong] = useState<ApiProblem>();
  const mayWrite = useMay('server:write') && server.managedBy === null;
  const change = useChange('PUT /api/v1/servers/{name}', { done: () => notify(say('common.saved')), refused: () => undefined });
  const submit = (): void => {
    const config = parseJsonObject(text);
    setWrong(config === undefined ? pageProblem(say('common.notJsonObject')) : undefined);
    if (config !== undefined) change.run({ params: { name: server.name }, body: { config }, ifVersion: server.version });
  };
  return (
    <Form problem={wrong ?? change.problem} submit={submit}>
      {server.managedBy !== null && <p className="text-soft">{say('common.managedBy', { file: server.managedBy })}</p>}
      <CodeField label={say('servers.tab.config')} help={say('servers.configHelp')} value={text} set={setText} isReadOnly={!mayWrite} />
      {mayWrite && (
        <div className="flex gap-2">
          <Button type="submit" look="accent" isBusy={change.isRunning} disabled={text === before}>
            {say('common.save')}
          </Button>
          <Button disabled={text === before} onClick={() => setText(before)}>
            {say('common.discard')}
          </Button>
        </div>
      )}
    </Form>
  );
}
