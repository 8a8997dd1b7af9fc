/** Trying policies: cases with the decision they should get, and recorded facts under a draft. Pure. */
import type { CompiledPolicy, Effect, PolicyFacts, Verdict } from '../model/policy.ts';
import { type PolicyCase, toFacts } from '../model/policy-case.ts';
import { evaluate } from './evaluate.ts';

export interface CaseOutcome {
  readonly name: string;
  readonly isPassed: boolean;
  readonly expected: { readonly effect: Effect; readonly rule: string | undefined };
  readonly actual: Verdict;
}

export interface CasesReport {
  readonly passed: number;
  readonly failed: number;
  readonly outcomes: readonly CaseOutcome[];
  /** Rules that decided in no case. */
  readonly rulesUntried: readonly string[];
}

export function testPolicy(policy: CompiledPolicy, cases: readonly PolicyCase[]): CasesReport {
  const outcomes = cases.map((tried): CaseOutcome => {
    const { effect, rule } = evaluate(policy, toFacts(tried));
    return {
      name: tried.name,
      isPassed: effect === tried.expect && (tried.rule ?? rule) === rule,
      expected: { effect: tried.expect, rule: tried.rule },
      actual: { effect, rule },
    };
  });
  const passed = outcomes.filter((outcome) => outcome.isPassed).length;
  const tried = new Set(outcomes.map((outcome) => outcome.actual.rule));
  const rulesUntried = policy.enforced.rules.map((rule) => rule.id).filter((id) => !tried.has(id));
  return { passed, failed: outcomes.length - passed, outcomes, rulesUntried };
}

/** What was decided then, on these facts. */
export interface Recorded {
  readonly facts: PolicyFacts;
  readonly decided: Verdict;
}

export interface Difference {
  /** Into what was recorded. */
  readonly index: number;
  readonly facts: PolicyFacts;
  readonly before: Verdict;
  readonly after: Verdict;
}

export interface ReplayReport {
  readonly total: number;
  readonly differences: readonly Difference[];
  /** How many changed from one effect to another, e.g. `allow→deny`. */
  readonly changes: Readonly<Record<string, number>>;
}

/** Which recorded decisions a draft would change. Another rule with the same effect is no difference. */
export function replay(recorded: readonly Recorded[], draft: CompiledPolicy): ReplayReport {
  const differences: Difference[] = [];
  const changes: Record<string, number> = {};
  for (const [index, { facts, decided }] of recorded.entries()) {
    const { effect, rule } = evaluate(draft, facts);
    if (effect === decided.effect) continue;
    differences.push({ index, facts, before: decided, after: { effect, rule } });
    const change = `${decided.effect}→${effect}`;
    changes[change] = (changes[change] ?? 0) + 1;
  }
  return { total: recorded.length, differences, changes };
}
