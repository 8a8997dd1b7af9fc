/** Why a decision is what it is: every rule, in the order of decision, and what of it did not fit. */
import type { CompiledPolicy, CompiledRule, Decision, Effect, PolicyFacts, RulePart } from '../model/policy.ts';
import { evaluate, isClaiming, withClaims } from './evaluate.ts';

export interface RuleExplanation {
  readonly rule: string;
  readonly effect: Effect;
  readonly priority: number;
  readonly isShadow: boolean;
  /** With the labels that were proven, and again with those that the request claims. */
  readonly labels: 'proven' | 'claimed';
  readonly outcome: 'matched' | 'not_matched' | 'failed';
  /** The first requirement that did not hold or failed; undefined where all held. */
  readonly because: string | undefined;
}

export interface Explanation {
  readonly decision: Decision;
  readonly rules: readonly RuleExplanation[];
}

export function explain(policy: CompiledPolicy, facts: PolicyFacts): Explanation {
  const enforced = new Set(policy.enforced.rules.map((rule) => rule.id));
  const all = (policy.shadow ?? policy.enforced).rules;
  const explained = (labels: 'proven' | 'claimed', seen: PolicyFacts): RuleExplanation[] =>
    all.map((rule) => ({ rule: rule.id, effect: rule.effect, priority: rule.priority, isShadow: !enforced.has(rule.id), labels, ...look(rule, seen) }));
  return {
    decision: evaluate(policy, facts),
    rules: [...explained('proven', facts), ...(isClaiming(facts) ? explained('claimed', withClaims(facts, facts.claimed)) : [])],
  };
}

function look(rule: CompiledRule, facts: PolicyFacts): Pick<RuleExplanation, 'outcome' | 'because'> {
  for (const part of [...rule.what, ...rule.others]) {
    try {
      if (!part.holds(facts)) return { outcome: 'not_matched', because: sentence(part, 'does not hold') };
    } catch (thrown) {
      return { outcome: 'failed', because: sentence(part, thrown instanceof Error ? thrown.message : String(thrown)) };
    }
  }
  return { outcome: 'matched', because: undefined };
}

function sentence(part: RulePart, what: string): string {
  return `${part.part}: ${part.text}: ${what}`;
}
