/**
 * Policy as the data plane knows it: what a decision is made from, and what it is. Facts are plain JSON, so that they
 * can be recorded and decided again.
 */
import type { JsonObject } from '../protocol/messages.ts';
import type { Priority } from './limit.ts';
import type { PrimitiveKind } from './primitive.ts';

export const EFFECTS = ['allow', 'approve', 'deny'] as const;
/** From least to most strict: `approve` asks a person first. */
export type Effect = (typeof EFFECTS)[number];

export const RISKS = ['read-only', 'write', 'destructive'] as const;
/** What a call may do, as the operator labels it. Unlabelled tools count as destructive: their own hints prove nothing. */
export type Risk = (typeof RISKS)[number];

/** Names that a key or an OAuth client carries. */
export interface Labels {
  readonly agent?: string | undefined;
  readonly stage?: string | undefined;
  /** Where calls queue. */
  readonly priority?: Priority | undefined;
}

/** What is known of who asks. Only what was proven; never what a client says of itself. */
export interface PrincipalFacts {
  readonly kind: 'anonymous' | 'key' | 'user' | 'operator';
  readonly id: string;
  readonly name: string;
  readonly roles?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  /** Id of the OAuth client through which a user came. */
  readonly client?: string | undefined;
  readonly labels?: Labels | undefined;
}

/** One thing that somebody wants to do, or to see in a list (then without arguments). */
export interface PolicyFacts {
  readonly principal: PrincipalFacts;
  /** Labels that the request's `_meta` claims. They can only make the decision stricter. */
  readonly claimed?: Labels | undefined;
  readonly endpoint: string;
  readonly namespace: string;
  /** Configured name of the server, whatever the namespace shows. */
  readonly server: string;
  readonly primitive: PrimitiveKind;
  /** Own name or URI. */
  readonly name: string;
  readonly method: string;
  readonly risk: Risk;
  readonly arguments: JsonObject;
  /** Wall clock, milliseconds since 1970. */
  readonly atMs: number;
}

/** Who may say yes to a call that a rule wants approved, and for how long that holds. */
export interface ApprovalTerms {
  /** Ids, names or e-mail addresses of users, beside operators and administrators. */
  readonly users: readonly string[];
  readonly groups: readonly string[];
  /** Whoever asks may approve it too, once signed in as a person. */
  readonly isSelfApprovalAllowed: boolean;
  /** From the request to the answer, and again from the answer to the call. */
  readonly validMs: number;
}

export const DEFAULT_APPROVAL_TERMS: ApprovalTerms = { users: [], groups: [], isSelfApprovalAllowed: false, validMs: 15 * 60_000 };

export interface Verdict {
  readonly effect: Effect;
  /** `{policy}#{index}` or `{policy}/{rule name}`; `default` where no rule matched; `error:…` where one could not be evaluated. */
  readonly rule: string;
}

export interface Decision extends Verdict {
  /** True for `allow` only. */
  readonly isAllowed: boolean;
  /** For the person who reads the log: the rule's own reason. */
  readonly reason: string | undefined;
  /** Which facts decided, e.g. `server`, `arguments:/amount`, `time`. */
  readonly factsUsed: readonly string[];
  /** No argument and no moment changes this decision. What is denied statically is hidden from lists, and unknown to calls. */
  readonly isStatic: boolean;
  /** What the decision would be if policies in shadow mode were enforced; undefined where there are none. */
  readonly shadow: Verdict | undefined;
  /** An external engine's own id of the decision, for its log. */
  readonly decisionId?: string | undefined;
  /** Of the policy whose rule asks for approval; undefined: the usual ones. */
  readonly approval?: ApprovalTerms | undefined;
}

export type PartName = 'what' | 'who' | 'arguments' | 'time' | 'when';

/** One compiled requirement of a rule. `holds` may throw: whoever asks then denies. */
export interface RulePart {
  readonly part: PartName;
  /** As a person would say it. */
  readonly text: string;
  readonly uses: readonly string[];
  /** Whether arguments or time can change it. */
  readonly isConditional: boolean;
  readonly holds: (facts: PolicyFacts) => boolean;
}

export interface CompiledRule {
  readonly id: string;
  readonly effect: Effect;
  readonly priority: number;
  readonly reason: string | undefined;
  /** About the primitive alone. */
  readonly what: readonly RulePart[];
  readonly others: readonly RulePart[];
  readonly isConditional: boolean;
  /** The decision where this rule decides, `isStatic` aside; made once. */
  readonly decision: Decision;
}

/** Rules in the order of decision, and what holds where none matches. */
export interface RuleTable {
  readonly rules: readonly CompiledRule[];
  readonly fallback: Decision;
  /** The rules that may concern a primitive, by decreasing priority. Remembered: asking again costs one look-up. */
  readonly candidates: (facts: PolicyFacts) => readonly CompiledRule[];
}

export interface CompiledPolicy {
  readonly enforced: RuleTable;
  /** Enforced and shadow rules together; undefined without shadow policies. */
  readonly shadow: RuleTable | undefined;
  /** Operator's label of a primitive. `key` is `{as}__{own name}`. */
  readonly riskOf: (primitive: PrimitiveKind, key: string) => Risk;
}
