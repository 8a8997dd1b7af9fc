/** Policy engines, approvals and limits put together: what the data plane takes, what the admin API shows, and what ends with the gateway. */
import type { Clock } from '../base/clock.ts';
import { newId, type RandomBytes } from '../base/ids.ts';
import type { KeyedDigest } from '../base/keyed-digest.ts';
import { createApprovalsPart, type ApprovalsPart } from './approvals.ts';
import { type ApprovalPages, createApprovalPages } from '../control-plane/approvals/approval-pages.ts';
import type { LiveGovernance, LimitUse, RecordedCalls } from '../control-plane/live-governance.ts';
import { Buckets, type BucketStore } from '../data-plane/buckets.ts';
import { Budgets, periodEnd, periodStart } from '../data-plane/budgets.ts';
import type { DataPlaneDeps } from '../data-plane/data-plane.ts';
import { Engines } from '../data-plane/engines.ts';
import { Shadowed } from '../data-plane/shadowed.ts';
import { Turns, type TurnStore } from '../data-plane/turns.ts';
import type { LimitSpec } from '../model/limit.ts';
import type { People } from '../model/oauth.ts';
import type { PolicyEngineSpec } from '../model/policy-engine.ts';
import type { Engine } from '../policy/engine.ts';
import { createOpaEngine } from '../policy/opa-engine.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { addBudgetUse, deleteBudgetUses, deleteBudgetUsesBefore, listBudgetUses } from '../storage/budget-uses.ts';
import type { Storage } from '../storage/open-storage.ts';
import { query, transact } from '../storage/transaction.ts';
import type { Dialer } from '../upstream/dialer/dialer.ts';
import { createJsonPoster } from '../upstream/dialer/post-json.ts';

/** Budgets are written down so often: so much may be lost where the process dies, and so long may gateways not know of each other. */
const BUDGET_FLUSH_MS = 2_000;
/** Sums of budgets are kept so long after their month. */
const KEPT_MS = 365 * 86_400_000;

export interface GovernanceDeps {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly dialer: Dialer;
  readonly snapshot: () => Snapshot;
  /** Base address for people, without a slash at the end. */
  readonly publicUrl: () => string;
  /** Address of a Valkey or Redis; undefined: counters live in this process. */
  readonly sharedStoreUrl: string | undefined;
  readonly people: People;
  /** Of arguments that wait for approval. */
  readonly digest: KeyedDigest;
  /** For the log. */
  readonly report: (event: string, fields: Readonly<Record<string, string | undefined>>) => void;
  /** Where calls are recorded, for replay. */
  readonly recorded?: RecordedCalls;
}

export interface Governance {
  readonly forDataPlane: Pick<DataPlaneDeps, 'approvals' | 'engines' | 'limits' | 'shadowed'>;
  readonly approvals: ApprovalsPart['live'];
  readonly live: LiveGovernance;
  readonly pages: ApprovalPages;
  /** Writes down what is used of budgets and ends connections. */
  readonly close: () => Promise<void>;
}

/** Rejects with `storage.unavailable`. */
export async function openGovernance(deps: GovernanceDeps): Promise<Governance> {
  const { clock, storage } = deps;
  const poster = createJsonPoster({ clock, dialer: deps.dialer, service: 'policy engine' });
  const createEngine = ({ url, path, timeoutMs }: PolicyEngineSpec): Engine => createOpaEngine({ url, path, timeoutMs, post: poster.post });
  const approvals = createApprovalsPart(deps);
  const counters = await openCounters(deps);
  const budgets = new Budgets({
    load: (sinceMs) => query(storage.db, (db) => listBudgetUses(db, sinceMs)),
    add: (uses) =>
      transact(storage.db, async (tx) => {
        const sums = [];
        for (const use of uses.toSorted((a, b) => (a.key < b.key ? -1 : 1))) sums.push(await addBudgetUse(tx, use));
        return sums;
      }),
    remove: (prefix) => transact(storage.db, (tx) => deleteBudgetUses(tx, prefix)),
  });
  await budgets.load(clock.nowMs());
  await transact(storage.db, (tx) => deleteBudgetUsesBefore(tx, periodStart('month', clock.nowMs() - KEPT_MS)));
  const { turns } = counters;
  const shadowed = new Shadowed();
  const flushing = keepFlushing(budgets, deps);
  const limits = { buckets: counters.store, turns, budgets };
  return {
    forDataPlane: { approvals: approvals.desk, engines: new Engines({ create: createEngine, nowMs: clock.monotonicMs }), limits, shadowed },
    approvals: approvals.live,
    live: {
      store: counters.state,
      usage: () => usageOf(deps, { counters, budgets, turns }),
      reset: async (limitId, counter) => {
        const prefix = counter === undefined ? `${limitId}\n` : `${limitId}\n${counter.subject}\n${counter.identity}\n`;
        await counters.refill(prefix);
        await budgets.reset(prefix);
      },
      shadow: () => shadowed.report(),
      askEngine: (spec, facts) => createEngine(spec).decide(facts),
      recorded: deps.recorded,
    },
    pages: createApprovalPages({ storage, clock, people: deps.people, changed: approvals.live.changed, report: (fault) => deps.report('approval page refused', { code: fault.code, detail: fault.detail }) }),
    close: async () => {
      flushing.stop();
      await flushing.flush();
      await counters.close();
      await poster.close();
    },
  };
}

