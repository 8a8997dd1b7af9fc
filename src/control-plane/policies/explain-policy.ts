import { Fault } from '../../base/fault.ts';
import { ExplainPolicy } from '../../contract/policies.ts';
import type { InputOf } from '../../contract/operation.ts';
import type { EndpointSpec } from '../../model/endpoint.ts';
import type { Principal } from '../../model/principal.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { compilePolicy } from '../../policy/compile-policy.ts';
import { type Action, decide, factsOf } from '../../policy/decide.ts';
import { explain } from '../../policy/explain.ts';
import { stricter } from '../../policy/evaluate.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { SEPARATOR } from '../../protocol/names.ts';
import { getObject } from '../objects/show-object.ts';
import { bindRead } from '../operation.ts';

type Asked = InputOf<typeof ExplainPolicy>['body'];

const METHODS = { tool: 'tools/call', prompt: 'prompts/get', resource: 'resources/read', resourceTemplate: 'resources/read' } as const;

export const explainPolicy = bindRead(ExplainPolicy, async ({ body, viewer, services }) => {
  getObject(services.objects(), { kind: 'endpoints', name: body.endpoint }, viewer);
  const snapshot = services.snapshot();
  const endpoint = snapshot.endpoints.get(body.endpoint);
  if (endpoint === undefined) throw new Fault('request.not_found', { message: `There is no endpoint named ${JSON.stringify(body.endpoint)}.`, reason: 'endpoints' });
  const { namespace } = endpoint;
  const principal = toPrincipal(body, snapshot);
  const action = toAction(body, endpoint, services.clock.nowMs());
  const facts = factsOf(namespace, principal, action);
  const own = decide(namespace, principal, action);
  const told = namespace.engine === undefined || own.effect === 'deny' ? undefined : await services.governance.askEngine(namespace.engine, facts);
  const decision = told === undefined ? own : stricter(own, told);
  return {
    effect: decision.effect,
    rule: decision.rule,
    reason: decision.reason ?? null,
    factsUsed: [...decision.factsUsed],
    isHidden: decision.effect === 'deny' && decision.isStatic,
    risk: facts.risk,
    shadow: own.shadow ?? null,
    engine: told === undefined ? null : { effect: told.effect, rule: told.rule, reason: told.reason ?? null, decisionId: told.decisionId ?? null },
    rules: explain(namespace.policy ?? OPEN, facts).rules.map(({ because, ...rule }) => ({ ...rule, because: because ?? null })),
  };
});

const compiled = compilePolicy({ policies: [], fallback: 'allow', risks: {} });
if ('problems' in compiled) throw new Error('no rules, no problems');
/** Of a namespace without policies. */
const OPEN = compiled.policy;

function toPrincipal({ key, principal }: Asked, { keys }: Snapshot): Principal {
  if (key === undefined) {
    const { kind, name, id = `${kind}:${name}`, ...rest } = principal ?? { kind: 'key' as const, name: 'someone' };
    return { kind, name, id, credentialId: id, ...rest };
  }
  const found = [...keys.values()].find((candidate) => candidate.name === key || candidate.id === key);
  if (found === undefined) throw new Fault('request.not_found', { message: `There is no key named ${JSON.stringify(key)}.`, reason: 'keys' });
  return { kind: 'key', id: `key:${found.id}`, credentialId: found.id, name: found.name, ...(found.labels === undefined ? {} : { labels: found.labels }) };
}

function toAction({ name, server, primitive, claimed, arguments: given, at }: Asked, { name: endpoint, namespace }: EndpointSpec, nowMs: number): Action {
  const split = name.indexOf(SEPARATOR);
  const as = server ?? name.slice(0, Math.max(split, 0));
  const member = namespace.members.find((candidate) => candidate.as === as || candidate.server === as);
  if (member === undefined) throw new Fault('request.not_found', { message: `The namespace ${namespace.name} has no server ${JSON.stringify(as)}.`, reason: 'servers' });
  const own = server === undefined ? name.slice(split + SEPARATOR.length) : name;
  return { method: METHODS[primitive], endpoint, server: member.server, as: member.as, primitive, name: own, arguments: given as JsonObject, claimed, atMs: at === undefined ? nowMs : Date.parse(at) };
}
