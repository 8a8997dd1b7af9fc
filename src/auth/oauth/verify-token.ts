/** Bearer token → user, for one endpoint: our own tokens, or those of the issuer that the endpoint names. */
import { Fault } from '../../base/fault.ts';
import type { EndpointSpec } from '../../model/endpoint.ts';
import { type Principal, userPrincipalId } from '../../model/principal.ts';
import type { VerifyOutsideToken } from './outside-tokens.ts';
import type { OwnTokens } from './own-tokens.ts';
import { ENDPOINT_SCOPE, resourceOf } from './resources.ts';
import type { TokenGrant } from './token-grant.ts';

export interface VerifyTokenDeps {
  readonly issuer: () => string;
  readonly own: OwnTokens;
  readonly outside: VerifyOutsideToken;
}

/** Undefined for a token that is worth nothing there. Throws or rejects with `auth.scope_missing` for one that does not reach that far, `storage.unavailable` or `auth.issuer_unavailable` where it cannot be told. */
export type VerifyToken = (token: string, endpoint: EndpointSpec) => Principal | undefined | Promise<Principal | undefined>;

export function createVerifyToken({ issuer, own, outside }: VerifyTokenDeps): VerifyToken {
  return (token, endpoint) => {
    const { signIn, jwt } = endpoint.auth;
    const resource = resourceOf(issuer(), endpoint.name);
    // A JWT has two dots, ours have none.
    if (token.includes('.')) return jwt === undefined ? undefined : then(outside(token, jwt, resource), (grant) => toPrincipal(grant, jwt.scopes, jwt.groups));
    return signIn === undefined ? undefined : then(own.verify(token, resource), (grant) => toPrincipal(isFor(grant, endpoint) ? grant : undefined, [ENDPOINT_SCOPE], signIn.groups));
  };
}

/** A private endpoint is its owner's, whoever consented to what before. */
function isFor(grant: TokenGrant | undefined, { owner }: EndpointSpec): boolean {
  return owner === undefined || grant?.principalId === userPrincipalId(owner);
}

function then<Value, Result>(value: Value | Promise<Value>, next: (value: Value) => Result): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

function toPrincipal(grant: TokenGrant | undefined, scopes: readonly string[], groups: readonly string[]): Principal | undefined {
  if (grant === undefined) return undefined;
  if (!scopes.every((scope) => grant.scopes.includes(scope))) throw new Fault('auth.scope_missing', { reason: 'insufficient_scope' });
  if (groups.length > 0 && !groups.some((group) => grant.groups.includes(group))) throw new Fault('auth.scope_missing', { reason: 'group_missing' });
  const { principalId: id, credentialId, name, roles, clientId: client } = grant;
  return { kind: 'user', id, credentialId, name, roles, groups: grant.groups, client };
}
