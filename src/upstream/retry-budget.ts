/**
 * How often what only reads may be asked again at one server: twice a request, and at most a tenth of all such
 * requests over time, so that a server in trouble does not get three times the load.
 */

export const RETRIES_MAX = 2;
const DELAY_MS = 100;
const TOKENS_MAX = 10;
const TOKENS_PER_READ = 0.1;

export class RetryBudget {
  readonly #random: () => number;
  #tokens = TOKENS_MAX;

  /** `random`: uniform in [0, 1), for jitter. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** After so many milliseconds the read may be sent again; undefined: it may not. `attempt` 0: it is new, and may go at once. */
  take(attempt: number): number | undefined {
    if (attempt === 0) {
      this.#tokens = Math.min(TOKENS_MAX, this.#tokens + TOKENS_PER_READ);
      return 0;
    }
    if (attempt > RETRIES_MAX || this.#tokens < 1) return undefined;
    this.#tokens--;
    return DELAY_MS * 2 ** (attempt - 1) * (0.5 + this.#random());
  }
}
