/** What policies in shadow mode would have changed, counted, with the latest calls as examples: gone with the process. */
import type { Decision, Effect, Verdict } from '../model/policy.ts';
import type { Resolved } from './exchange.ts';

export interface ShadowSample {
  readonly atMs: number;
  readonly principal: string;
  readonly server: string;
  readonly name: string;
}

export interface ShadowCount {
  readonly namespace: string;
  readonly before: Verdict;
  readonly after: Verdict;
  readonly count: number;
  /** The latest, newest last. */
  readonly samples: readonly ShadowSample[];
}

const COUNTS_MAX = 1_000;
const SAMPLES_MAX = 5;

interface Counted {
  readonly namespace: string;
  readonly before: Verdict;
  readonly after: Verdict;
  count: number;
  readonly samples: ShadowSample[];
}

export class Shadowed {
  readonly #counts = new Map<string, Counted>();
  #asked = 0;

  /** Once for a call, though policy is asked twice. */
  note(resolved: Resolved, decision: Decision): void {
    const { shadow } = decision;
    if (shadow === undefined || noted.has(resolved)) return;
    noted.add(resolved);
    this.#asked++;
    if (shadow.effect === decision.effect) return;
    const { namespace } = resolved.endpoint;
    const key = [namespace.name, decision.effect, decision.rule, shadow.effect, shadow.rule].join('\n');
    let counted = this.#counts.get(key);
    if (counted === undefined) {
      if (this.#counts.size >= COUNTS_MAX) this.#counts.clear();
      const before = { effect: decision.effect satisfies Effect, rule: decision.rule };
      this.#counts.set(key, (counted = { namespace: namespace.name, before, after: shadow, count: 0, samples: [] }));
    }
    counted.count++;
    counted.samples.push({ atMs: resolved.atMs, principal: resolved.principal.id, server: resolved.target.server, name: resolved.target.own });
    if (counted.samples.length > SAMPLES_MAX) counted.samples.shift();
  }

  /** `asked`: calls that policies in shadow mode decided at all. */
  report(): { readonly asked: number; readonly differences: readonly ShadowCount[] } {
    return { asked: this.#asked, differences: [...this.#counts.values()].toSorted((a, b) => b.count - a.count) };
  }
}

/** Calls that were counted. */
const noted = new WeakSet<Resolved>();
