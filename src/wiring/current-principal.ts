/**
 * Who a principal is now. A workflow may run for days: what a person or key may do then is asked at each step, not
 * remembered from the moment at which the run began (AZ-16).
 */
import type { KeySpec } from '../model/key.ts';
import type { People } from '../model/oauth.ts';
import type { Principal } from '../model/principal.ts';

export interface CurrentPrincipalDeps {
  readonly findUser: People['findUser'];
  /** As the configuration has them now. */
  readonly keys: () => Iterable<KeySpec>;
  /** Whether a consent, by its digest, was not withdrawn and is not over. */
  readonly isGrantAlive: (digest: string) => Promise<boolean>;
}

/** Undefined for one who is gone or disabled, or whose key or consent was withdrawn. Rejects with `storage.unavailable` where it cannot be told. */
export type FindCurrentPrincipal = (principal: Principal) => Promise<Principal | undefined>;

const GRANT = 'grant:';
const USER = 'user:';
/** Users of outside issuers: only their tokens say who they are, and what a token said holds for the run that it began. */
const OUTSIDE = 'jwt:';

export function createFindCurrentPrincipal({ findUser, keys, isGrantAlive }: CurrentPrincipalDeps): FindCurrentPrincipal {
  const asUser = async (principal: Principal): Promise<Principal | undefined> => {
    const { id, credentialId } = principal;
    if (id.startsWith(OUTSIDE)) return principal;
    if (credentialId.startsWith(GRANT) && !(await isGrantAlive(credentialId.slice(GRANT.length)))) return undefined;
    // In the admin API a user goes by its own id.
    const user = await findUser(id.startsWith(USER) ? id.slice(USER.length) : id);
    return user === undefined ? undefined : { ...principal, name: user.name, roles: user.roles, groups: user.groups };
  };
  return async (principal) => {
    if (principal.kind === 'user') return asUser(principal);
    if (principal.kind !== 'key') return principal;
    const key = [...keys()].find(({ id }) => id === principal.credentialId);
    return key === undefined ? undefined : { ...principal, name: key.name, labels: key.labels, tools: key.tools };
  };
}
