import { useState } from 'react';
import { Form, PasswordField, SelectField, TextArea, TextField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';
import { type Added, useCreateServer } from '../../api/create-server.ts';
import { NamespaceChoice, useFirstNamespace } from './namespace-choice.tsx';

type Type = 'stdio' | 'http' | 'sse';

export function FormWay({ form, added }: { readonly form: string; readonly added: Added }) {
  const say = useText();
  const [type, setType] = useState<Type>('stdio');
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [chosen, setChosen] = useState<string>();
  const first = useFirstNamespace();
  const create = useCreateServer(added);
  const field = (name: string) => ({ value: values[name] ?? '', set: (value: string) => setValues({ ...values, [name]: value }), path: name });
  const submit = (): void => create.run({ name: values['name'] ?? '', config: toConfig(type, values), namespace: chosen ?? first });
  return (
    <Form id={form} problem={create.problem} submit={submit}>
      <TextField label={say('common.name')} help={say('servers.form.nameHelp')} autoFocus required {...field('name')} />
      <SelectField
        label={say('servers.type')}
        value={type}
        set={(value) => setType(value as Type)}
        options={[
          { value: 'stdio', label: say('servers.form.stdio') },
          { value: 'http', label: say('servers.form.http') },
          { value: 'sse', label: say('servers.form.sse') },
        ]}
      />
      {type === 'stdio' ? (
        <>
          <TextField label={say('servers.form.command')} isMono required placeholder="npx" {...field('command')} />
          <TextArea label={say('servers.form.args')} help={say('servers.form.argsHelp')} isMono {...field('args')} />
          <TextArea label={say('servers.form.env')} help={say('servers.form.envHelp')} isMono placeholder="API_KEY=${API_KEY}" {...field('env')} />
          <TextField label={say('servers.form.cwd')} isMono {...field('cwd')} />
        </>
      ) : (
        <>
          <TextField label={say('servers.form.url')} type="url" isMono required placeholder="https://mcp.example.com/mcp" {...field('url')} />
          <PasswordField label={say('servers.form.bearerToken')} help={say('servers.form.bearerTokenHelp')} autoComplete="off" {...field('bearerToken')} />
          <TextArea label={say('servers.form.headers')} help={say('servers.form.headersHelp')} isMono placeholder="X-Team: ${TEAM}" {...field('headers')} />
        </>
      )}
      <TextField label={say('common.description')} {...field('description')} />
      <NamespaceChoice value={chosen} set={setChosen} />
    </Form>
  );
}

function toConfig(type: Type, values: Readonly<Record<string, string>>): Record<string, unknown> {
  const { command = '', args = '', env = '', cwd = '', url = '', bearerToken = '', headers = '', description = '' } = values;
  const own = type === 'stdio' ? { command: command.trim(), args: lines(args), env: pairs(env, '='), cwd: cwd.trim() } : { url: url.trim(), bearerToken: bearerToken.trim(), headers: pairs(headers, ':') };
  return Object.fromEntries(Object.entries({ type, ...own, description: description.trim() }).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function pairs(text: string, separator: string): Record<string, string> {
  return Object.fromEntries(lines(text).map((line) => [line.split(separator, 1)[0]?.trim() ?? '', line.slice(line.indexOf(separator) + 1).trim()]));
}
