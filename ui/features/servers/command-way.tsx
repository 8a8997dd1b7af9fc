import { useState } from 'react';
import { Form, TextArea, TextField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';
import { parseCommandLine, proposeName } from './command-line.ts';
import { type Added, useCreateServer } from '../../api/create-server.ts';
import { NamespaceChoice, useFirstNamespace } from './namespace-choice.tsx';

export function CommandWay({ form, added }: { readonly form: string; readonly added: Added }) {
  const say = useText();
  const [line, setLine] = useState('');
  const [given, setGiven] = useState<string>();
  const [chosen, setChosen] = useState<string>();
  const first = useFirstNamespace();
  const create = useCreateServer(added);
  const server = parseCommandLine(line);
  const name = given ?? (server === undefined ? '' : proposeName(server));
  const submit = (): void => {
    if (server !== undefined) create.run({ name, config: { ...server }, namespace: chosen ?? first });
  };
  return (
    <Form id={form} problem={create.problem} submit={submit}>
      <TextArea label={say('servers.command.label')} help={say('servers.command.help')} isMono autoFocus value={line} set={setLine} placeholder="npx -y @modelcontextprotocol/server-everything" />
      <TextField label={say('common.name')} path="name" value={name} set={setGiven} required />
      {server !== undefined && 'command' in server && (
        <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1 rounded-md bg-sunken p-3 font-mono text-[0.93em]">
          <dt className="text-soft">command</dt>
          <dd>{server.command}</dd>
          <dt className="text-soft">args</dt>
          <dd className="wrap-anywhere">{JSON.stringify(server.args)}</dd>
          {Object.keys(server.env).length > 0 && (
            <>
              <dt className="text-soft">env</dt>
              <dd className="wrap-anywhere">{Object.keys(server.env).join(', ')}</dd>
            </>
          )}
        </dl>
      )}
      <NamespaceChoice value={chosen} set={setChosen} />
    </Form>
  );
}
