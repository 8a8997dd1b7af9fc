/**
 * Between the second `admit` and `dispatch`: limits that need to know the call. Rates of tools and servers, turns where
 * only so many may run at a time, and budgets. An endpoint without such limits pays nothing here.
 */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { BudgetLimit, BudgetUnit, ConcurrencyLimit, LimitSpec, LimitTarget, Priority, RateLimit, TargetLimits } from '../model/limit.ts';
import { costOf } from '../model/price.ts';
import { isObject } from '../protocol/messages.ts';
import { META_LABELS, metaOf } from '../protocol/meta.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { BucketStore, Shortage } from './buckets.ts';
import { type Budgets, periodEnd } from './budgets.ts';
import { hearLeaving, type Leaving } from './client-leaves.ts';
import type { Admitted } from './exchange.ts';
import { type AddressOf, counterKey, limitFault } from './limit-keys.ts';
import type { NoTurn, TurnStore } from './turns.ts';

export interface ReserveDeps {
  readonly clock: Clock;
  readonly buckets: BucketStore;
  readonly turns: TurnStore;
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
  return limits && hold(admitted, limits, target, deps);
}

function targetOf({ target, method }: Admitted): LimitTarget {
  return { server: target.server, as: target.as, tool: method === 'tools/call' ? target.own : undefined };
}

interface Counter<Limit> {
  readonly limit: Limit;
  readonly key: string;
}

/** What a call is to hold, and is then known to. */
interface Holding {
  readonly admitted: Admitted;
  readonly target: LimitTarget;
  readonly rates: readonly Counter<RateLimit>[];
  readonly concurrency: readonly Counter<ConcurrencyLimit>[];
  readonly budgets: readonly Counter<BudgetLimit>[];
  /** Keys of the turns that were taken. */
  readonly turns: string[];
}

function hold(admitted: Admitted, { rates, concurrency, budgets }: TargetLimits, target: LimitTarget, deps: ReserveDeps): Settle | undefined | Promise<Settle | undefined> {
  const about = { target, addressOf: deps.addressOf };
  const count = <Limit extends LimitSpec>(limit: Limit): Counter<Limit> => ({ limit, key: counterKey(limit, admitted, about) });
  const holding = { admitted, target, rates: rates.map(count), concurrency: concurrency.map(count), budgets: budgets.map(count), turns: [] };
  checkBudgets(holding.budgets, deps);
  const waiting = takeTurns(holding, deps);
  return waiting === undefined ? takeRates(holding, deps) : waiting.then(() => takeRates(holding, deps));
}

function takeRates(holding: Holding, deps: ReserveDeps): Settle | undefined | Promise<Settle | undefined> {
  const { rates } = holding;
  if (rates.length === 0) return held(holding, undefined, deps);
  const short = deps.buckets.takeAll(rates.map(({ key, limit }) => ({ key, max: limit.max, seconds: limit.seconds })));
  if (!(short instanceof Promise)) return held(holding, short, deps);
  return short.then(
    (found) => held(holding, found, deps),
    (thrown: unknown) => {
      releaseAll(holding.turns, deps);
      throw thrown;
    },
  );
}

/** All is taken, or the turns are given back. */
function held(holding: Holding, short: Shortage | undefined, deps: ReserveDeps): Settle | undefined {
  const { rates, budgets, turns } = holding;
  const counter = short && rates[short.index];
  if (counter !== undefined) {
    releaseAll(turns, deps);
    throw limitFault(counter.limit, short?.waitMs ?? 0);
  }
  spend(budgets, 'calls', 1, deps);
  if (turns.length === 0 && budgets.every(({ limit }) => limit.unit === 'calls')) return undefined;
  return (outcome) => {
    releaseAll(turns, deps);
    settleBudgets(holding, outcome, deps);
  };
}

function releaseAll(keys: readonly string[], { turns }: ReserveDeps): void {
  for (const key of keys) turns.release(key);
}

function checkBudgets(budgets: readonly Counter<BudgetLimit>[], { budgets: kept, clock }: ReserveDeps): void {
  const nowMs = clock.nowMs();
  for (const { limit, key } of budgets) if (kept.used(key, limit, nowMs) >= limit.max) throw limitFault(limit, periodEnd(limit.per, nowMs) - nowMs);
}

/** One after the other, always in the same order: nobody holds one turn and waits for another that waits for the first. A promise only where one has to wait. */
function takeTurns(holding: Holding, deps: ReserveDeps): undefined | Promise<undefined> {
  const next = holding.concurrency[holding.turns.length];
  if (next === undefined) return undefined;
  const taken = takeTurn(holding.admitted, next, deps);
  if (taken instanceof Promise) return taken.then((noTurn) => tookTurn(holding, next, noTurn, deps));
  return tookTurn(holding, next, taken, deps);
}

function tookTurn(holding: Holding, { limit, key }: Counter<ConcurrencyLimit>, noTurn: NoTurn | undefined, deps: ReserveDeps): undefined | Promise<undefined> {
  if (noTurn !== undefined) {
    releaseAll(holding.turns, deps);
    throw noTurnFault(limit, noTurn);
  }
  holding.turns.push(key);
  return takeTurns(holding, deps);
}

function takeTurn(admitted: Admitted, { limit, key }: Counter<ConcurrencyLimit>, { turns }: ReserveDeps): undefined | NoTurn | Promise<NoTurn | undefined> {
  let heard: Leaving | undefined;
  const cancelled = (): Promise<void> => (heard ??= hearLeaving(admitted)).cancelled;
  const taken = turns.take(key, limit, { priority: priorityOf(admitted), cancelled });
  return taken instanceof Promise ? taken.finally(() => heard?.done()) : taken;
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
function settleBudgets({ admitted, budgets, target }: Holding, outcome: Outcome, deps: ReserveDeps): void {
  if (budgets.every(({ limit }) => limit.unit === 'calls')) return;
  const bytesIn = admitted.rawParams?.byteLength ?? 0;
  const bytesOut = outcome.kind === 'result' ? outcome.result.byteLength : 0;
  spend(budgets, 'bytes', bytesIn + bytesOut, deps);
  spend(budgets, 'tokens', Math.ceil((bytesIn + bytesOut) / BYTES_PER_TOKEN), deps);
  if (!budgets.some(({ limit }) => limit.unit === 'money')) return;
  const money = costOf(admitted.snapshot.prices, { server: target.server, tool: admitted.target.own, bytesIn, bytesOut });
  if (money !== undefined) spend(budgets, 'money', money, deps);
}
