/**
 * A problem of a configuration: where it is, and what was expected there. Checks collect all of them and refuse once.
 * No problem quotes a value: it could be a secret.
 */
import { Fault } from '../base/fault.ts';

/** Keys and indexes from the root of the document. */
export type ConfigPath = readonly (string | number)[];

/** Line and column in the source, both from 1. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** Where a path, or the key it ends in, stands in the source; undefined where there is no source (the admin API). */
export type Locate = (path: ConfigPath, part: 'key' | 'value') => SourcePosition | undefined;

export interface ConfigProblem {
  /** Dotted, for people: `servers.search.url`; empty for the document itself. */
  readonly path: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly message: string;
}

/** A problem before it is located. */
export interface ConfigFinding {
  readonly path: ConfigPath;
  /** `key` when the key itself is wrong, not what it holds. */
  readonly part: 'key' | 'value';
  readonly message: string;
}

export function locateFindings(findings: readonly ConfigFinding[], locate: Locate | undefined): ConfigProblem[] {
  return findings.map(({ path, part, message }) => {
    const position = locate?.(path, part);
    return { path: path.join('.'), line: position?.line, column: position?.column, message };
  });
}

/** The fault `config.invalid` with every problem, in `data.problems` and as text in `detail`. */
export function configInvalid(problems: readonly ConfigProblem[]): Fault {
  const ordered = problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  return new Fault('config.invalid', { detail: ordered.map(problemText).join('\n'), data: { problems: ordered } });
}

/** The problems of a `config.invalid` fault; none for any other. */
export function problemsOf(fault: Fault): readonly ConfigProblem[] {
  const problems = fault.data?.['problems'];
  return fault.code === 'config.invalid' && Array.isArray(problems) ? problems : [];
}

/** `line 3, column 5: servers.search.url: expected …` */
export function problemText(problem: ConfigProblem): string {
  const place = problem.line === undefined ? [] : [`line ${problem.line}, column ${problem.column}`];
  const path = problem.path === '' ? [] : [problem.path];
  return [...place, ...path, problem.message].join(': ');
}
