import { Fault } from '../base/fault.ts';
import type { Decision } from '../model/policy.ts';
import { type Action, decide, decideTask } from '../policy/decide.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import type { Admitted, Resolved } from './exchange.ts';
import { claimedLabels, isAboutTask, primitiveOf } from './policy-action.ts';
import { unknownTarget } from './unknown-target.ts';

/**
 * Stages 6 and 8: refuses what policy does not allow; the only maker of an Admitted. Asked before the middleware, so
 * that none can answer a denied call by itself, and after it, on the arguments that will really be sent.
 *
 * What is denied whatever the arguments is answered like what does not exist, so that a refusal tells nobody what is
 * there. Throws `routing.unknown`, `policy.denied`, `policy.approval_needed`.
 */
export function admit(resolved: Resolved): Admitted {
  const { endpoint, principal, method, target } = resolved;
  const decision = isAboutTask(method) ? decideTask(endpoint.namespace, target.server) : decide(endpoint.namespace, principal, actionOf(resolved));
  Object.assign(resolved, { decision });
  if (!decision.isAllowed) throw refusal(resolved, decision);
  return resolved as Admitted;
}

function actionOf({ method, params, endpoint, target, upstreamParams, atMs }: Resolved): Action {
  const given: JsonObject = isObject(upstreamParams['arguments']) ? upstreamParams['arguments'] : {};
  const { server, as, own } = target;
  return {
    method,
    endpoint: endpoint.name,
    server,
    as,
    primitive: primitiveOf(method, params),
    name: own,
    arguments: given,
    claimed: claimedLabels(params),
    atMs,
  };
}

function refusal({ method, params, target }: Resolved, { effect, rule, reason, isStatic }: Decision): Fault {
  const detail = `rule ${rule} does not allow ${target.server}/${target.own}${reason === undefined ? '' : `: ${reason}`}`;
  if (effect === 'approve') return new Fault('policy.approval_needed', { detail });
  return isStatic ? unknownTarget(method, params, detail) : new Fault('policy.denied', { detail });
}
