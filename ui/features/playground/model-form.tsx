/** Where the model is, which one, and with what key. Without it the playground is off. */
import { useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Form, PasswordField, TextField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';

export type PlaygroundModel = NonNullable<AnswerOf<'GET /api/v1/playground'>['model']>;

interface ModelFormProps {
  readonly model: PlaygroundModel | null;
  readonly done: () => void;
}

export function ModelForm({ model, done }: ModelFormProps) {
  const say = useText();
  const [url, setUrl] = useState(model?.url ?? '');
  const [name, setName] = useState(model?.model ?? '');
  const [key, setKey] = useState('');
  const finished = (): void => {
    notify(say('common.saved'));
    done();
  };
  const set = useChange('PUT /api/v1/playground', { refused: () => undefined, done: finished });
  const clear = useChange('DELETE /api/v1/playground', { done: finished });
  return (
    <Form problem={set.problem} submit={() => set.run({ body: { url: url.trim(), model: name, ...(key !== '' && { key }) } })}>
      <TextField label={say('playground.url')} help={say('playground.urlHelp')} path="url" type="url" isMono required value={url} set={setUrl} placeholder="https://api.openai.com/v1" />
      <TextField label={say('playground.model')} help={say('playground.modelHelp')} path="model" isMono required value={name} set={setName} placeholder="gpt-5-mini" />
      <PasswordField label={say('playground.key')} help={say(model?.hasKey === true ? 'playground.keyKept' : 'playground.keyHelp')} path="key" autoComplete="off" value={key} set={setKey} />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look="accent" isBusy={set.isRunning}>
          {say(model === null ? 'playground.turnOn' : 'common.save')}
        </Button>
        {model !== null && (
          <Button look="danger" isBusy={clear.isRunning} onClick={() => clear.run({})}>
            {say('playground.turnOff')}
          </Button>
        )}
      </div>
    </Form>
  );
}
