/**
 * Cache: results of tools that only read are given again for a while. By default each principal has its own; a tool
 * counts as reading where its definition says so or the namespace declares it. Policy is asked before, as for any call.
 * Gateways of one instance give each other what they were answered, where they have a store for it.
 */
import { z } from 'zod';
import type { CallContext, CallOutcome, SharedResults } from '../../model/middleware.ts';
import { canonicalJson } from '../../protocol/canonical.ts';
import { RawObject } from '../../protocol/envelope.ts';
import { isObject, type JsonObject } from '../../protocol/messages.ts';
import { META_STALE, metaOf } from '../../protocol/meta.ts';
import { MANIFEST_VERSION, type Manifest } from '../manifest.ts';

const Options = z.strictObject({
  seconds: z.int().min(1).max(3_600).default(60).describe('Results are given again for so long; a server that says less is heeded (ttlMs).'),
  staleSeconds: z.int().min(0).max(86_400).default(0).describe('While the server cannot answer, the last result is given again for so long after its time, marked in _meta as metamcp/stale. 0: never.'),
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
  readonly keptMs: number;
  readonly untilMs: number;
  /** So long it may stand in for an answer that does not come. */
  readonly staleUntilMs: number;
  readonly bytes: number;
}

/** The server did not answer, or could not be asked. */
const AWAY: ReadonlySet<string> = new Set(['upstream.unavailable', 'upstream.timeout', 'upstream.closed']);
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
  create: ({ seconds, staleSeconds, scope, readOnly, bytesMax }, place) => {
    const store = new ResultStore(bytesMax);
    const staleMs = staleSeconds * 1_000;
    const keep = (outcome: CallOutcome, { own, call, nowMs, shared }: Asked): void => {
      const ttlMs = Math.min(seconds * 1000, ttlOf(outcome));
      if (outcome.kind !== 'result' || ttlMs <= 0) return;
      const isShared = scope === 'shared' && outcome.result.member('cacheScope') !== '"private"';
      const key = isShared ? call : own;
      if (key === undefined) return;
      store.keep(key, outcome.result, { nowMs, ttlMs, staleMs });
      if (place !== undefined) shared?.keep(`${place}\n${key}`, { text: outcome.result.text, leftMs: ttlMs });
    };
    /** What another gateway was answered, kept here from now on. */
    const findElsewhere = async ({ own, call, nowMs, shared }: Asked): Promise<RawObject | undefined> => {
      if (place === undefined || shared === undefined) return undefined;
      for (const key of scope === 'shared' ? [own, call] : [own]) {
        const found = key === undefined ? undefined : await shared.find(`${place}\n${key}`);
        if (key === undefined || found === undefined) continue;
        const result = RawObject.fromText(found.text);
        store.keep(key, result, { nowMs, ttlMs: Math.min(found.leftMs, seconds * 1_000), staleMs });
        return result;
      }
      return undefined;
    };
    return {
      around: async (params, next, context) => {
        const clock = context.services?.clock;
        if (clock === undefined || !isCacheable(params, context, readOnly)) return next(params);
        const nowMs = clock.monotonicMs();
        const call = canonicalJson([context.server, context.own, params['arguments'] ?? {}]);
        // Without a principal there is nobody whose own it could be.
        const own = context.principal === undefined ? undefined : `${context.principal}\n${call}`;
        const kept = (own === undefined ? undefined : store.find(own, nowMs)) ?? store.find(call, nowMs);
        if (kept !== undefined && kept.untilMs > nowMs) return { kind: 'result', result: kept.result };
        const asked = { own, call, nowMs, shared: context.services?.sharedResults };
        const elsewhere = await findElsewhere(asked);
        if (elsewhere !== undefined) return { kind: 'result', result: elsewhere };
        const outcome = await next(params);
        if (kept !== undefined && isAway(outcome)) return { kind: 'result', result: markedStale(kept, clock.monotonicMs(), outcome.fault.code) };
        keep(outcome, asked);
        return outcome;
      },
    };
  },
};

/** Keys of a call's result: one's own, and everybody's. */
interface Asked {
  readonly own: string | undefined;
  readonly call: string;
  readonly nowMs: number;
  /** Of all gateways; undefined where each keeps its own. */
  readonly shared: SharedResults | undefined;
}

function isAway(outcome: CallOutcome): outcome is Extract<CallOutcome, { kind: 'fault' }> {
  return outcome.kind === 'fault' && AWAY.has(outcome.fault.code);
}

function markedStale({ result, keptMs }: Kept, nowMs: number, because: string): RawObject {
  return RawObject.of({ ...result.value, _meta: { ...metaOf(result.value), [META_STALE]: { ageMs: Math.round(nowMs - keptMs), because } } });
}

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

  /** Also what may only stand in: `untilMs` tells. */
  find(key: string, nowMs: number): Kept | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || Math.max(kept.untilMs, kept.staleUntilMs) > nowMs) return kept;
    this.#drop(key, kept);
    return undefined;
  }

  keep(key: string, result: RawObject, { nowMs, ttlMs, staleMs }: { readonly nowMs: number; readonly ttlMs: number; readonly staleMs: number }): void {
    const bytes = result.byteLength + 2 * key.length;
    if (bytes > this.#bytesMax * SHARE_MAX) return;
    const before = this.#kept.get(key);
    if (before !== undefined) this.#drop(key, before);
    this.#kept.set(key, { result, keptMs: nowMs, untilMs: nowMs + ttlMs, staleUntilMs: staleMs > 0 ? nowMs + ttlMs + staleMs : 0, bytes });
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
