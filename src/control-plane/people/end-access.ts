/** What opens anything for a user outside the admin UI, ended: consents to MCP clients, and grants at servers. */
import type { Grant } from '../../model/grant.ts';
import { keyPrincipalId, userPrincipalId } from '../../model/principal.ts';
import { deleteGrant, listGrantsOf } from '../../storage/grants.ts';
import { deleteOAuthOf } from '../../storage/oauth.ts';
import type { Tx } from '../../storage/schema.ts';
import type { AdminServices } from '../operation.ts';

/** In the transaction; resolves with what is to be done once it is over. */
export async function endConsentsOf(tx: Tx, userId: string, { consents }: Pick<AdminServices, 'consents'>): Promise<() => void> {
  const digests = await deleteOAuthOf(tx, userId);
  return () => {
    for (const digest of digests) consents.withdrawn(digest);
  };
}

/** Gone here with the transaction; its issuers are told afterwards, and nobody waits for them. */
export async function endGrantsOf(tx: Tx, userId: string, keyIds: readonly string[], services: Pick<AdminServices, 'envelope' | 'grants' | 'people'>): Promise<() => void> {
  const grants = await listGrantsOf(tx, services.envelope, [userPrincipalId(userId), ...keyIds.map(keyPrincipalId)]);
  for (const { id } of grants) await deleteGrant(tx, id);
  return () => {
    for (const grant of grants) tellIssuer(grant, services);
  };
}

function tellIssuer(grant: Grant, { grants, people }: Pick<AdminServices, 'grants' | 'people'>): void {
  grants.withdraw(grant).catch((thrown: unknown) => people.report(`grant ${grant.id} of a user who is gone: ${String(thrown)}`));
}
