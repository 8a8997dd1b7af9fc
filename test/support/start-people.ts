/** An admin API with people in it: an operator who is signed in, and what tests do over and over. */
import { openFirstOperator } from '../../src/control-plane/people/first-operator.ts';
import type { Role } from '../../src/model/role.ts';
import { listAuditEvents, type StoredAuditEvent } from '../../src/storage/audit-events.ts';
import { type AdminOptions, startAdmin } from './start-admin.ts';
import { TestBrowser } from './test-browser.ts';

export const PASSWORD = 'correct horse battery';

export async function startPeople(options: AdminOptions = {}) {
  const admin = await startAdmin(options);
  const newBrowser = (): TestBrowser => new TestBrowser(admin.url);
  const { passwords } = admin.services.people;
  const token = await openFirstOperator(undefined, { ...admin.services, passwords });
  const operator = newBrowser();
  const made = await operator.ask('POST', '/api/v1/links/redeem', { body: { token, email: 'op@example.com', name: 'Grace', password: PASSWORD } });
  if (made.status !== 200) throw new Error(made.text);

  return {
    ...admin,
    operator,
    newBrowser,
    /** A browser in which a new user of this role is signed in. */
    async join(role: Role, email = `${role}@example.com`): Promise<TestBrowser & { userId: string }> {
      const invitation = await admin.ask('POST', '/api/v1/invitations', { body: { role, email } });
      const browser = newBrowser();
      const answer = await browser.ask('POST', '/api/v1/links/redeem', { body: { token: tokenOf(invitation.body['link']), password: PASSWORD } });
      if (answer.status !== 200) throw new Error(answer.text);
      return Object.assign(browser, { userId: (answer.body['user'] as { id: string }).id });
    },
    async signIn(email: string, password = PASSWORD): Promise<TestBrowser> {
      const browser = newBrowser();
      const answer = await browser.ask('POST', '/api/v1/sign-in', { body: { email, password } });
      if (answer.status !== 200) throw new Error(answer.text);
      return browser;
    },
    events: (): Promise<StoredAuditEvent[]> => listAuditEvents(admin.services.storage.db, { afterSeq: 0, limit: 1_000 }),
  };
}

export type TestPeople = Awaited<ReturnType<typeof startPeople>>;

/** What stands behind the # of a link. */
export function tokenOf(link: unknown): string {
  return new URL(String(link)).hash.slice(1);
}
