/**
 * A refusal of the command line: what went wrong, and what the person should do next. Both are always there, since an
 * error that does not say how to go on is half an error. It ends the command with exit code 1.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** One sentence in the imperative, e.g. `Start it with: metamcp serve`. */
  readonly advice: string;

  constructor(problem: string, advice: string, cause?: unknown) {
    super(problem, { cause });
    this.advice = advice;
  }
}