/** Where the tokens of rates are, and the turns. */
interface Counters {
  readonly store: BucketStore;
  readonly turns: TurnStore;
  readonly state: LiveGovernance['store'];
  readonly left: (key: string, limit: LimitSpec & { readonly kind: 'rate' }) => number | Promise<number>;
  readonly keys: () => readonly string[];
  readonly refill: (prefix: string) => void | Promise<void>;
  readonly close: () => void | Promise<void>;
}

async function openCounters({ sharedStoreUrl, clock, random, report }: GovernanceDeps): Promise<Counters> {
  if (sharedStoreUrl === undefined) {
    const buckets = new Buckets();
    return {
      store: { takeAll: (wanted) => buckets.takeAll(wanted, clock.monotonicMs()) },
      turns: new Turns(clock),
      state: () => 'memory',
      left: (key, limit) => buckets.left(key, limit, clock.monotonicMs()),
      keys: () => buckets.keys(clock.monotonicMs()),
      refill: (prefix) => buckets.refill(prefix),
      close: () => undefined,
    };
  }
  // Loaded only where there is such a store: a start reads less.
  const [{ LimitStore, GONE_MS }, { SharedBuckets }, { SharedTurns }] = await Promise.all([import('../data-plane/limit-store.ts'), import('../data-plane/shared-buckets.ts'), import('../data-plane/shared-turns.ts')]);
  const store = new LimitStore({ url: sharedStoreUrl, clock, gatewayId: newId('gateway', clock, random), report: (isDown, detail) => report(isDown ? 'shared store down: limits are kept here, by share' : 'shared store back', { detail }) });
  const shared = new SharedBuckets(store);
  const turns = new SharedTurns({ store, leaseMs: GONE_MS });
  await store.start();
  return {
    store: shared,
    turns,
    state: () => (store.isDown ? 'fallback' : 'shared'),
    left: (key, limit) => shared.left(key, limit),
    keys: () => shared.keys(),
    refill: (prefix) => shared.refill(prefix),
    close: () => store.close(),
  };
}

function keepFlushing(budgets: Budgets, { clock, report }: GovernanceDeps): { readonly stop: () => void; readonly flush: () => Promise<void> } {
  let stopTimer = (): void => undefined;
  const flush = async (): Promise<void> => {
    try {
      await budgets.flush();
    } catch (thrown) {
      report('budgets are not written down', { detail: String(thrown) });
    }
  };
  const next = (): void => {
    stopTimer = clock.after(BUDGET_FLUSH_MS, () => void flush().then(next));
  };
  next();
  return { stop: () => stopTimer(), flush };
}

interface Parts {
  readonly counters: Counters;
  readonly budgets: Budgets;
  readonly turns: TurnStore;
}

async function usageOf({ snapshot, clock }: GovernanceDeps, { counters, budgets, turns }: Parts): Promise<LimitUse[]> {
  const limits = new Map<string, LimitSpec>();
  for (const { limits: early, reservations } of snapshot().endpoints.values()) for (const limit of [...early, ...(reservations?.all ?? [])]) limits.set(limit.id, limit);
  const nowMs = clock.nowMs();
  const uses: LimitUse[] = [];
  const each = async (keys: readonly string[], use: (limit: LimitSpec, key: string) => Promise<Pick<LimitUse, 'used'> & Partial<LimitUse>> | undefined): Promise<void> => {
    for (const key of keys) {
      const [id = '', subject = '', identity = '', rate = ''] = key.split('\n');
      const limit = limits.get(id);
      // Counters of what the limit was before it was changed.
      if (limit?.kind === 'rate' && rate !== `${limit.max}/${limit.seconds}`) continue;
      const found = limit && (await use(limit, key));
      if (limit !== undefined && found !== undefined) uses.push({ limit, subject, identity, waiting: 0, resetsAtMs: undefined, unit: 'calls', ...found });
    }
  };
  await each(counters.keys(), (limit, key) => (limit.kind === 'rate' ? rateUse(limit, key) : undefined));
  await each(turns.keys(), (limit, key) => {
    const { running, waiting } = turns.state(key);
    return limit.kind === 'concurrency' ? Promise.resolve({ used: running, waiting }) : undefined;
  });
  await each(budgets.keys(), (limit, key) => (limit.kind === 'budget' ? Promise.resolve({ used: budgets.used(key, limit, nowMs), resetsAtMs: periodEnd(limit.per, nowMs), unit: limit.unit }) : undefined));
  return uses;

  async function rateUse(limit: LimitSpec & { readonly kind: 'rate' }, key: string): Promise<Pick<LimitUse, 'used'> & Partial<LimitUse>> {
    const used = limit.max - (await counters.left(key, limit));
    return { used, resetsAtMs: nowMs + (used * limit.seconds * 1_000) / limit.max };
  }
}
