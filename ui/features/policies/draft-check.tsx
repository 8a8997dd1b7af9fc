/** What the gateway would say to a draft, as it is typed: it is asked to decide one call with it. */
import { useEffect, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { type ApiProblem, toProblem } from '../../api/problem.ts';
import { Icon } from '../../components/icon.tsx';
import type { JsonObject } from '../../components/json-field.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { useText } from '../../texts/texts.ts';

const TYPING_MS = 500;

interface DraftCheckProps {
  readonly draft: JsonObject | undefined;
  readonly name: string;
}

export function DraftCheck({ draft, name }: DraftCheckProps) {
  const say = useText();
  const [found, setFound] = useState<{ readonly draft: JsonObject; readonly problem: ApiProblem | undefined }>();
  useEffect(() => {
    if (draft === undefined) return undefined;
    let isGone = false;
    const note = (problem?: ApiProblem): void => void (isGone || setFound({ draft, problem }));
    const timer = window.setTimeout(() => {
      ask('POST /api/v1/policies/test', { body: { policies: { [name]: { ...draft } }, cases: [{ name: 'check', facts: { server: 'any', name: 'any' }, expect: 'allow' }] } }).then(
        () => note(),
        (thrown: unknown) => note(toProblem(thrown)),
      );
    }, TYPING_MS);
    return () => {
      isGone = true;
      window.clearTimeout(timer);
    };
  }, [draft, name]);
  if (draft === undefined) return <p className="text-bad">{say('common.notJsonObject')}</p>;
  if (found === undefined || found.draft !== draft) return <p className="text-soft">{say('policies.checking')}</p>;
  if (found.problem !== undefined) return <ProblemNotice problem={found.problem} />;
  return (
    <p role="status" className="flex items-center gap-1.5 text-good">
      <Icon name="check" /> {say('policies.valid')}
    </p>
  );
}
