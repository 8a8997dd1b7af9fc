/** Whose grants at servers are whose: a user's are those of its own principal, of its keys, and of the servers it owns. */
import { type GrantKey, SERVICE } from '../../model/grant.ts';
import { keyPrincipalId, userPrincipalId } from '../../model/principal.ts';
import { listKeys } from '../../storage/keys.ts';
import type { Db } from '../../storage/schema.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import type { Viewer } from '../configuration/visibility.ts';

export interface OwnGrants {
  readonly isOwn: (grant: GrantKey) => boolean;
}

export async function findOwnGrants(db: Db, viewer: Pick<Viewer, 'principalId'>, objects: readonly ConfigObject[]): Promise<OwnGrants> {
  const { principalId } = viewer;
  const keys = (await listKeys(db)).filter(({ owner }) => owner === principalId).map(({ id }) => keyPrincipalId(id));
  const principals = new Set([userPrincipalId(principalId), ...keys]);
  const servers = new Set(objects.filter(({ kind, owner }) => kind === 'servers' && owner === principalId).map(({ name }) => name));
  return { isOwn: ({ server, principal }) => principals.has(principal) || (principal === SERVICE && servers.has(server)) };
}
