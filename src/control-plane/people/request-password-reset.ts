import { Fault, toFault } from '../../base/fault.ts';
import { RequestPasswordReset } from '../../contract/sign-in.ts';
import { query } from '../../storage/transaction.ts';
import { findUserByEmail } from '../../storage/users.ts';
import type { Mail } from '../people-services.ts';
import { bindSteps, type StepsRequest } from '../operation.ts';
import { toStoredEmail } from './email.ts';
import { makeLink, toLinkAddress } from './links.ts';

export const RESET_MS = 3_600_000;

/** Sends a link by mail, after the answer: neither its content nor its time says whether a user has the address. */
export const requestPasswordReset = bindSteps(RequestPasswordReset, async (request) => {
  const { browser, services } = request;
  const { people } = services;
  if (people.sendMail === undefined) throw new Fault('request.conflict', { message: 'No mail server is configured: ask an operator for a link.', reason: 'no_mail' });
  const email = toStoredEmail(request.body.email);
  people.throttle.begin({ address: browser.address, name: `reset ${email}`, isKnownDevice: false });
  void sendLink(request, email, people.sendMail).catch((thrown: unknown) => people.report(`a mail for a new password was not sent: ${toFault(thrown).detail ?? toFault(thrown).message}`));
  return {};
});

async function sendLink({ services, commit, browser }: StepsRequest<typeof RequestPasswordReset>, email: string, sendMail: (mail: Mail) => Promise<void>): Promise<void> {
  const user = await query(services.storage.db, (db) => findUserByEmail(db, email));
  if (user === undefined || user.disabledAtMs !== undefined) return;
  const token = await commit(async (tx) => {
    const made = await makeLink(tx, { purpose: 'password_reset', userId: user.id, createdBy: user.id, lifeMs: RESET_MS }, services);
    return { result: made.token, event: { subject: user.id, detail: { address: browser.address } } };
  });
  const address = toLinkAddress(services.publicUrl(), token);
  await sendMail({ to: email, subject: 'A new password for MetaMCP', text: `Someone, probably you, asked for a new password.\n\n${address}\n\nThe link works once, for an hour. If it was not you, do nothing: your password stays as it is.\n` });
}
