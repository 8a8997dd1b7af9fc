/** Who asked lately: for calls that the gateway makes for somebody whom it knows by id alone. */
import type { Principal } from '../model/principal.ts';
import type { Identified } from './exchange.ts';

const PRINCIPALS_MAX = 10_000;

export class KnownPrincipals {
  readonly #known = new Map<string, Principal>();

  /** Notes who asks, then goes on with `stage`. */
  before<Passed>(stage: (identified: Identified) => Passed): (identified: Identified) => Passed {
    return (identified) => {
      this.note(identified.principal);
      return stage(identified);
    };
  }

  /** Kept in the order of first sight; whoever comes back after being dropped is noted anew. */
  note(principal: Principal): void {
    if (this.#known.get(principal.id) === principal) return;
    this.#known.set(principal.id, principal);
    if (this.#known.size > PRINCIPALS_MAX) this.#dropOldest();
  }

  #dropOldest(): void {
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  find(id: string): Principal | undefined {
    return this.#known.get(id);
  }
}
