/** A refusal of the admin API as an error. */
import type { Problem } from '../../src/contract/problem.ts';

export type { Problem };

export class ApiProblem extends Error {
  readonly problem: Problem;
  /** After how many seconds it is worth trying again; undefined where nobody knows. */
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: Problem, retryAfterSeconds?: number) {
    super(problem.title);
    this.name = 'ApiProblem';
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A browser that reaches nobody has no problem document; this is the one for it. */
export function unreachable(): ApiProblem {
  return new ApiProblem({
    type: 'about:blank',
    title: 'The gateway does not answer.',
    status: 0,
    instance: '',
    code: 'page.unreachable',
    failedAt: 'gateway',
    isRetryable: true,
  });
}

export function toProblem(thrown: unknown): ApiProblem {
  if (thrown instanceof ApiProblem) return thrown;
  if (thrown instanceof TypeError) return unreachable();
  return new ApiProblem({ ...unreachable().problem, title: thrown instanceof Error ? thrown.message : String(thrown), code: 'page.failed' });
}
