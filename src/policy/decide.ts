/**
 * Policy: may this principal do this action? Pure; the one place that says yes or no. Lists and calls both ask here,
 * so what a client sees and what it may do cannot drift apart.
 *
 * A namespace without policies allows whoever passed the endpoint's authentication (product contract); what its
 * configuration switches off is gone from the catalog before anybody asks.
 */
import { compileGlobs } from '../base/linear-pattern.ts';
import type { NamespaceSpec, PrimitiveKind } from '../model/namespace.ts';
import type { Decision, Labels, PolicyFacts } from '../model/policy.ts';
import type { Principal } from '../model/principal.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { SEPARATOR } from '../protocol/names.ts';
import { toDecision } from './compile-rule.ts';
import { evaluate, isHidden } from './evaluate.ts';

export interface Action {
  readonly method: string;
  readonly endpoint: string;
  readonly server: string;
  /** Under which name the namespace has the server: what risk labels are keyed by. */
  readonly as: string;
  readonly primitive: PrimitiveKind;
  /** Own name or URI. */
  readonly name: string;
  readonly arguments: JsonObject;
  /** Labels that the request claims. */
  readonly claimed: Labels | undefined;
  /** Wall clock, milliseconds. */
  readonly atMs: number;
}

const ALLOWED: Decision = toDecision({ effect: 'allow', rule: 'default' });
const NOT_FOR_KEY: Decision = toDecision({ effect: 'deny', rule: 'not_for_key' });
const NOT_IN_NAMESPACE: Decision = toDecision({ effect: 'deny', rule: 'not_in_namespace' });

export function decide(namespace: NamespaceSpec, principal: Principal, action: Action): Decision {
  if (!isMember(namespace, action.server)) return NOT_IN_NAMESPACE;
  if (!isWithinKey(principal, action)) return NOT_FOR_KEY;
  return namespace.policy === undefined ? ALLOWED : evaluate(namespace.policy, factsOf(namespace, principal, action));
}

/** A task: its server must still be in the namespace. That the principal may, was decided when it made the task. */
export function decideTask(namespace: NamespaceSpec, server: string): Decision {
  return isMember(namespace, server) ? ALLOWED : NOT_IN_NAMESPACE;
}

/** Whether lists leave it out: it is denied whatever the arguments and the time. */
export function isHiddenFrom(namespace: NamespaceSpec, principal: Principal, action: Action): boolean {
  if (!isMember(namespace, action.server) || !isWithinKey(principal, action)) return true;
  return namespace.policy !== undefined && isHidden(namespace.policy, factsOf(namespace, principal, action));
}

/** What the decision is made from, as plain JSON: what a recording keeps. */
export function factsOf(namespace: NamespaceSpec, principal: Principal, action: Action): PolicyFacts {
  const { as, method, endpoint, server, primitive, name, claimed, atMs } = action;
  const risk = namespace.policy?.riskOf(primitive, as + SEPARATOR + name) ?? 'destructive';
  return { principal: whoIs(principal), namespace: namespace.name, risk, method, endpoint, server, primitive, name, arguments: action.arguments, claimed, atMs };
}

const known = new WeakMap<Principal, PolicyFacts['principal']>();

function whoIs(principal: Principal): PolicyFacts['principal'] {
  let who = known.get(principal);
  if (who === undefined) {
    const { credentialId: _, ...rest } = principal;
    known.set(principal, (who = rest));
  }
  return who;
}

function isMember(namespace: NamespaceSpec, server: string): boolean {
  return namespace.members.some((member) => member.server === server);
}

const compiled = new WeakMap<readonly string[], (text: string) => boolean>();

/** A key for certain tools opens these and nothing else (KS-02). */
function isWithinKey({ tools }: Principal, { primitive, as, name }: Action): boolean {
  if (tools === undefined) return true;
  let test = compiled.get(tools);
  if (test === undefined) compiled.set(tools, (test = compileGlobs(tools)));
  return primitive === 'tool' && test(as + SEPARATOR + name);
}
