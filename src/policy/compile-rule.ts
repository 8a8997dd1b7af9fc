/** One rule of the configuration as requirements that are quick to ask. */
import { compileGlobs } from '../base/linear-pattern.ts';
import type { ApprovalTerms, CompiledRule, Decision, Effect, PolicyFacts, RulePart } from '../model/policy.ts';
import type { PolicyRuleConfig } from '../model/policy-config.ts';
import { compileBound } from './bounds.ts';
import { compileCondition } from './condition.ts';
import { compileTime } from './time-window.ts';

/** The rule, or a sentence about its condition. */
export function compileRule(rule: PolicyRuleConfig, id: string, approval?: ApprovalTerms): CompiledRule | string {
  const what = whatParts(rule);
  const others = [...whoParts(rule), ...(rule.arguments ?? []).map(compileBound)];
  if (rule.time !== undefined) others.push(compileTime(rule.time));
  if (rule.when !== undefined) {
    const condition = compileCondition(rule.when);
    if (typeof condition === 'string') return condition;
    others.push({ part: 'when', text: rule.when, ...condition });
  }
  const factsUsed = [...new Set([...what, ...others].flatMap((part) => part.uses))];
  return {
    id,
    effect: rule.effect,
    priority: rule.priority,
    reason: rule.reason,
    what,
    others,
    isConditional: others.some((part) => part.isConditional),
    decision: withTerms(toDecision({ effect: rule.effect, rule: id }, rule.reason, factsUsed), approval),
  };
}

function withTerms(decision: Decision, approval: ApprovalTerms | undefined): Decision {
  return decision.effect === 'approve' && approval !== undefined ? { ...decision, approval } : decision;
}

/** A decision that no argument and no moment changes; whoever knows better says so. */
export function toDecision(verdict: { readonly effect: Effect; readonly rule: string }, reason?: string, factsUsed: readonly string[] = []): Decision {
  return { ...verdict, isAllowed: verdict.effect === 'allow', reason, factsUsed, isStatic: true, shadow: undefined };
}

function whatParts({ what }: PolicyRuleConfig): RulePart[] {
  if (what === undefined) return [];
  const parts: RulePart[] = [];
  const add = (use: keyof PolicyFacts & ('endpoint' | 'namespace' | 'server' | 'primitive' | 'name' | 'risk'), globs: readonly string[] | undefined): void => {
    if (globs === undefined) return;
    const test = compileGlobs(globs);
    parts.push({ part: 'what', text: `${use} ${globs.join(' or ')}`, uses: [use], isConditional: false, holds: (facts) => test(facts[use]) });
  };
  add('endpoint', what.endpoints);
  add('namespace', what.namespaces);
  add('server', what.servers);
  add('primitive', what.primitives);
  add('name', what.names);
  add('risk', what.risks);
  return parts;
}

function whoParts({ who }: PolicyRuleConfig): RulePart[] {
  if (who === undefined) return [];
  const parts: RulePart[] = [];
  const add = (use: string, globs: readonly string[] | undefined, valuesOf: (facts: PolicyFacts) => readonly (string | undefined)[]): void => {
    if (globs === undefined) return;
    const test = compileGlobs(globs);
    const holds = (facts: PolicyFacts): boolean => valuesOf(facts).some((value) => value !== undefined && test(value));
    parts.push({ part: 'who', text: `${use} ${globs.join(' or ')}`, uses: [`principal.${use}`], isConditional: false, holds });
  };
  add('kind', who.kinds, ({ principal }) => [principal.kind]);
  add('user', who.users, ({ principal }) => (principal.kind === 'user' ? [principal.name, principal.id] : []));
  add('roles', who.roles, ({ principal }) => principal.roles ?? []);
  add('groups', who.groups, ({ principal }) => principal.groups ?? []);
  add('key', who.keys, ({ principal }) => (principal.kind === 'key' ? [principal.name] : []));
  add('client', who.clients, ({ principal }) => [principal.client]);
  add('labels.agent', who.labels?.agent, ({ principal }) => [principal.labels?.agent]);
  add('labels.stage', who.labels?.stage, ({ principal }) => [principal.labels?.stage]);
  return parts;
}
