/** How members of groups fare: shares of failures in three buckets and latency in doubling steps, both with hysteresis, so that noise does not flip routes. */
import type { HealthBucket } from './group-route.ts';

/** What one call counts against those before it. */
const WEIGHT = 0.2;
const WORSE = [0.3, 0.6] as const;
const BETTER = [0.15, 0.45] as const;
const STEP_MS = 50;
/** A latency must leave its step by so much. */
const STEP_MARGIN = 0.15;
const TOOLS_MAX = 10_000;

interface Fare {
  failures: number;
  bucket: HealthBucket;
  latencyMs: number;
  latencyStep: number;
}

export class MemberHealth {
  readonly #fares = new Map<string, Fare>();

  observe(tool: string, call: { readonly hasFailed: boolean; readonly durationMs: number }): void {
    const fare = this.#fares.get(tool) ?? { failures: 0, bucket: 0, latencyMs: call.durationMs, latencyStep: stepOf(call.durationMs) };
    this.#fares.delete(tool);
    this.#fares.set(tool, fare);
    const [oldest] = this.#fares.keys();
    if (this.#fares.size > TOOLS_MAX && oldest !== undefined) this.#fares.delete(oldest);
    fare.failures += WEIGHT * ((call.hasFailed ? 1 : 0) - fare.failures);
    fare.bucket = nextBucket(fare.bucket, fare.failures);
    if (call.hasFailed) return;
    fare.latencyMs += WEIGHT * (call.durationMs - fare.latencyMs);
    const exact = Math.log2(Math.max(1, fare.latencyMs / STEP_MS));
    if (exact < fare.latencyStep - STEP_MARGIN || exact > fare.latencyStep + 1 + STEP_MARGIN) fare.latencyStep = Math.floor(exact);
  }

  of(tool: string): { readonly health: HealthBucket; readonly latencyStep: number } {
    const fare = this.#fares.get(tool);
    return { health: fare?.bucket ?? 0, latencyStep: fare?.latencyStep ?? 0 };
  }
}

function stepOf(ms: number): number {
  return Math.floor(Math.log2(Math.max(1, ms / STEP_MS)));
}

function nextBucket(bucket: HealthBucket, failures: number): HealthBucket {
  if (failures > WORSE[1] || (bucket === 2 && failures > BETTER[1])) return 2;
  return failures > WORSE[0] || (bucket > 0 && failures > BETTER[0]) ? 1 : 0;
}
