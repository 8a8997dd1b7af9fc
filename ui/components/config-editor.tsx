/** An object as the configuration writes it, to edit whole. */
import { useState } from 'react';
import type { ApiProblem } from '../api/problem.ts';
import { useText } from '../texts/texts.ts';
import { Button } from './button.tsx';
import { Form } from './form.tsx';
import { CodeField, type JsonObject, pageProblem, parseJsonObject } from './json-field.tsx';

interface ConfigEditorProps {
  readonly config: JsonObject;
  /** The file that alone may change it. */
  readonly managedBy: string | null;
  readonly mayWrite: boolean;
  readonly save: (config: Record<string, unknown>) => void;
  readonly isBusy: boolean;
  readonly problem: ApiProblem | undefined;
}

/** Give it the version as `key`: what was saved elsewhere replaces what is shown. */
export function ConfigEditor({ config, managedBy, mayWrite, save, isBusy, problem }: ConfigEditorProps) {
  const say = useText();
  const before = JSON.stringify(config, null, 2);
  const [text, setText] = useState(before);
  const [wrong, setWrong] = useState<ApiProblem>();
  const submit = (): void => {
    const parsed = parseJsonObject(text);
    setWrong(parsed === undefined ? pageProblem(say('common.notJsonObject')) : undefined);
    if (parsed !== undefined) save({ ...parsed });
  };
  return (
    <Form problem={wrong ?? problem} submit={submit}>
      {managedBy !== null && <p className="text-soft">{say('common.managedBy', { file: managedBy })}</p>}
      <CodeField label={say('common.configuration')} help={say('common.configHelp')} value={text} set={setText} isReadOnly={!mayWrite} />
      {mayWrite && (
        <div className="flex gap-2">
          <Button type="submit" look="accent" isBusy={isBusy} disabled={text === before}>
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
