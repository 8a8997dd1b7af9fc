/**
 * Cache: results of tools that only read are given again for a while. By default each principal has its own; a tool
 * counts as reading where its definition says so or the namespace declares it. Policy is asked before, as for any call.
 */
import { z } from 'zod';
import type { CallContext, CallOutcome } from '../../model/middleware.ts';
import { canonicalJson } from '../../protocol/canonical.ts';
import type { RawObject } from '../../protocol/envelope.ts';
import { isObject, type JsonObject } from '../../protocol/messages.ts';
import { MANIFEST_VERSION, type Manifest } from '../manifest.ts';

const Options = z.strictObject({
  seconds: z.int().min(1).max(3_600).default(60).describe('Results are given again for so long; a server that says less is heeded (ttlMs).'),
  scope: z.enum(['principal', 'shared']).default('principal').describe('shared: the answer depends on nobody who asks. Results that are private to a server stay per principal.'),
  readOnly: z.boolean().default(false).describe('Declares the covered tools to be reading; without it their definitions must say so (readOnlyHint).'),
  bytesMax: z
    .int()
    .min(1_000)
    .max(1 << 30)
    .default(16 << 20)
    .describe('Of all results together; the oldest go first.'),
});

interface Kept {
  readonly result: RawObject;
  readonly untilMs: number;
  readonly bytes: number;
}

/** Results above this share of the cache are not kept. */
const SHARE_MAX = 1 / 4;

export const cache: Manifest<typeof Options> = {
  manifestVersion: MANIFEST_VERSION,
  name: 'cache',
  version: '1.0.0',
  description: 'Gives results of tools that only read again for a while.',
  options: Options,
  onFailure: 'open',
  resultBytesMax: Number.MAX_SAFE_INTEGER,
  create: ({ seconds, scope, readOnly, bytesMax }) => {
    const store = new ResultStore(bytesMax);
    return {
      around: async (params, next, context) => {
        const nowMs = context.services?.clock.monotonicMs();
        if (nowMs === undefined || !isCacheable(params, context, readOnly)) return next(params);
        const call = canonicalJson([context.server, context.own, params['arguments'] ?? {}]);
        const own = `${context.principal ?? ''}\n${call}`;
        const found = store.find(own, nowMs) ?? store.find(call, nowMs);
        if (found !== undefined) return { kind: 'result', result: found };
        const outcome = await next(params);
        const ttlMs = Math.min(seconds * 1000, ttlOf(outcome));
        if (outcome.kind !== 'result' || ttlMs <= 0) return outcome;
        const isShared = scope === 'shared' && outcome.result.member('cacheScope') !== '"private"';
        // Without a principal there is nobody whose own it could be.
        if (isShared || context.principal !== undefined) store.keep(isShared ? call : own, outcome.result, { nowMs, ttlMs });
        return outcome;
      },
    };
  },
};

/** Calls that are part of something longer are never answered from memory. */
function isCacheable(params: JsonObject, { method, definition }: CallContext, isDeclared: boolean): boolean {
  if (method !== 'tools/call' || ['task', 'inputResponses', 'requestState'].some((key) => params[key] !== undefined)) return false;
  const annotations = definition?.['annotations'];
  return isDeclared || (isObject(annotations) && annotations['readOnlyHint'] === true);
}

/** Failures, questions and tasks are not kept; what a server says of its result holds (2026-07-28, `ttlMs`). */
function ttlOf(outcome: CallOutcome): number {
  if (outcome.kind !== 'result') return 0;
  const { result } = outcome;
  if (result.member('isError') === 'true') return 0;
  const type = result.member('resultType');
  if (type !== undefined && type !== '"complete"') return 0;
  const ttl = Number(result.member('ttlMs') ?? Number.POSITIVE_INFINITY);
  return Number.isNaN(ttl) ? 0 : ttl;
}

/** In the order in which they were kept. */
class ResultStore {
  readonly #kept = new Map<string, Kept>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  find(key: string, nowMs: number): RawObject | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.untilMs > nowMs) return kept?.result;
    this.#drop(key, kept);
    return undefined;
  }

  keep(key: string, result: RawObject, { nowMs, ttlMs }: { readonly nowMs: number; readonly ttlMs: number }): void {
    const bytes = result.byteLength + 2 * key.length;
    if (bytes > this.#bytesMax * SHARE_MAX) return;
    const before = this.#kept.get(key);
    if (before !== undefined) this.#drop(key, before);
    this.#kept.set(key, { result, untilMs: nowMs + ttlMs, bytes });
    this.#bytes += bytes;
    for (const [oldest, kept] of this.#kept) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#drop(oldest, kept);
    }
  }

  #drop(key: string, { bytes }: Kept): void {
    this.#kept.delete(key);
    this.#bytes -= bytes;
  }
}
