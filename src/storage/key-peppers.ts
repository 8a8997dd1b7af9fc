/**
 * Peppers of API keys that came after the instance's own. Nobody has the values of keys, so a new pepper is put on top of
 * what is stored: each digest is digested again. Every key opens what it did, and what was stored before opens nothing.
 */
import { createHmac } from 'node:crypto';
import { open, seal } from '../base/sealed.ts';
import type { EnvelopeDeps } from './data-keys.ts';
import type { Db, Tx } from './schema.ts';

/** From the digest under the instance's own pepper to the one that is stored; hex. */
export type RenewDigest = (digest: string) => string;

const PEPPER_BYTES = 32;

/** Throws `storage.secret_unreadable`. */
export async function loadKeyPeppers(db: Db, wrapping: Uint8Array): Promise<RenewDigest> {
  const rows = await db.selectFrom('key_pepper').selectAll().orderBy('position').execute();
  const peppers = rows.map(({ position, wrapped }) => Buffer.from(open(wrapped, { key: wrapping, record: recordOf(position) }), 'base64'));
  return (digest) => peppers.reduce(renew, digest);
}

/** Puts a new pepper on top, and digests every key anew. Resolves with how many keys there are. */
export async function addKeyPepper(tx: Tx, { wrapping, random, clock }: EnvelopeDeps): Promise<number> {
  const last = await tx.selectFrom('key_pepper').select('position').orderBy('position', 'desc').executeTakeFirst();
  const position = (last?.position ?? 0) + 1;
  const pepper = Buffer.from(random(PEPPER_BYTES));
  const wrapped = seal(pepper.toString('base64'), { key: wrapping, record: recordOf(position) }, random);
  // Another gateway that does the same at the same time finds the position taken, and changes nothing.
  await tx.insertInto('key_pepper').values({ position, wrapped, created_at_ms: clock.nowMs() }).execute();
  const keys = await tx.selectFrom('key').select(['id', 'digest', 'former_digest']).execute();
  for (const { id, digest, former_digest: former } of keys) {
    await tx
      .updateTable('key')
      .set({ digest: renew(digest, pepper), former_digest: former === null ? null : renew(former, pepper) })
      .where('id', '=', id)
      .execute();
  }
  return keys.length;
}

function renew(digest: string, pepper: Uint8Array): string {
  return createHmac('sha256', pepper).update(digest, 'utf8').digest('hex');
}

function recordOf(position: number): string {
  return `key_pepper:${position}`;
}
