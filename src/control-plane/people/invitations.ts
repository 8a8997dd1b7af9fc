import { Fault, toFault } from '../../base/fault.ts';
import { toIso } from '../../base/clock.ts';
import { CreateInvitation, DeleteInvitation, type Invitation, ListInvitations } from '../../contract/users.ts';
import { deleteInvitation as deleteStored, listOpenInvitations, type StoredLink } from '../../storage/one-time-links.ts';
import { findUserByEmail } from '../../storage/users.ts';
import { bindChange, bindRead, bindSteps } from '../operation.ts';
import { toStoredEmail } from './email.ts';
import { makeLink, toLinkAddress } from './links.ts';
import { refuseHigher } from './users.ts';

const HOUR_MS = 3_600_000;

export const listInvitations = bindRead(ListInvitations, async ({ db, services }) => ({ items: (await listOpenInvitations(db, services.clock.nowMs())).map(toInvitation) }));

/** The mail leaves once the invitation is there. */
export const createInvitation = bindSteps(CreateInvitation, async ({ body, principal, commit, services }) => {
  const email = body.email === null ? undefined : toStoredEmail(body.email);
  const { stored, token } = await commit(async (tx) => {
    await refuseHigher(tx, principal, [body.role]);
    if (email !== undefined && (await findUserByEmail(tx, email)) !== undefined) throw new Fault('request.conflict', { message: 'There is a user with this e-mail address already.', reason: 'email_taken' });
    const made = await makeLink(tx, { purpose: 'invitation', role: body.role, email, createdBy: principal.id, lifeMs: body.hours * HOUR_MS }, services);
    return { result: made, event: { subject: made.stored.id, detail: { role: body.role, email: email ?? null } } };
  });
  const link = toLinkAddress(services.publicUrl(), token);
  const { sendMail, report } = services.people;
  const isMailed = email !== undefined && sendMail !== undefined;
  if (isMailed) {
    const text = `${principal.name} invites you to MetaMCP.\n\n${link}\n\nThe link works once, until ${toIso(stored.expiresAtMs)}.\n`;
    void sendMail({ to: email, subject: 'Invitation to MetaMCP', text }).catch((thrown: unknown) => report(`an invitation was not sent: ${toFault(thrown).detail ?? toFault(thrown).message}`));
  }
  return { ...toInvitation(stored), link, isMailed };
});

export const deleteInvitation = bindChange(DeleteInvitation, async ({ params, principal, tx }) => {
  const link = await deleteStored(tx, params.id);
  if (link === undefined) throw new Fault('request.not_found', { message: 'There is no open invitation of this id.', reason: 'invitation' });
  await refuseHigher(tx, principal, [link.role ?? 'member']);
  return { answer: toInvitation(link), event: { subject: link.id } };
});

function toInvitation({ id, role, email, createdBy, createdAtMs, expiresAtMs }: StoredLink): Invitation {
  return { id, role: role ?? 'member', email: email ?? null, createdBy, createdAt: toIso(createdAtMs), expiresAt: toIso(expiresAtMs) };
}
