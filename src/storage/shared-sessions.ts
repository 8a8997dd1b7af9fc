/** Sessions of clients before 2026-07-28, as far as another gateway needs them to go on. Found by the digest of their id. */
import { z } from 'zod';
import { fromJson, toJson } from './json.ts';
import type { Db } from './schema.ts';

const FactsSchema = z.object({
  endpoint: z.string(),
  principal: z.looseObject({ kind: z.enum(['anonymous', 'key', 'user', 'operator']), id: z.string(), credentialId: z.string(), name: z.string() }),
  revision: z.string(),
  capabilities: z.record(z.string(), z.json()),
  info: z.record(z.string(), z.json()).optional(),
  logLevel: z.string(),
  watched: z.array(z.string()),
});
export type SessionFacts = z.infer<typeof FactsSchema>;

export interface SharedSession {
  readonly digest: string;
  /** The gateway that has it; undefined: none any more. */
  readonly owner: string | undefined;
  readonly facts: SessionFacts;
}

/** Writes what changed; a session that another gateway has by now stays as it is. */
export async function putSharedSession(db: Db, { digest, owner, facts }: SharedSession & { readonly owner: string }, atMs: number): Promise<void> {
  const changing = { facts: toJson(facts), changed_at_ms: atMs };
  await db
    .insertInto('shared_session')
    .values({ digest, owner, ...changing })
    .onConflict((conflict) => conflict.column('digest').doUpdateSet(changing).where('shared_session.owner', '=', owner))
    .execute();
}

export async function findSharedSession(db: Db, digest: string): Promise<SharedSession | undefined> {
  const row = await db.selectFrom('shared_session').selectAll().where('digest', '=', digest).executeTakeFirst();
  return row && { digest, owner: row.owner ?? undefined, facts: fromJson(FactsSchema, row.facts) };
}

/** One update decides between two gateways that want it. False: it is another's, or over. */
export async function takeSharedSession(db: Db, digest: string, { from, to }: { readonly from: string | undefined; readonly to: string }): Promise<boolean> {
  const update = db.updateTable('shared_session').set({ owner: to }).where('digest', '=', digest);
  const result = await (from === undefined ? update.where('owner', 'is', null) : update.where('owner', '=', from)).executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** It is over. Another gateway's is left alone. */
export async function deleteSharedSession(db: Db, digest: string, owner: string): Promise<void> {
  await db.deleteFrom('shared_session').where('digest', '=', digest).where('owner', '=', owner).execute();
}

/** What this gateway had is free for whoever is asked for it. */
export async function giveUpSharedSessions(db: Db, owner: string, atMs: number): Promise<void> {
  await db.updateTable('shared_session').set({ owner: null, changed_at_ms: atMs }).where('owner', '=', owner).execute();
}

/** Sessions of gateways that nobody knows any more are nobody's from now on; those that nobody asked for since `beforeMs` are over. */
export async function clearLeftSessions(db: Db, { atMs, beforeMs }: { readonly atMs: number; readonly beforeMs: number }): Promise<void> {
  const known = db.selectFrom('replica').select('id');
  await db.updateTable('shared_session').set({ owner: null, changed_at_ms: atMs }).where('owner', 'is not', null).where('owner', 'not in', known).execute();
  await db.deleteFrom('shared_session').where('owner', 'is', null).where('changed_at_ms', '<', beforeMs).execute();
}
