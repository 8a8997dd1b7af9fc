/**
 * The `auto` discovery mode: the whole list while it is cheap, the search when it is not. What was decided stays until
 * the cost leaves a band around the budget, so a list that hovers there does not break prompt caches at every change.
 * Decided for an endpoint and an authorization, never for a connection: equal requests get equal lists.
 */

export type DiscoveryMode = 'full' | 'search';

/** Below this share of the budget the whole list comes back. */
const RETURN_SHARE = 0.8;
const DECISIONS_MAX = 10_000;

/** `previous` is undefined where nothing was decided yet. */
export function nextDiscoveryMode(previous: DiscoveryMode | undefined, costTokens: number, budgetTokens: number): DiscoveryMode {
  const allowedTokens = previous === 'search' ? budgetTokens * RETURN_SHARE : budgetTokens;
  return costTokens <= allowedTokens ? 'full' : 'search';
}

/** What was last decided, by endpoint and authorization; the oldest decisions are forgotten first. */
export class DiscoveryModes {
  readonly #decided = new Map<string, DiscoveryMode>();

  decide(endpoint: string, authorization: string, cost: { readonly tokens: number; readonly budgetTokens: number }): DiscoveryMode {
    const key = JSON.stringify([endpoint, authorization]);
    const mode = nextDiscoveryMode(this.#decided.get(key), cost.tokens, cost.budgetTokens);
    this.#decided.delete(key);
    this.#decided.set(key, mode);
    if (this.#decided.size > DECISIONS_MAX) {
      const [oldest] = this.#decided.keys();
      if (oldest !== undefined) this.#decided.delete(oldest);
    }
    return mode;
  }
}
