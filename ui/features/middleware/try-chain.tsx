/** The chain as it stands on the page, around a sample call; nothing is sent anywhere. */
import { useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { useChange } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { Form, TextArea, TextField } from '../../components/form.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { pageProblem, parseJsonObject } from '../../components/json-field.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Section } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';
import type { Step } from './step.ts';

type Outcome = AnswerOf<'POST /api/v1/middleware/try'>;
const SAMPLE_RESULT = JSON.stringify({ content: [{ type: 'text', text: 'sample' }] }, null, 2);

export function TryChain({ steps }: { readonly steps: readonly Step[] }) {
  const say = useText();
  const [server, setServer] = useState('sample');
  const [tool, setTool] = useState('sample');
  const [args, setArgs] = useState('{}');
  const [result, setResult] = useState(SAMPLE_RESULT);
  const [wrong, setWrong] = useState<ApiProblem>();
  const [outcome, setOutcome] = useState<Outcome>();
  const attempt = useChange('POST /api/v1/middleware/try', { done: setOutcome, refused: () => setOutcome(undefined) });
  const submit = (): void => {
    const [given, answered] = [parseJsonObject(args), parseJsonObject(result)];
    setWrong(given === undefined || answered === undefined ? pageProblem(say('common.notJsonObject')) : undefined);
    if (given === undefined || answered === undefined) return;
    attempt.run({ body: { middleware: steps.map(({ use, with: options, onFailure, servers, names }) => ({ use, with: { ...options }, ...(onFailure !== undefined && { onFailure }), ...(servers !== undefined && { servers: [...servers] }), ...(names !== undefined && { names: [...names] }) })), server, tool, arguments: { ...given }, result: { ...answered } } });
  };
  return (
    <Section title={say('middleware.try')} lead={say('middleware.tryHelp')}>
      <Form problem={wrong ?? attempt.problem} submit={submit}>
        <div className="grid gap-4 xs:grid-cols-2">
          <TextField label={say('middleware.server')} path="server" value={server} set={setServer} />
          <TextField label={say('middleware.tool')} path="tool" value={tool} set={setTool} />
        </div>
        <TextArea label={say('middleware.arguments')} isMono value={args} set={setArgs} rows={4} />
        <TextArea label={say('middleware.answered')} isMono value={result} set={setResult} rows={4} />
        <div>
          <Button type="submit" look="accent" disabled={steps.length === 0} isBusy={attempt.isRunning}>
            {say('middleware.tryNow')}
          </Button>
        </div>
      </Form>
      {outcome !== undefined && <Came outcome={outcome} />}
    </Section>
  );
}

function Came({ outcome }: { readonly outcome: Outcome }) {
  const say = useText();
  const { fault, failures } = outcome;
  return (
    <div role="status" className="mt-5 grid gap-4">
      {fault !== null && (
        <div className="rounded-lg bg-bad-wash px-4 py-3">
          <p className="font-medium">
            <ForeignText>{fault.message}</ForeignText> <code>{fault.code}</code>
          </p>
          <ForeignText>{fault.detail ?? ''}</ForeignText>
        </div>
      )}
      {failures.map(({ middleware, hook, detail }) => (
        <p key={`${middleware} ${hook}`}>
          <Badge tone="warn">{`${middleware}: ${hook}`}</Badge> <ForeignText>{detail}</ForeignText>
        </p>
      ))}
      <div>
        <p className="mb-1 font-medium">{say('middleware.toServer')}</p>
        {outcome.arguments === null ? <p className="text-soft">{say('middleware.notAsked')}</p> : <JsonView label={say('middleware.toServer')} value={outcome.arguments} />}
      </div>
      {outcome.result !== null && (
        <div>
          <p className="mb-1 font-medium">{say('middleware.toClient')}</p>
          <JsonView label={say('middleware.toClient')} value={outcome.result} />
        </div>
      )}
    </div>
  );
}
