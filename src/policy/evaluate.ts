/**
 * The decision on facts. Pure, total: whatever fails on the way is a deny. Groups of equal priority are asked from the
 * highest down; in a group deny wins over approve and approve over allow, so no order of writing matters, and another
 * deny can only take away.
 */
import {
  type CompiledPolicy,
  type CompiledRule,
  type Decision,
  EFFECTS,
  type Labels,
  type PolicyFacts,
  type RuleTable,
  type Verdict,
} from '../model/policy.ts';
import { toDecision } from './compile-rule.ts';

export function evaluate(policy: CompiledPolicy, facts: PolicyFacts): Decision {
  const decision = evaluateClaimed(policy.enforced, facts);
  if (policy.shadow === undefined) return decision;
  const { effect, rule } = evaluateClaimed(policy.shadow, facts);
  return { ...decision, shadow: { effect, rule } };
}

/**
 * Labels that a request claims are asked about beside those that were proven, and the stricter answer holds: a claim
 * narrows by construction.
 */
function evaluateClaimed(table: RuleTable, facts: PolicyFacts): Decision {
  const proven = evaluateTable(table, facts);
  if (!isClaiming(facts)) return proven;
  return stricter(proven, evaluateTable(table, withClaims(facts, facts.claimed)));
}

export function isClaiming({ claimed }: PolicyFacts): boolean {
  return claimed?.agent !== undefined || claimed?.stage !== undefined;
}

/** The facts as if the claimed labels were proven. */
export function withClaims(facts: PolicyFacts, claimed: Labels | undefined): PolicyFacts {
  const proven = facts.principal.labels;
  const labels: Labels = { agent: claimed?.agent ?? proven?.agent, stage: claimed?.stage ?? proven?.stage };
  return { ...facts, principal: { ...facts.principal, labels } };
}

/** A denial is static if either is: no argument lifts it. */
export function stricter(left: Decision, right: Decision): Decision {
  if (left.effect === right.effect) return { ...left, isStatic: left.effect === 'deny' ? left.isStatic || right.isStatic : left.isStatic && right.isStatic };
  return EFFECTS.indexOf(left.effect) > EFFECTS.indexOf(right.effect) ? left : right;
}

function evaluateTable(table: RuleTable, facts: PolicyFacts): Decision {
  try {
    const rules = table.candidates(facts);
    let best: CompiledRule | undefined;
    let isConditional = false;
    for (const rule of rules) {
      // Lower priorities are not asked once a higher one has decided.
      if (best !== undefined && rule.priority < best.priority) break;
      isConditional ||= rule.isConditional;
      const matched = outcomeOf(rule, facts);
      if (matched === 'error') return toConditional(errorDecision(rule), rules, table, facts);
      if (!matched) continue;
      if (rule.effect === 'deny') return isConditional ? toConditional(rule.decision, rules, table, facts) : rule.decision;
      best ??= rule;
    }
    const decision = best?.decision ?? table.fallback;
    if (!isConditional) return decision;
    return decision.effect === 'deny' ? toConditional(decision, rules, table, facts) : { ...decision, isStatic: false };
  } catch {
    return toDecision({ effect: 'deny', rule: 'error:engine' });
  }
}

/** Rules of one priority come strictest first, so the first that matches wins; an error denies wherever it is. */
function outcomeOf(rule: CompiledRule, facts: PolicyFacts): boolean | 'error' {
  try {
    for (const part of rule.others) if (!part.holds(facts)) return false;
    return true;
  } catch {
    return 'error';
  }
}

function errorDecision(rule: CompiledRule): Decision {
  return { ...rule.decision, effect: 'deny', isAllowed: false, rule: `error:${rule.id}` };
}

function toConditional(decision: Decision, rules: readonly CompiledRule[], table: RuleTable, facts: PolicyFacts): Decision {
  return { ...decision, isStatic: isAlwaysDenied(rules, table.fallback, facts) };
}

/**
 * Whether every argument and every moment gives a deny. From the highest priority down: a group in which a deny is
 * certain ends the question, one in which something else is possible ends it the other way, any other lets it pass on.
 */
function isAlwaysDenied(rules: readonly CompiledRule[], fallback: Verdict, facts: PolicyFacts): boolean {
  let at = 0;
  while (at < rules.length) {
    const { priority } = rules[at] ?? { priority: 0 };
    let isOpen = false;
    for (let rule = rules[at]; rule !== undefined && rule.priority === priority; rule = rules[++at]) {
      const possible = possibilityOf(rule, facts);
      if (possible === 'denies') return true;
      if (possible !== 'no' && rule.effect !== 'deny') isOpen = true;
    }
    if (isOpen) return false;
  }
  return fallback.effect === 'deny';
}

/** What the rule says of unknown arguments at an unknown moment: nothing, a deny in any case, or perhaps its effect. */
function possibilityOf(rule: CompiledRule, facts: PolicyFacts): 'no' | 'denies' | 'perhaps' {
  try {
    for (const part of rule.others) if (!part.isConditional && !part.holds(facts)) return 'no';
  } catch {
    // The error denies whenever it is reached; with conditions beside it, perhaps never.
    return rule.isConditional ? 'no' : 'denies';
  }
  return rule.effect === 'deny' && !rule.isConditional ? 'denies' : 'perhaps';
}

/** Whether a list hides it: denied whatever the arguments and the time. The answer is the one that a call would get. */
export function isHidden(policy: CompiledPolicy, facts: PolicyFacts): boolean {
  const decision = evaluateClaimed(policy.enforced, facts);
  return decision.effect === 'deny' && decision.isStatic;
}
