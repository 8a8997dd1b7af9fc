/**
 * Policy: may this principal do this action? Pure; the one place that says yes or no. Lists and calls both ask here,
 * so what a client sees and what it may do cannot drift apart.
 *
 * A namespace without policies allows whoever passed the endpoint's authentication (product contract); what its
 * configuration switches off is gone from the catalog before anybody asks.
 */
import type { NamespaceSpec } from '../model/namespace.ts';
import type { Principal } from '../model/principal.ts';

export interface Action {
  readonly method: string;
  readonly server: string;
  /** Own name or URI. */
  readonly name: string;
}

export type Decision = { readonly isAllowed: true } | { readonly isAllowed: false; readonly rule: string };

const ALLOWED: Decision = { isAllowed: true };

export function decide(namespace: NamespaceSpec, _principal: Principal, action: Action): Decision {
  const isMember = namespace.members.some((member) => member.server === action.server);
  return isMember ? ALLOWED : { isAllowed: false, rule: 'not_in_namespace' };
}
