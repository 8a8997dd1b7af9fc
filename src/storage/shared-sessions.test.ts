import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../test/support/start-postgres.ts';
import { Kysely, sql } from 'kysely';
import { systemClock } from '../base/clock.ts';
import { sharedGenerations } from './generations.ts';
import { migrate } from './migrate.ts';
import { openPostgres } from './postgres.ts';
import { beat, deleteSilentReplicas, listReplicas, type ReplicaFacts } from './replicas.ts';
import type { Database, Db } from './schema.ts';
import { clearLeftSessions, deleteSharedSession, findSharedSession, giveUpSharedSessions, putSharedSession, type SessionFacts, takeSharedSession } from './shared-sessions.ts';

const FACTS: SessionFacts = { endpoint: 'dev', principal: { kind: 'key', id: 'key:1', credentialId: '1', name: 'one' }, revision: '2025-11-25', capabilities: { roots: {} }, info: { name: 'raw' }, logLevel: 'info', watched: [] };
const REPLICA: ReplicaFacts = { id: 'a', name: 'one', address: 'http://a', isEncrypted: true, version: '1', generation: 1, isListening: true, isLeader: false, sessions: 0, startedAtMs: 1 };

let postgres: TestPostgres | undefined;
let db: Db;

beforeAll(async () => {
  postgres = await startPostgres();
  if (postgres === undefined) return;
  db = new Kysely<Database>({ dialect: openPostgres(await postgres.createDatabase(), systemClock, () => undefined) });
  await migrate(db, 'postgres');
});
afterAll(async () => {
  if (postgres === undefined) return;
  await db.destroy();
  await postgres.stop();
});

const ownerOf = async (digest: string): Promise<string | undefined> => (await findSharedSession(db, digest))?.owner;

test('of those who want the session of a gateway that is gone one gets it, and the one before writes nothing more', async ({ skip }) => {
  if (postgres === undefined) return skip();
  await putSharedSession(db, { digest: 'd', owner: 'a', facts: FACTS }, 1);
  expect((await findSharedSession(db, 'd'))?.facts).toEqual(FACTS);
  const takers = await Promise.all(['b', 'c', 'd', 'e'].map((to) => takeSharedSession(db, 'd', { from: 'a', to })));
  expect(takers.filter(Boolean)).toHaveLength(1);
  const owner = await ownerOf('d');
  await putSharedSession(db, { digest: 'd', owner: 'a', facts: { ...FACTS, logLevel: 'debug' } }, 2);
  await deleteSharedSession(db, 'd', 'a');
  expect(await findSharedSession(db, 'd')).toMatchObject({ owner, facts: { logLevel: 'info' } });
});

test('a session is over once nobody has it and nobody asked for it, not while its gateway is known', async ({ skip }) => {
  if (postgres === undefined) return skip();
  await beat(db, REPLICA);
  for (const [digest, owner] of [['kept', 'a'], ['orphan', 'gone']] as const) await putSharedSession(db, { digest, owner, facts: FACTS }, 1);
  await clearLeftSessions(db, { atMs: 1_000, beforeMs: 500 });
  expect([await ownerOf('kept'), (await findSharedSession(db, 'orphan')) !== undefined]).toEqual(['a', true]);
  await clearLeftSessions(db, { atMs: 2_000, beforeMs: 1_500 });
  expect([await ownerOf('kept'), await findSharedSession(db, 'orphan')]).toEqual(['a', undefined]);
  await giveUpSharedSessions(db, 'a', 2_000);
  expect(await takeSharedSession(db, 'kept', { from: undefined, to: 'b' })).toBe(true);
});

test('silence is measured by the clock of the database, and who was silent long enough is forgotten', async ({ skip }) => {
  if (postgres === undefined) return skip();
  await beat(db, { ...REPLICA, generation: 7, isLeader: true });
  const [replica] = await listReplicas(db);
  expect(replica).toMatchObject({ id: 'a', generation: 7, isLeader: true, isListening: true, address: 'http://a' });
  expect(replica?.silentMs).toBeLessThan(5_000);
  await deleteSilentReplicas(db, 60_000);
  expect(await listReplicas(db)).toHaveLength(1);
  await sql`update replica set seen_at_ms = seen_at_ms - 120000`.execute(db);
  await deleteSilentReplicas(db, 60_000);
  expect(await listReplicas(db)).toEqual([]);
});

test('every change of what snapshots are made of raises the generation, and a use of a key does not', async ({ skip }) => {
  if (postgres === undefined) return skip();
  const before = await sharedGenerations.read(db);
  await sql`insert into "key" (id, name, endpoints, digest, created_at_ms) values ('k', 'laptop', '["*"]', 'aa', 1)`.execute(db);
  expect(await sharedGenerations.read(db)).toBe(before + 1);
  await db.updateTable('key').set({ last_used_at_ms: 5 }).where('id', '=', 'k').execute();
  expect(await sharedGenerations.read(db)).toBe(before + 1);
  await db.updateTable('key').set({ revoked_at_ms: 5 }).where('id', '=', 'k').execute();
  expect(await sharedGenerations.read(db)).toBe(before + 2);
});
