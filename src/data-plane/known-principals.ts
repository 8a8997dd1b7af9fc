/** Who asked lately: for calls that the gateway makes for somebody whom it knows by id alone. */
import type { Principal } from '../model/principal.ts';
import type { Identified } from './exchange.ts';

const PRINCIPALS_MAX = 10_000;

export class KnownPrincipals {
  readonly #known = new Map<string, Principal>();

  /** Notes who asks, then goes on with `stage`. */
  before<Passed>(stage: (identified: Identified) => Passed): (identified: Identified) => Passed {
    return (identified) => stage(this.#noted(identified));
  }

  /** Kept in the order of first sight; whoever comes back after being dropped is noted anew. */
  #noted(identified: Identified): Identified {
    const { principal } = identified;
    if (this.#known.get(principal.id) === principal) return identified;
    this.#known.set(principal.id, principal);
    if (this.#known.size > PRINCIPALS_MAX) this.#dropOldest();
    return identified;
  }

  #dropOldest(): void {
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  find(id: string): Principal | undefined {
    return this.#known.get(id);
  }
}
