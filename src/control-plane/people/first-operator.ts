/** How the first operator comes to be: by a link that is printed at the start, or by the environment. There is no default password. */
import type { Passwords } from '../../auth/passwords.ts';
import { newId } from '../../base/ids.ts';
import { insertAuditEvent } from '../../storage/audit-events.ts';
import { deleteFirstOperatorLinks } from '../../storage/one-time-links.ts';
import type { Storage } from '../../storage/open-storage.ts';
import { transact } from '../../storage/transaction.ts';
import { countOperators, findUserByEmail, insertUser, type StoredUser } from '../../storage/users.ts';
import { toStoredEmail } from './email.ts';
import { type LinkServices, makeLink } from './links.ts';

export interface FirstOperatorDeps extends LinkServices {
  readonly storage: Storage;
  readonly passwords: Pick<Passwords, 'hash'>;
}

export interface BootstrapOperator {
  readonly email: string;
  readonly password: string;
}

/** What the gateway does of its own accord. */
const GATEWAY = 'gateway';
const LINK_MS = 24 * 3_600_000;

/**
 * The token of a new link while nobody is an operator, which makes links of earlier starts worthless; undefined once
 * somebody is. `bootstrap` is that somebody where there is none yet: it never changes a user who is there.
 */
export async function openFirstOperator(bootstrap: BootstrapOperator | undefined, deps: FirstOperatorDeps): Promise<string | undefined> {
  const { storage, clock } = deps;
  const operator = bootstrap === undefined ? undefined : await prepare(bootstrap, deps);
  return transact(storage.db, async (tx) => {
    await deleteFirstOperatorLinks(tx);
    if ((await countOperators(tx)) > 0) return undefined;
    const event = { atMs: clock.nowMs(), principal: GATEWAY, outcome: 'done' } as const;
    if (operator !== undefined && (await findUserByEmail(tx, operator.email ?? '')) === undefined) {
      await insertUser(tx, operator);
      await insertAuditEvent(tx, { ...event, action: 'bootstrapOperator', subject: operator.id, detail: {} });
      return undefined;
    }
    const { stored, token } = await makeLink(tx, { purpose: 'first_operator', role: 'operator', createdBy: GATEWAY, lifeMs: LINK_MS }, deps);
    await insertAuditEvent(tx, { ...event, action: 'offerFirstOperator', subject: stored.id, detail: {} });
    return token;
  });
}

async function prepare({ email, password }: BootstrapOperator, { clock, random, passwords }: FirstOperatorDeps): Promise<StoredUser> {
  const stored = toStoredEmail(email);
  return { id: newId('usr', clock, random), email: stored, name: stored, role: 'operator', passwordHash: await passwords.hash(password), createdAtMs: clock.nowMs(), lastSignInAtMs: undefined, disabledAtMs: undefined };
}
