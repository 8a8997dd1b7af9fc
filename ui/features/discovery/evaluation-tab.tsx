/** How well the search finds what it should, on queries whose tools are known. */
import { useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Form } from '../../components/form.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { CodeField, pageProblem } from '../../components/json-field.tsx';
import { Facts, Section } from '../../components/page.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';

type Answer = AnswerOf<'POST /api/v1/endpoints/{name}/evaluation'>;

const FIRST = JSON.stringify([{ query: 'add two numbers', tools: ['sample__add'] }], null, 2);
const FIRST_ROWS = ['1', '3', '5', '10'] as const;

export function EvaluationTab({ endpoint }: { readonly endpoint: string }) {
  const say = useText();
  const [text, setText] = useState(FIRST);
  const [wrong, setWrong] = useState<ApiProblem>();
  const [answer, setAnswer] = useState<Answer>();
  const evaluate = useChange('POST /api/v1/endpoints/{name}/evaluation', { done: setAnswer, refused: () => setAnswer(undefined) });
  const submit = (): void => {
    const cases = parseList(text);
    setWrong(cases === undefined ? pageProblem(say('discovery.notList')) : undefined);
    if (cases !== undefined) evaluate.run({ params: { name: endpoint }, body: { cases: cases as { query: string; tools: string[] }[] } });
  };
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Section title={say('discovery.evaluation')} lead={say('discovery.evaluationHelp')}>
        <Form problem={wrong ?? evaluate.problem} submit={submit}>
          <CodeField label={say('discovery.cases')} value={text} set={setText} />
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

function Measured({ answer: { evaluation } }: { readonly answer: Answer }) {
  const say = useText();
  const formats = useFormats();
  return (
    <Section title={say('discovery.measured')}>
      <div role="status">
        <Facts
          facts={[
            ...FIRST_ROWS.map((rows) => [say('discovery.recall', { rows }), formats.percent(evaluation.recallAt[rows])] as const),
            [say('discovery.hit'), formats.percent(evaluation.hitAt1)],
            [say('discovery.median'), say('discovery.tokens', { text: formats.number(evaluation.tokens.median) })],
          ]}
        />
      </div>
      {evaluation.misses.length > 0 && (
        <>
          <h3 className="mt-4 mb-2 font-semibold">{say('discovery.misses')}</h3>
          <ul className="grid gap-2">
            {evaluation.misses.map(({ query, found }) => (
              <li key={query}>
                <ForeignText className="font-medium">{query}</ForeignText>
                <ForeignText className="block text-soft">{found.length === 0 ? say('discovery.foundNothing') : found.join(', ')}</ForeignText>
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

function parseList(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as unknown[]) : undefined;
  } catch {
    return undefined;
  }
}
