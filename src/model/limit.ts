/** A limit as the data plane knows it: how often, how many at a time, or how much in a day or month. */

/** Whom a counter belongs to. */
export type LimitIdentity = 'key' | 'user' | 'ip' | 'header';

export const PRIORITIES = ['interactive', 'background'] as const;
/** Who is served first where calls queue. */
export type Priority = (typeof PRIORITIES)[number];

export const BUDGET_UNITS = ['calls', 'bytes', 'tokens', 'money'] as const;
export type BudgetUnit = (typeof BUDGET_UNITS)[number];

export const BUDGET_PERIODS = ['day', 'month'] as const;
/** In UTC. */
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number];

/** A server and one of its primitives, as a namespace shows them. */
export interface LimitTarget {
  readonly server: string;
  readonly as: string;
  /** Own name of the tool; undefined for what is no call of a tool. */
  readonly tool: string | undefined;
}

interface LimitBase {
  /** Where it stands: `endpoint:dev#0`, `namespace:dev#1`, `limit:NAME`. Unique in a snapshot; the counters are kept by it. */
  readonly id: string;
  readonly scope: 'endpoint' | 'client' | 'tool' | 'server';
  /** Undefined: one counter for everybody. */
  readonly by: LimitIdentity | undefined;
  /** Lower case; only where `by` is `header`. */
  readonly header: string | undefined;
  /** Undefined: it counts every request. */
  readonly matches: ((target: LimitTarget) => boolean) | undefined;
  readonly max: number;
}

/** `max` in `seconds`: a full bucket of `max` tokens that refills evenly. */
export interface RateLimit extends LimitBase {
  readonly kind: 'rate';
  readonly seconds: number;
}

/** `max` calls at a time; further ones queue. */
export interface ConcurrencyLimit extends LimitBase {
  readonly kind: 'concurrency';
  readonly queueMax: number;
  readonly waitMs: number;
}

/** `max` of the unit in each day or month. */
export interface BudgetLimit extends LimitBase {
  readonly kind: 'budget';
  readonly unit: BudgetUnit;
  readonly per: BudgetPeriod;
}

export type LimitSpec = RateLimit | ConcurrencyLimit | BudgetLimit;

/** The limits of one target, by how they are taken. */
export interface TargetLimits {
  readonly rates: readonly RateLimit[];
  readonly concurrency: readonly ConcurrencyLimit[];
  readonly budgets: readonly BudgetLimit[];
}

/** What an endpoint's calls are held to once they are admitted. Asking again for the same target costs a look-up. */
export interface Reservations {
  readonly all: readonly LimitSpec[];
  /** Undefined where none is about the target. */
  readonly of: (target: LimitTarget) => TargetLimits | undefined;
}
