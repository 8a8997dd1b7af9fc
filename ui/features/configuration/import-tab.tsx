import { useState } from 'react';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code.tsx';
import { Form, SelectField } from '../../components/form.tsx';
import { CodeField } from '../../components/json-field.tsx';
import { notify } from '../../components/notices.tsx';
import { Section } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';
import { type Plan, PlanView } from './plan-view.tsx';

export function ImportTab() {
  const say = useText();
  const [text, setText] = useState('');
  const [name, setName] = useState('metamcp.yaml');
  const [mode, setMode] = useState<'apply' | 'import'>('import');
  const [plan, setPlan] = useState<Plan>();
  const [keys, setKeys] = useState<readonly { readonly name: string; readonly value: string }[]>([]);
  const look = useChange('POST /api/v1/config/plan', { done: setPlan, refused: () => undefined });
  const apply = useChange('POST /api/v1/config/apply', {
    done: (applied) => {
      notify(say('configuration.applied', { version: applied.version }));
      setPlan(undefined);
      setKeys(applied.keys);
    },
    refused: () => undefined,
  });
  const body = { text, name, mode };
  const edit = (next: string): void => {
    setText(next);
    setPlan(undefined);
  };
  const read = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    setName(file.name);
    edit(await file.text());
  };
  return (
    <Section title={say('configuration.import')} lead={say('configuration.importHelp')}>
      <Form problem={apply.problem ?? look.problem} submit={() => (plan === undefined ? look.run({ body }) : apply.run({ body }))}>
        <div className="flex flex-wrap items-end gap-4">
          <label className="grid gap-1 font-medium">
            {say('configuration.file')}
            <input type="file" accept=".json,.yaml,.yml" className="font-normal" onChange={(event) => void read(event.target.files?.[0])} />
          </label>
          <SelectField
            label={say('configuration.mode')}
            value={mode}
            set={(value) => {
              setMode(value === 'apply' ? 'apply' : 'import');
              setPlan(undefined);
            }}
            options={[
              { value: 'import', label: say('configuration.modes.import') },
              { value: 'apply', label: say('configuration.modes.apply') },
            ]}
          />
        </div>
        <CodeField label={say('configuration.text')} language={name.endsWith('json') ? 'json' : 'yaml'} value={text} set={edit} />
        {plan !== undefined && <PlanView plan={plan} />}
        {keys.map((key) => (
          <CodeBlock key={key.name} text={key.value} label={key.name} />
        ))}
        <div>
          <Button type="submit" look={plan === undefined ? 'plain' : 'accent'} isBusy={look.isRunning || apply.isRunning} disabled={text.trim() === '' || plan?.items.length === 0}>
            {say(plan === undefined ? 'configuration.plan' : 'configuration.apply')}
          </Button>
        </div>
      </Form>
    </Section>
  );
}
