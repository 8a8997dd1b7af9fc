/** A principal: who makes a request, once proven. */
import type { Labels } from './policy.ts';

export interface Principal {
  readonly kind: 'anonymous' | 'key' | 'user' | 'operator';
  /** What upstream state is keyed by; never shown to clients. `anonymous` for whoever an open endpoint lets in. */
  readonly id: string;
  /** The credential that proved it: a key's id, a token's id. Sessions are bound to it. */
  readonly credentialId: string;
  /** For people: the key's or user's name. */
  readonly name: string;
  /** Of users: roles in this instance, groups that the sign-in told. */
  readonly roles?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  /** Id of the OAuth client through which a user came. */
  readonly client?: string | undefined;
  /** Of the key or the OAuth client. */
  readonly labels?: Labels | undefined;
  /** Of a key for certain tools only: globs of `{server}__{own name}`, and nothing else of an endpoint. */
  readonly tools?: readonly string[] | undefined;
}

/** Id of the principal that a user is to endpoints and servers. In the admin API a user goes by its own id. */
export function userPrincipalId(userId: string): string {
  return `user:${userId}`;
}

/** Id of the principal that a key is. */
export function keyPrincipalId(keyId: string): string {
  return `key:${keyId}`;
}

export const ANONYMOUS: Principal = { kind: 'anonymous', id: 'anonymous', credentialId: 'anonymous', name: 'anonymous' };
