/**
 * Policies of a namespace → one table of decision. Compiled whole: a rule that cannot be compiled refuses the
 * configuration. What of a rule is about the primitive alone is asked once for each primitive and remembered.
 */
import { compileGlob } from '../base/linear-pattern.ts';
import { type ApprovalTerms, type CompiledPolicy, type CompiledRule, EFFECTS, type PolicyFacts, RISKS, type Risk, type RuleTable } from '../model/policy.ts';
import type { PolicyConfig, PolicyRuleConfig } from '../model/policy-config.ts';
import type { PrimitiveKind } from '../model/primitive.ts';
import { compileRule, toDecision } from './compile-rule.ts';
import { expandTemplate } from './templates.ts';

/** Primitives whose rules are remembered; URIs come from clients, so this must end. */
const REMEMBERED_MAX = 20_000;

export interface PolicySource {
  readonly policies: readonly { readonly name: string; readonly config: PolicyConfig }[];
  /** What holds where no rule matches. Any enforced allow rule makes it deny. */
  readonly fallback: 'allow' | 'deny';
  /** By `{as}__{own name}` with `*`. */
  readonly risks: Readonly<Record<string, Risk>>;
}

/** Problems by policy, each at a path inside it. */
export interface PolicyProblem {
  readonly policy: string;
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export type CompiledOrProblems = { readonly policy: CompiledPolicy } | { readonly problems: readonly PolicyProblem[] };

export function compilePolicy(source: PolicySource): CompiledOrProblems {
  const problems: PolicyProblem[] = [];
  const enforced: CompiledRule[] = [];
  const shadow: CompiledRule[] = [];
  for (const { name, config } of source.policies) (config.mode === 'shadow' ? shadow : enforced).push(...compileRules(name, config, problems));
  if (problems.length > 0) return { problems };
  return {
    policy: {
      enforced: toTable(enforced, source.fallback),
      shadow: shadow.length === 0 ? undefined : toTable([...enforced, ...shadow], source.fallback),
      riskOf: compileRisks(source.risks),
    },
  };
}

function compileRules(policy: string, config: PolicyConfig, problems: PolicyProblem[]): CompiledRule[] {
  const expanded = config.use === undefined ? [] : expandTemplate(config.use, config.with ?? {});
  if (typeof expanded === 'string') {
    problems.push({ policy, path: ['use'], message: expanded });
    return [];
  }
  const terms = toTerms(config.approval);
  const compiled: CompiledRule[] = [];
  const ids = new Set<string>();
  const add = (rule: PolicyRuleConfig, id: string, path: readonly (string | number)[]): void => {
    if (ids.has(id)) problems.push({ policy, path: [...path, 'name'], message: 'expected a name that no other rule of this policy has' });
    ids.add(id);
    const result = compileRule(rule, id, terms);
    if (typeof result === 'string') problems.push({ policy, path: [...path, 'when'], message: result });
    else compiled.push(result);
  };
  for (const [index, rule] of expanded.entries()) add(rule, `${policy}/${rule.name ?? `template.${index}`}`, ['use']);
  for (const [index, rule] of config.rules.entries()) add(rule, rule.name === undefined ? `${policy}#${index}` : `${policy}/${rule.name}`, ['rules', index]);
  return compiled;
}

function toTerms(approval: PolicyConfig['approval']): ApprovalTerms | undefined {
  return approval && { users: approval.users, groups: approval.groups, isSelfApprovalAllowed: approval.selfApproval, validMs: approval.minutes * 60_000 };
}

/** By priority, then the strictest first: the order in which rules were written says nothing. */
function toTable(unordered: readonly CompiledRule[], fallback: 'allow' | 'deny'): RuleTable {
  const rules = unordered.toSorted((a, b) => b.priority - a.priority || EFFECTS.indexOf(b.effect) - EFFECTS.indexOf(a.effect) || (a.id < b.id ? -1 : 1));
  const isClosed = fallback === 'deny' || rules.some((rule) => rule.effect === 'allow');
  return {
    rules,
    fallback: toDecision({ effect: isClosed ? 'deny' : 'allow', rule: 'default' }),
    candidates: rememberCandidates(rules),
  };
}

function rememberCandidates(rules: readonly CompiledRule[]): (facts: PolicyFacts) => readonly CompiledRule[] {
  // By server and name, then whatever else tells primitives apart: one text of all of it would have to be made and hashed for each call.
  const known = new Map<string, Map<string, Remembered[]>>();
  let size = 0;
  return (facts) => {
    const { server, primitive, risk, endpoint, namespace, name } = facts;
    const alike = known.get(server)?.get(name) ?? [];
    const remembered = alike.find((one) => one.endpoint === endpoint && one.primitive === primitive && one.risk === risk && one.namespace === namespace);
    if (remembered !== undefined) return remembered.rules;
    const found = rules.filter((rule) => rule.what.every((part) => part.holds(facts)));
    if (++size > REMEMBERED_MAX) {
      known.clear();
      size = 1;
    }
    known.set(server, (known.get(server) ?? new Map<string, Remembered[]>()).set(name, [...alike, { primitive, risk, endpoint, namespace, rules: found }]));
    return found;
  };
}

/** What `what` of a rule can be about, but for the server and the name. */
interface Remembered extends Pick<PolicyFacts, 'primitive' | 'risk' | 'endpoint' | 'namespace'> {
  readonly rules: readonly CompiledRule[];
}

/** Where several labels fit, the strictest holds; tools without any count as destructive, everything else only reads. */
function compileRisks(risks: Readonly<Record<string, Risk>>): CompiledPolicy['riskOf'] {
  const exact = new Map(Object.entries(risks).filter(([key]) => !key.includes('*')));
  const open = Object.entries(risks)
    .filter(([key]) => key.includes('*'))
    .map(([key, risk]) => ({ matches: compileGlob(key), risk }));
  if (exact.size === 0 && open.length === 0) return (primitive) => (primitive === 'tool' ? 'destructive' : 'read-only');
  return (primitive: PrimitiveKind, key: string) => {
    const own = exact.get(key);
    if (own !== undefined) return own;
    const fitting = open.filter(({ matches }) => matches(key)).map(({ risk }) => RISKS.indexOf(risk));
    if (fitting.length > 0) return RISKS[Math.max(...fitting)] ?? 'destructive';
    return primitive === 'tool' ? 'destructive' : 'read-only';
  };
}
