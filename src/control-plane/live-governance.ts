/** What the control plane needs of limits and policies at work. It declares it here; `gateway.ts` fills it in. */
import type { BudgetUnit, LimitSpec } from '../model/limit.ts';
import type { Decision, PolicyFacts, Verdict } from '../model/policy.ts';
import type { PolicyEngineSpec } from '../model/policy-engine.ts';

/** One counter of a limit, as it is now. */
export interface LimitUse {
  readonly limit: LimitSpec;
  /** What it counts: an endpoint, a tool, a server; empty where there is only one. */
  readonly subject: string;
  /** Whom it counts; empty: everybody. */
  readonly identity: string;
  readonly used: number;
  /** Calls that wait for their turn. */
  readonly waiting: number;
  /** Wall clock: when all of it is there again; undefined where only ends of calls say. */
  readonly resetsAtMs: number | undefined;
  readonly unit: BudgetUnit;
}

/** A call that was recorded, with all that its decision was made from. */
export interface RecordedCall {
  readonly facts: PolicyFacts;
  readonly decided: Verdict;
  /** The arguments are those that were decided on; not so where they were not kept, were cut, or had secrets taken out. */
  readonly isExact: boolean;
}

/** Where calls are recorded. */
export interface RecordedCalls {
  /** Oldest first. */
  between(fromMs: number, toMs: number): AsyncIterable<RecordedCall>;
}

export interface ShadowReport {
  /** Calls that policies in shadow mode decided at all. */
  readonly asked: number;
  readonly differences: readonly {
    readonly namespace: string;
    readonly before: Verdict;
    readonly after: Verdict;
    readonly count: number;
    readonly samples: readonly { readonly atMs: number; readonly principal: string; readonly server: string; readonly name: string }[];
  }[];
}

export interface LiveGovernance {
  /** Where the counters of rates are: `fallback` while the shared store is down. */
  store(): 'memory' | 'shared' | 'fallback';
  /** Counters in use. */
  usage(): Promise<readonly LimitUse[]>;
  /** Every counter of a limit, or that of one subject and identity, begins afresh. */
  reset(limitId: string, counter: { readonly subject: string; readonly identity: string } | undefined): Promise<void>;
  shadow(): ShadowReport;
  /** What the engine outside says now. */
  askEngine(spec: PolicyEngineSpec, facts: PolicyFacts): Promise<Decision>;
  /** Undefined where no calls are recorded. */
  readonly recorded: RecordedCalls | undefined;
}
