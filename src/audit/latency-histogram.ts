/** Durations in buckets of fixed relative width, as HDR histograms have them: adding is two operations, merging a sum. */

/** Buckets for each doubling. */
const STEPS = 16;
/** From 1/16 ms to more than a day: 4 doublings below a millisecond, 27 above. */
const DOUBLINGS = 31;
const LOWEST_MS = 1 / 16;
const SIZE = STEPS * DOUBLINGS;

export class LatencyHistogram {
  readonly #counts = new Map<number, number>();
  #total = 0;
  #maxMs = 0;

  get total(): number {
    return this.#total;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  add(durationMs: number): void {
    const bucket = bucketOf(durationMs);
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
    this.#total++;
    if (durationMs > this.#maxMs) this.#maxMs = durationMs;
  }

  merge(other: LatencyHistogram): void {
    for (const [bucket, count] of other.#counts) this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    this.#total += other.#total;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  /** The duration that `fraction` of all do not exceed, milliseconds: the upper end of its bucket. Undefined where there are none. */
  quantile(fraction: number): number | undefined {
    if (this.#total === 0) return undefined;
    const wanted = Math.max(1, Math.ceil(fraction * this.#total));
    let seen = 0;
    for (const bucket of [...this.#counts.keys()].sort((a, b) => a - b)) {
      seen += this.#counts.get(bucket) ?? 0;
      if (seen >= wanted) return Math.min(upperEndOf(bucket), this.#maxMs);
    }
    return this.#maxMs;
  }
}

function bucketOf(durationMs: number): number {
  if (!(durationMs > LOWEST_MS)) return 0;
  return Math.min(SIZE - 1, Math.ceil(Math.log2(durationMs / LOWEST_MS) * STEPS));
}

function upperEndOf(bucket: number): number {
  return LOWEST_MS * 2 ** (bucket / STEPS);
}
