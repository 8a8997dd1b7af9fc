/** Counts faults, not tests: the last line is `N of 42 as expected`, and what is not is told above it. */
import { writeSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { FAULT_ROWS, type FaultRow } from './fault-list.ts';

interface Ended {
  readonly file: string;
  readonly name: string;
  readonly state: string;
}

export class FaultReporter implements Reporter {
  #lines: readonly string[] = ['0 of 42 as expected'];
  readonly #seed: number;
  readonly #isWhole: boolean;

  /** `isWhole`: all faults are asked for, so that one whose test was not run is a failure too. */
  constructor(seed: number, isWhole: boolean) {
    this.#seed = seed;
    this.#isWhole = isWhole;
  }

  onInit(): void {
    // At exit, so that nothing which vitest itself says comes after it.
    process.once('exit', () => writeSync(1, `${this.#lines.join('\n')}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()].map((test) => ended(module, test)));
    const broken = modules.filter((module) => module.errors().length > 0).map(({ moduleId }) => `${moduleId} could not be run`);
    const judged = FAULT_ROWS.map((row) => ({ row, problem: problemOf(row, tests) }));
    const good = judged.filter(({ problem }) => problem === undefined);
    const simulated = good.flatMap(({ row }) => (row.simulated === undefined ? [] : [`  ${row.id} simulated: ${row.simulated}`]));
    const wrong = judged.flatMap(({ row, problem }) => (problem === undefined ? [] : [`  ${row.id} ${row.what}: ${problem}`]));
    if (unhandled.length > 0 || broken.length > 0 || tests.some(({ state }) => state === 'failed') || (this.#isWhole && wrong.length > 0)) process.exitCode ||= 1;
    const unexpected = unhandled.length > 0 ? [`${unhandled.length} errors outside every test`] : [];
    this.#lines = [...broken, ...unexpected, ...simulated, ...(wrong.length > 0 ? ['not as expected:', ...wrong] : []), `seed ${this.#seed}`, `${good.length} of ${FAULT_ROWS.length} as expected`];
  }
}

function ended(module: TestModule, test: TestCase): Ended {
  return { file: module.moduleId, name: test.fullName, state: test.result().state };
}

/** Why the fault does not count; undefined where it does. */
export function problemOf({ id, elsewhere = [], open }: FaultRow, tests: readonly Ended[]): string | undefined {
  if (open !== undefined) return open;
  const own = tests.filter(({ name }) => name.includes(`[${id}]`));
  const listed = elsewhere.map(([file, name]) => ({ name, found: tests.filter((test) => test.file.endsWith(file) && test.name.includes(name)) }));
  const missing = listed.find(({ found }) => found.length === 0);
  if (missing !== undefined) return `no test "${missing.name}" was run`;
  const all = [...own, ...listed.flatMap(({ found }) => found)];
  if (all.length === 0) return 'no test names it';
  const bad = all.find(({ state }) => state !== 'passed');
  return bad === undefined ? undefined : `"${bad.name}" ${bad.state}`;
}
