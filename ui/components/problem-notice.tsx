/** What the API refused, why, and what to do about it. The one place where a refusal becomes words. */
import type { ApiProblem } from '../api/problem.ts';
import { type Say, type TextKey, useText } from '../texts/texts.ts';
import { Button } from './button.tsx';
import { ForeignText } from './foreign-text.tsx';
import { Icon } from './icon.tsx';

/** What to do, by code; codes that are not here speak for themselves. */
const ADVICE: Readonly<Record<string, TextKey>> = {
  'page.unreachable': 'problem.unreachable',
  'auth.scope_missing': 'problem.scopeMissing',
  'auth.credential_invalid': 'problem.credentialInvalid',
  'auth.credential_missing': 'problem.credentialMissing',
  'auth.reauthentication_needed': 'problem.reauthenticationNeeded',
  'request.precondition_failed': 'problem.preconditionFailed',
  'request.conflict': 'problem.conflict',
  'request.not_found': 'problem.notFound',
  'request.params_invalid': 'problem.paramsInvalid',
  'config.invalid': 'problem.configInvalid',
  'limit.rate_exceeded': 'problem.rateExceeded',
  'storage.unavailable': 'problem.storageUnavailable',
  'gateway.bug': 'problem.bug',
};

export function adviceFor({ problem, retryAfterSeconds }: ApiProblem, say: Say): string | undefined {
  const key = ADVICE[problem.code];
  return key === undefined ? undefined : say(key, { seconds: retryAfterSeconds ?? 60, request: problem.instance.replace('urn:metamcp:request:', '') });
}

interface ProblemNoticeProps {
  readonly problem: ApiProblem;
  readonly retry?: () => void;
}

export function ProblemNotice({ problem, retry }: ProblemNoticeProps) {
  const say = useText();
  const { title, detail, errors = [], code } = problem.problem;
  const advice = adviceFor(problem, say);
  return (
    <div role="alert" className="flex gap-2.5 rounded-lg border border-bad/30 bg-bad-wash px-3.5 py-2.5">
      <span className="pt-0.5 text-bad">
        <Icon name="warning" />
      </span>
      <div className="min-w-0 flex-1">
        <p className="font-medium">
          <ForeignText>{title}</ForeignText>
        </p>
        {detail !== undefined && <ForeignText className="block">{detail}</ForeignText>}
        {errors.length > 0 && (
          <ul className="mt-1 list-disc pl-5">
            {errors.slice(0, 20).map((error) => (
              <li key={`${error.path} ${error.message}`}>
                <code>{error.path.replace(/^body[.]/, '')}</code> <ForeignText>{error.message}</ForeignText>
              </li>
            ))}
          </ul>
        )}
        {advice !== undefined && <p className="mt-0.5 text-soft">{advice}</p>}
        <p className="mt-0.5 font-mono text-[0.86em] text-soft">{code}</p>
      </div>
      {retry !== undefined && (
        <Button size="small" icon="refresh" onClick={retry}>
          {say('common.retry')}
        </Button>
      )}
    </div>
  );
}
