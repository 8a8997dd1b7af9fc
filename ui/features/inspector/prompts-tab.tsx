import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { useText } from '../../texts/texts.ts';
import { CallCard } from './call-card.tsx';
import { CompletedField } from './completed-field.tsx';
import { ItemList } from './item-list.tsx';
import { type JsonObject, objectsIn, textIn } from '../../mcp/protocol.ts';
import { CallResult } from './result-view.tsx';
import { useCall } from './use-call.ts';
import { useList } from './use-list.ts';

export function PromptsTab() {
  const say = useText();
  const list = useList('prompts/list', 'prompts');
  return <ItemList label={say('inspector.prompts')} list={list} member="name" render={(prompt) => <Prompt prompt={prompt} />} />;
}

function Prompt({ prompt }: { readonly prompt: JsonObject }) {
  const say = useText();
  const name = textIn(prompt, 'name') ?? '';
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const call = useCall();
  const params = { name, arguments: values };
  return (
    <CallCard item={prompt} name={name} what="prompts" values={values} load={(loaded) => setValues(loaded as Record<string, string>)} shown={{ method: 'prompts/get', params }}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          call.run('prompts/get', params);
        }}
      >
        {objectsIn(prompt['arguments']).map((argument) => {
          const key = textIn(argument, 'name') ?? '';
          return <CompletedField key={key} name={key} isRequired={argument['required'] === true} help={textIn(argument, 'description') ?? ''} reference={{ type: 'ref/prompt', name }} values={values} set={(value) => setValues({ ...values, [key]: value })} />;
        })}
        <div>
          <Button type="submit" look="accent" isBusy={call.state.phase === 'running'}>
            {say('inspector.getPrompt')}
          </Button>
        </div>
      </form>
      <CallResult call={call.state} />
    </CallCard>
  );
}
