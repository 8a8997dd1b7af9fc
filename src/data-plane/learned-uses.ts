/** What searches learned from the calls that followed, by namespace; renewed for searches now and then, so that answers stay the same in between. */
import type { Clock } from '../base/clock.ts';
import { type LearnedTerms, NOTHING_LEARNED } from '../search/learned-terms.ts';
import { Learning } from '../search/learning.ts';
import type { Decoded } from './exchange.ts';

const RENEWED_MS = 30_000;
const NAMESPACES_MAX = 1_000;

interface Kept {
  readonly learning: Learning;
  frozen: LearnedTerms;
  frozenAtMs: number;
}

type Asking = Pick<Decoded, 'endpoint'>;

export class LearnedUses {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  readonly nothing = NOTHING_LEARNED;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(asking: Asking): Learning {
    return this.#of(asking).learning;
  }

  frozenFor(asking: Asking): LearnedTerms {
    const kept = this.#of(asking);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - kept.frozenAtMs >= RENEWED_MS) Object.assign(kept, { frozen: kept.learning.freeze(), frozenAtMs: nowMs });
    return kept.frozen;
  }

  #of({ endpoint }: Asking): Kept {
    const { name } = endpoint.namespace;
    const known = this.#kept.get(name);
    if (known !== undefined) return known;
    const made: Kept = { learning: new Learning(), frozen: NOTHING_LEARNED, frozenAtMs: Number.NEGATIVE_INFINITY };
    if (this.#kept.size >= NAMESPACES_MAX) this.#kept.clear();
    this.#kept.set(name, made);
    return made;
  }
}
