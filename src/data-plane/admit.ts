import { Fault } from '../base/fault.ts';
import type { Decision } from '../model/policy.ts';
import { type Action, decide, decideTask } from '../policy/decide.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import type { Outcome } from '../upstream/upstream.ts';
import { engineFailure, type Engines, isEngineFailure } from './engines.ts';
import type { Admitted, Resolved } from './exchange.ts';
import { claimedLabels, isAboutTask, primitiveOf } from './policy-action.ts';
import { unknownTarget } from './unknown-target.ts';

export interface AdmitDeps {
  /** External engines, for namespaces that have one. */
  readonly engines: Engines;
  /** What becomes of a call that a person must approve: let through, or answered with a question. Undefined: refused. */
  readonly approve: ((resolved: Resolved, decision: Decision) => Promise<Admission>) | undefined;
  /** Policies in shadow mode were asked too. */
  readonly shadowed: (resolved: Resolved, decision: Decision) => void;
}

/** Admitted, or what its client is asked first. */
export type Admission = Admitted | Outcome;

/**
 * Stages 6 and 8: refuses what policy does not allow; the only maker of an Admitted. Asked before the middleware, so
 * that none can answer a denied call by itself, and after it, on the arguments that will really be sent. A promise only
 * where an engine outside or a person is asked.
 *
 * What is denied whatever the arguments is answered like what does not exist, so that a refusal tells nobody what is
 * there. Throws or rejects with `routing.unknown`, `policy.denied`, `policy.approval_needed`.
 */
export function admit(resolved: Resolved, deps: AdmitDeps): Admission | Promise<Admission> {
  const { endpoint, principal, method, target } = resolved;
  const { namespace } = endpoint;
  if (isAboutTask(method)) return conclude(resolved, decideTask(namespace, target.server), deps);
  const action = actionOf(resolved);
  const own = decide(namespace, principal, action);
  if (namespace.engine === undefined || own.effect === 'deny') return conclude(resolved, own, deps);
  return deps.engines.decide(namespace, namespace.engine, { principal, action, own }).then((decision) => conclude(resolved, decision, deps));
}

export function isAdmitted(admission: Admission): admission is Admitted {
  return 'target' in admission;
}

function conclude(resolved: Resolved, decision: Decision, deps: AdmitDeps): Admission | Promise<Admission> {
  Object.assign(resolved, { decision });
  if (decision.shadow !== undefined) deps.shadowed(resolved, decision);
  if (decision.isAllowed) return resolved as Admitted;
  if (decision.effect !== 'approve' || deps.approve === undefined) throw refusal(resolved, decision);
  return deps.approve(resolved, decision);
}

export function actionOf({ method, params, endpoint, target, upstreamParams, atMs }: Resolved): Action {
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

function refusal({ method, params, target }: Resolved, decision: Decision): Fault {
  const { effect, rule, reason, isStatic } = decision;
  if (isEngineFailure(decision)) return engineFailure(decision);
  const detail = `rule ${rule} does not allow ${target.server}/${target.own}${reason === undefined ? '' : `: ${reason}`}`;
  if (effect === 'approve') return new Fault('policy.approval_needed', { detail });
  return isStatic ? unknownTarget(method, params, detail) : new Fault('policy.denied', { detail });
}
