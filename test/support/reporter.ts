/** The last line of a test run: `N passed, N failed` (`, N skipped`), for people and machines that count. */
import { writeSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export class TallyReporter implements Reporter {
  #passed = 0;
  #failed = 0;
  #skipped = 0;
  #hasEnded = false;

  onInit(): void {
    // At exit, so that nothing which vitest itself says comes after it.
    process.once('exit', () => this.#print());
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#hasEnded = true;
    this.#passed = 0;
    this.#skipped = 0;
    // A file that cannot be loaded, or an error outside every test, is a failure too.
    this.#failed = unhandledErrors.length;
    for (const module of modules) {
      this.#failed += module.errors().length;
      for (const test of module.children.allTests()) this.#count(test.result().state);
    }
  }

  #count(state: 'passed' | 'failed' | 'skipped' | 'pending'): void {
    if (state === 'passed') this.#passed += 1;
    else if (state === 'failed') this.#failed += 1;
    else this.#skipped += 1;
  }

  #print(): void {
    if (!this.#hasEnded) this.#failed += 1;
    if (this.#failed > 0 || this.#passed === 0) process.exitCode ||= 1;
    const skipped = this.#skipped > 0 ? `, ${this.#skipped} skipped` : '';
    writeSync(1, `${this.#passed} passed, ${this.#failed} failed${skipped}\n`);
  }
}
