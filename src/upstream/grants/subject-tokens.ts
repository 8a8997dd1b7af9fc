/**
 * Access tokens that clients showed at our endpoints, for servers where an operator asked for token exchange. In memory,
 * the last one of each principal, and no longer than a short while: whoever calls shows it again.
 */
import type { Clock } from '../../base/clock.ts';

const KEPT_MS = 10 * 60_000;
const KEPT_MAX = 10_000;

export class SubjectTokens {
  readonly #clock: Clock;
  readonly #tokens = new Map<string, { readonly token: string; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  show(principalId: string, token: string): void {
    this.#tokens.delete(principalId);
    this.#tokens.set(principalId, { token, untilMs: this.#clock.monotonicMs() + KEPT_MS });
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > KEPT_MAX && oldest !== undefined) this.#tokens.delete(oldest);
  }

  /** Of whoever came last: describes a server to all. */
  latest(): string | undefined {
    const last = [...this.#tokens.keys()].at(-1);
    return last === undefined ? undefined : this.find(last);
  }

  find(principalId: string): string | undefined {
    const shown = this.#tokens.get(principalId);
    return shown !== undefined && this.#clock.monotonicMs() < shown.untilMs ? shown.token : undefined;
  }
}
