/** How well the search finds what it should, on queries whose tools are known; and what another configuration would change. */
import { useState } from 'react';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Form, SwitchField } from '../../components/form.tsx';
import { CodeField, pageProblem } from '../../components/json-field.tsx';
import { Section } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';
import { Measured } from './evaluation-figures.tsx';
import { OtherConfiguration } from './other-configuration.tsx';

type Answer = AnswerOf<'POST /api/v1/endpoints/{name}/evaluation'>;

const FIRST = JSON.stringify([{ query: 'add two numbers', tools: ['sample__add'] }], null, 2);

export function EvaluationTab({ endpoint }: { readonly endpoint: string }) {
  const say = useText();
  const mayCompare = useMay('config:read');
  const [text, setText] = useState(FIRST);
  const [isComparing, compare] = useState(false);
  const [other, setOther] = useState('');
  const [wrong, setWrong] = useState<ApiProblem>();
  const [answer, setAnswer] = useState<Answer>();
  const evaluate = useChange('POST /api/v1/endpoints/{name}/evaluation', { done: setAnswer, refused: () => setAnswer(undefined) });
  const submit = (): void => {
    const cases = parseCases(text);
    setWrong(cases === undefined ? pageProblem(say('discovery.notList')) : undefined);
    const against = isComparing && other.trim() !== '' ? { against: { text: other, name: 'metamcp.yaml' } } : {};
    if (cases !== undefined) evaluate.run({ params: { name: endpoint }, body: { cases: cases as { query: string; tools: string[] }[], ...against } });
  };
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Section title={say('discovery.evaluation')} lead={say('discovery.evaluationHelp')}>
        <Form problem={wrong ?? evaluate.problem} submit={submit}>
          <CodeField label={say('discovery.cases')} value={text} set={setText} />
          {mayCompare && <SwitchField label={say('discovery.compare')} help={say('discovery.compareHelp')} isOn={isComparing} set={compare} />}
          {isComparing && <OtherConfiguration text={other} set={setOther} />}
          <div>
            <Button type="submit" look="accent" isBusy={evaluate.isRunning}>
              {say('discovery.evaluate')}
            </Button>
          </div>
        </Form>
      </Section>
      {answer === undefined ? (
        <div className="panel">
          <EmptyState icon="gauge" title={say('discovery.evaluationEmpty')} />
        </div>
      ) : (
        <Measured answer={answer} />
      )}
    </div>
  );
}

/** A JSON list, or a case a line as `metamcp eval` reads them; undefined for what is neither. */
function parseCases(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = text.trimStart().startsWith('[') ? JSON.parse(text) : text.split('\n').flatMap((line): unknown[] => (line.trim() === '' ? [] : [JSON.parse(line)]));
    return Array.isArray(value) ? (value as unknown[]) : undefined;
  } catch {
    return undefined;
  }
}
