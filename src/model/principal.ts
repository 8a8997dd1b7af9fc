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
}

export const ANONYMOUS: Principal = { kind: 'anonymous', id: 'anonymous', credentialId: 'anonymous', name: 'anonymous' };
