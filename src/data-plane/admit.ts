import { Fault } from '../base/fault.ts';
import { decide } from '../policy/decide.ts';
import type { Admitted, Resolved } from './exchange.ts';

/**
 * Stages 6 and 8: refuses what policy does not allow; the only maker of an Admitted. Asked before the middleware, so
 * that none can answer a denied call by itself, and after it, on the arguments that will really be sent.
 *
 * What is denied whatever the arguments is answered like what does not exist, so that a refusal tells nobody what is there.
 */
export function admit(resolved: Resolved): Admitted {
  const decision = decide(resolved.endpoint.namespace, resolved.principal, { method: resolved.method, server: resolved.target.server, name: resolved.target.own });
  if (!decision.isAllowed) throw new Fault('routing.unknown', { detail: `rule ${decision.rule} denies ${resolved.target.server}/${resolved.target.own}` });
  return resolved as Admitted;
}
