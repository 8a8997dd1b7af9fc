/** Test cases: calls with what should become of them, decided by the draft. Kept in this browser. */
import { useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { Form, SelectField } from '../../components/form.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { CodeField, type JsonObject, pageProblem } from '../../components/json-field.tsx';
import { Section } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';
import { EffectBadge } from './effect-badge.tsx';

type Outcome = AnswerOf<'POST /api/v1/policies/test'>;

const FIRST = [{ name: 'reading is allowed', facts: { server: 'files', name: 'read_file', risk: 'read-only' }, expect: 'allow' }, { name: 'writing is denied', facts: { server: 'files', name: 'write_file', risk: 'write' }, expect: 'deny' }];

interface CasesTabProps {
  readonly policy: string;
  readonly drafts: Readonly<Record<string, JsonObject>>;
}

export function CasesTab({ policy, drafts }: CasesTabProps) {
  const say = useText();
  const namespaces = useRead('GET /api/v1/namespaces').data?.items ?? [];
  const place = `metamcp.policy-cases.${policy}`;
  const [text, setText] = useState(() => readStored(place) ?? JSON.stringify(FIRST, null, 2));
  const [namespace, setNamespace] = useState('');
  const [wrong, setWrong] = useState<ApiProblem>();
  const [outcome, setOutcome] = useState<Outcome>();
  const test = useChange('POST /api/v1/policies/test', { done: setOutcome, refused: () => setOutcome(undefined) });
  const submit = (): void => {
    const cases = parseList(text);
    setWrong(cases === undefined ? pageProblem(say('policies.notList')) : undefined);
    if (cases === undefined) return;
    store(place, text);
    test.run({ body: { ...(namespace !== '' && { namespace }), policies: toBody(drafts), cases } });
  };
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Section title={say('policies.cases')} lead={say('policies.casesHelp')}>
        <Form problem={wrong ?? test.problem} submit={submit}>
          <CodeField label={say('policies.cases')} value={text} set={setText} />
          <SelectField label={say('policies.together')} help={say('policies.togetherHelp')} value={namespace} set={setNamespace} options={[{ value: '', label: say('policies.alone') }, ...namespaces.map(({ name }) => ({ value: name, label: name }))]} />
          <div>
            <Button type="submit" look="accent" isBusy={test.isRunning}>
              {say('policies.runCases')}
            </Button>
          </div>
        </Form>
      </Section>
      {outcome !== undefined && <Outcomes outcome={outcome} />}
    </div>
  );
}

function Outcomes({ outcome }: { readonly outcome: Outcome }) {
  const say = useText();
  return (
    <Section
      title={say('policies.outcomes')}
      actions={
        <>
          <Badge tone="good">{say('policies.passed', { count: outcome.passed })}</Badge>
          {outcome.failed > 0 && <Badge tone="bad">{say('policies.failed', { count: outcome.failed })}</Badge>}
        </>
      }
    >
      <ul role="status" className="grid gap-2">
        {outcome.outcomes.map(({ name, isPassed, expected, actual }) => (
          <li key={name} className="flex flex-wrap items-center gap-2 border-b border-line pb-2 last:border-b-0">
            <Badge tone={isPassed ? 'good' : 'bad'} hasDot>
              {say(isPassed ? 'policies.pass' : 'policies.fail')}
            </Badge>
            <ForeignText className="font-medium">{name}</ForeignText>
            <span className="ml-auto flex flex-wrap items-center gap-1.5 text-soft">
              {!isPassed && (
                <>
                  <EffectBadge effect={expected.effect} /> →
                </>
              )}
              <EffectBadge effect={actual.effect} /> <code>{actual.rule}</code>
            </span>
          </li>
        ))}
      </ul>
      {outcome.rulesUntried.length > 0 && <p className="mt-3 text-warn">{say('policies.untried', { rules: outcome.rulesUntried.join(', ') })}</p>}
    </Section>
  );
}

/** Bodies of the API are records that may be written to. */
function toBody(drafts: Readonly<Record<string, JsonObject>>): Record<string, Record<string, unknown>> {
  return Object.fromEntries(Object.entries(drafts).map(([name, draft]) => [name, { ...draft }]));
}

function parseList(text: string): Record<string, unknown>[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as Record<string, unknown>[]) : undefined;
  } catch {
    return undefined;
  }
}

function readStored(place: string): string | null {
  try {
    return localStorage.getItem(place);
  } catch {
    return null;
  }
}

function store(place: string, text: string): void {
  try {
    localStorage.setItem(place, text);
  } catch {
    // Where storage is forbidden they last as long as the page.
  }
}
