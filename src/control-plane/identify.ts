/** Who asks: credential → administrator. Keys and tokens of MCP clients are worth nothing here. */
import type { FailureThrottle } from '../auth/failure-throttle.ts';
import { isSameToken, OPERATOR } from '../auth/operator-token.ts';
import { Fault } from '../base/fault.ts';
import { PERMISSIONS, type Permission } from '../contract/operation.ts';
import type { Principal } from '../model/principal.ts';

/** A principal and what it may do. */
export interface Administrator {
  readonly principal: Principal;
  /** Asking for one that needs a fresh proof throws `auth.reauthentication_needed` where the proof is old. */
  readonly permissions: ReadonlySet<Permission>;
}

/** One kind of credential. `absent`: the request shows none of this kind; `invalid`: it does, and it is worth nothing. */
export type Authenticate = (headers: Headers, method: string) => Promise<Administrator | 'absent' | 'invalid'>;

const BEARER = /^Bearer +([\x21-\x7e]+)$/i;

/** The operator token as `Authorization: Bearer` (RFC 6750 section 2.1). It may do everything. */
export function operatorTokenAuthenticator(token: string): Authenticate {
  const operator: Administrator = { principal: OPERATOR, permissions: new Set(PERMISSIONS) };
  return async (headers) => {
    const authorization = headers.get('authorization');
    if (authorization === null) return 'absent';
    const shown = BEARER.exec(authorization)?.[1];
    return shown !== undefined && isSameToken(shown, token) ? operator : 'invalid';
  };
}

export interface IdentifyDeps {
  /** Asked in order; the first that knows its kind of credential decides. */
  readonly authenticators: readonly Authenticate[];
  readonly throttle: FailureThrottle;
}

/** Throws `auth.credential_missing`, `auth.credential_invalid`, or `limit.rate_exceeded` after many invalid ones. */
export async function identify({ headers, method }: Pick<Request, 'headers' | 'method'>, address: string, deps: IdentifyDeps): Promise<Administrator> {
  for (const authenticate of deps.authenticators) {
    const answer = await authenticate(headers, method);
    if (answer === 'absent') continue;
    if (answer !== 'invalid') return answer;
    deps.throttle.failed(address);
    throw new Fault('auth.credential_invalid');
  }
  throw new Fault('auth.credential_missing');
}
