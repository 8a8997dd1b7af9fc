/**
 * Between the second `admit` and `dispatch`: limits that need to know the call. Rates of tools and servers, turns where
 * only so many may run at a time, and budgets. An endpoint without such limits pays nothing here.
 */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { BudgetLimit, BudgetUnit, ConcurrencyLimit, LimitSpec, LimitTarget, Priority, RateLimit } from '../model/limit.ts';
import { costOf } from '../model/price.ts';
import { isObject } from '../protocol/messages.ts';
import { META_LABELS, metaOf } from '../protocol/meta.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { BucketStore, Shortage } from './buckets.ts';
import { type Budgets, periodEnd } from './budgets.ts';
import { hearLeaving, type Leaving } from './client-leaves.ts';
import type { Admitted } from './exchange.ts';
import { type AddressOf, counterKey, limitFault } from './limit-keys.ts';
import type { NoTurn, Turns } from './turns.ts';

export interface ReserveDeps {
  readonly clock: Clock;
  readonly buckets: BucketStore;
  readonly turns: Turns;
  readonly budgets: Budgets;
  readonly addressOf: AddressOf;
}

/** What must be told when the call has ended. */
export type Settle = (outcome: Outcome) => void;

/** Bytes of a token, as estimates go. */
const BYTES_PER_TOKEN = 4;

/**
 * Undefined where nothing is held; a promise only where one has to wait or tokens are not kept in memory. Throws or
 * rejects with `limit.rate_exceeded`, `limit.overloaded`, `request.cancelled`; then nothing is held.
 */
export function reserve(admitted: Admitted, deps: ReserveDeps): Settle | undefined | Promise<Settle | undefined> {
  const { reservations } = admitted.endpoint;
  if (reservations === undefined) return undefined;
  const target = targetOf(admitted);
  const limits = reservations.of(target);
  return limits.length === 0 ? undefined : hold(admitted, { limits, target }, deps);
}

function targetOf({ target, method }: Admitted): LimitTarget {
  return { server: target.server, as: target.as, tool: method === 'tools/call' ? target.own : undefined };
}

interface Counter<Limit> {
  readonly limit: Limit;
  readonly key: string;
}

async function hold(admitted: Admitted, { limits, target }: { readonly limits: readonly LimitSpec[]; readonly target: LimitTarget }, deps: ReserveDeps): Promise<Settle | undefined> {
  const of = <Kind extends LimitSpec['kind']>(kind: Kind): Counter<Extract<LimitSpec, { kind: Kind }>>[] =>
    limits.filter((limit): limit is Extract<LimitSpec, { kind: Kind }> => limit.kind === kind).map((limit) => ({ limit, key: counterKey(limit, admitted, { target, addressOf: deps.addressOf }) }));
  const budgets = of('budget');
  checkBudgets(budgets, deps);
  const turns = await takeTurns(admitted, of('concurrency'), deps);
  try {
    const rates = of('rate');
    const short = rates.length === 0 ? undefined : deps.buckets.takeAll(rates.map(({ key, limit }) => ({ key, max: limit.max, seconds: limit.seconds })));
    refuseShort(rates, short instanceof Promise ? await short : short);
  } catch (thrown) {
    for (const key of turns) deps.turns.release(key);
    throw thrown;
  }
  spend(budgets, 'calls', 1, deps);
  if (turns.length === 0 && budgets.every(({ limit }) => limit.unit === 'calls')) return undefined;
  return (outcome) => {
    for (const key of turns) deps.turns.release(key);
    settleBudgets(admitted, { budgets, target, outcome }, deps);
  };
}

function checkBudgets(budgets: readonly Counter<BudgetLimit>[], { budgets: kept, clock }: ReserveDeps): void {
  const nowMs = clock.nowMs();
  for (const { limit, key } of budgets) if (kept.used(key, limit, nowMs) >= limit.max) throw limitFault(limit, periodEnd(limit.per, nowMs) - nowMs);
}

function refuseShort(rates: readonly Counter<RateLimit>[], short: Shortage | undefined): void {
  const counter = short && rates[short.index];
  if (counter !== undefined) throw limitFault(counter.limit, short?.waitMs ?? 0);
}

/** One after the other, always in the same order: nobody holds one turn and waits for another that waits for the first. */
async function takeTurns(admitted: Admitted, wanted: readonly Counter<ConcurrencyLimit>[], { turns }: ReserveDeps): Promise<readonly string[]> {
  const held: string[] = [];
  for (const { limit, key } of wanted) {
    const heard: Leaving[] = [];
    const cancelled = (): Promise<void> => {
      const leaving = hearLeaving(admitted);
      heard.push(leaving);
      return leaving.cancelled;
    };
    const taken = turns.take(key, limit, { priority: priorityOf(admitted), cancelled });
    const noTurn = taken instanceof Promise ? await taken : taken;
    for (const leaving of heard) leaving.done();
    if (noTurn === undefined) {
      held.push(key);
      continue;
    }
    for (const one of held) turns.release(one);
    throw noTurnFault(limit, noTurn);
  }
  return held;
}

function noTurnFault(limit: ConcurrencyLimit, noTurn: NoTurn): Fault {
  if (noTurn === 'cancelled') return new Fault('request.cancelled', { effect: 'not_executed', detail: 'while it waited for its turn' });
  return new Fault('limit.overloaded', { reason: noTurn, retryAfterSeconds: Math.max(1, Math.ceil(limit.waitMs / 1000)), detail: `limit ${limit.id}`, data: { limit: limit.id } });
}

/** What the key says, or less where the client says so. */
function priorityOf({ principal, params }: Admitted): Priority {
  if (principal.labels?.priority === 'background') return 'background';
  const claimed = metaOf(params)[META_LABELS];
  return isObject(claimed) && claimed['priority'] === 'background' ? 'background' : 'interactive';
}

function spend(budgets: readonly Counter<BudgetLimit>[], unit: BudgetUnit, amount: number, { budgets: kept, clock }: ReserveDeps): void {
  const nowMs = clock.nowMs();
  for (const { limit, key } of budgets) if (limit.unit === unit) kept.add(key, limit, { amount, nowMs });
}

/** Bytes, tokens and money are known once the answer is there. */
function settleBudgets(admitted: Admitted, { budgets, target, outcome }: { readonly budgets: readonly Counter<BudgetLimit>[]; readonly target: LimitTarget; readonly outcome: Outcome }, deps: ReserveDeps): void {
  if (budgets.every(({ limit }) => limit.unit === 'calls')) return;
  const bytesIn = admitted.rawParams?.byteLength ?? 0;
  const bytesOut = outcome.kind === 'result' ? outcome.result.byteLength : 0;
  spend(budgets, 'bytes', bytesIn + bytesOut, deps);
  spend(budgets, 'tokens', Math.ceil((bytesIn + bytesOut) / BYTES_PER_TOKEN), deps);
  if (!budgets.some(({ limit }) => limit.unit === 'money')) return;
  const money = costOf(admitted.snapshot.prices, { server: target.server, tool: admitted.target.own, bytesIn, bytesOut });
  if (money !== undefined) spend(budgets, 'money', money, deps);
}
