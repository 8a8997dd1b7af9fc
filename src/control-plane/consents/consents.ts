/** Consents of users to OAuth clients (CD-07): listed, and taken back with all that came of them. */
import { z } from 'zod';
import { toIso } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { ListConsents, WithdrawConsent } from '../../contract/consents.ts';
import type { OAuthEntity } from '../../model/oauth.ts';
import { deleteOAuthFamily, findOAuthClient, findOAuthEntity, listAllOAuthGrants } from '../../storage/oauth.ts';
import type { Db } from '../../storage/schema.ts';
import type { Viewer } from '../configuration/visibility.ts';
import { bindChange, bindRead } from '../operation.ts';

const GRANT = 'Grant';
/** As oidc-provider writes a grant; scopes by resource. */
const PayloadSchema = z.object({ resources: z.record(z.string(), z.unknown()).default({}) });
const MetadataSchema = z.object({ client_name: z.string().optional() });

export const listConsents = bindRead(ListConsents, async ({ query, db, viewer, services }) => {
  const nowMs = services.clock.nowMs();
  const wanted = query.user === 'me' ? viewer.principalId : query.user;
  const all = (await listAllOAuthGrants(db)).filter((grant) => maySee(viewer, grant) && (wanted === undefined || grant.userId === wanted) && grant.expiresAtMs > nowMs);
  return { items: await Promise.all(all.map((grant) => show(db, grant))) };
});

export const withdrawConsent = bindChange(WithdrawConsent, async ({ params, tx, viewer, services }) => {
  const grant = await findOAuthEntity(tx, GRANT, params.id);
  if (grant === undefined || !maySee(viewer, grant)) throw new Fault('request.not_found', { message: 'There is no consent of this id.', reason: 'consent' });
  if (grant.userId !== viewer.principalId && !viewer.permissions.has('user:write')) throw new Fault('auth.scope_missing', { detail: `${viewer.principalId} lacks user:write` });
  const answer = await show(tx, grant);
  await deleteOAuthFamily(tx, grant.digest);
  return { answer, event: { subject: grant.digest, detail: { user: answer.user, client: answer.client.id } }, after: () => services.consents.withdrawn(grant.digest) };
});

function maySee(viewer: Viewer, { userId }: OAuthEntity): boolean {
  return userId === viewer.principalId || viewer.permissions.has('private:all');
}

async function show(db: Db, { digest, userId = '', clientId = '', payload, expiresAtMs }: OAuthEntity) {
  // A client that is described by a document has no row: its address is its name.
  const registered = await findOAuthClient(db, clientId);
  const name = MetadataSchema.safeParse(registered?.metadata).data?.client_name ?? clientId;
  const { resources } = PayloadSchema.parse(payload);
  return { id: digest, user: userId, client: { id: clientId, name }, resources: Object.keys(resources), expiresAt: toIso(expiresAtMs) };
}
