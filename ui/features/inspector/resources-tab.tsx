import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { SwitchField } from '../../components/form.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { notify } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';
import { CallCard } from './call-card.tsx';
import { CompletedField } from './completed-field.tsx';
import { ItemList } from './item-list.tsx';
import { isObject, type JsonObject, textIn } from '../../mcp/protocol.ts';
import { CallResult } from './result-view.tsx';
import { useSession, useSessionState } from './session-context.ts';
import { expand, variablesOf } from './uri-template.ts';
import { useCall } from './use-call.ts';
import { useList } from './use-list.ts';

export function ResourcesTab() {
  const say = useText();
  const list = useList('resources/list', 'resources');
  return <ItemList label={say('inspector.resources')} list={list} member="uri" render={(resource) => <Resource resource={resource} />} />;
}

function Resource({ resource }: { readonly resource: JsonObject }) {
  const say = useText();
  const uri = textIn(resource, 'uri') ?? '';
  const call = useCall();
  return (
    <CallCard item={resource} name={uri} what="resources" values={{}} load={() => call.run('resources/read', { uri })} shown={{ method: 'resources/read', params: { uri } }}>
      <div className="flex flex-wrap items-center gap-4">
        <Button look="accent" isBusy={call.state.phase === 'running'} onClick={() => call.run('resources/read', { uri })}>
          {say('inspector.read')}
        </Button>
        <Watch uri={uri} />
      </div>
      <CallResult call={call.state} />
    </CallCard>
  );
}

function Watch({ uri }: { readonly uri: string }) {
  const say = useText();
  const session = useSession();
  const { watched, notices } = useSessionState();
  const capabilities = session.server['capabilities'];
  const resources = isObject(capabilities) ? capabilities['resources'] : undefined;
  if (!isObject(resources) || resources['subscribe'] !== true) return null;
  const updates = notices.filter(({ message }) => message['method'] === 'notifications/resources/updated' && isObject(message['params']) && message['params']['uri'] === uri).length;
  const isOn = watched.includes(uri);
  const set = (next: boolean): void => {
    session.watch(next ? [...watched, uri] : watched.filter((each) => each !== uri)).catch((thrown: unknown) => notify(String(thrown)));
  };
  return <SwitchField label={say('inspector.watch')} help={updates > 0 ? say('inspector.updates', { count: updates }) : undefined} isOn={isOn} set={set} />;
}

export function TemplatesTab() {
  const say = useText();
  const list = useList('resources/templates/list', 'resourceTemplates');
  return <ItemList label={say('inspector.templates')} list={list} member="uriTemplate" render={(template) => <Template template={template} />} />;
}

function Template({ template }: { readonly template: JsonObject }) {
  const say = useText();
  const text = textIn(template, 'uriTemplate') ?? '';
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const call = useCall();
  const uri = expand(text, values);
  return (
    <CallCard item={template} name={text} what="templates" values={values} load={(loaded) => setValues(loaded as Record<string, string>)} shown={{ method: 'resources/read', params: { uri } }}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          call.run('resources/read', { uri });
        }}
      >
        {variablesOf(text).map((name) => (
          <CompletedField key={name} name={name} isRequired help="" reference={{ type: 'ref/resource', uri: text }} values={values} set={(value) => setValues({ ...values, [name]: value })} />
        ))}
        <p className="font-mono text-[0.93em] text-soft">
          <ForeignText>{uri}</ForeignText>
        </p>
        <div>
          <Button type="submit" look="accent" isBusy={call.state.phase === 'running'}>
            {say('inspector.read')}
          </Button>
        </div>
      </form>
      <CallResult call={call.state} />
    </CallCard>
  );
}
