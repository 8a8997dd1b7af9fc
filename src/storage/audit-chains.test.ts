/** Chains of several gateways on one PostgreSQL, checked by any of them: also those of gateways that are gone with their folders. */
import { generateKeyPairSync, hash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../test/support/start-postgres.ts';
import { linkOf } from '../audit/chain.ts';
import { RecordPack } from '../audit/record-pack.ts';
import { type VerifyReport, verifyAudit } from '../audit/verify.ts';
import { systemClock } from '../base/clock.ts';
import { PostgresAuditStore } from './audit-postgres.ts';
import { migrate } from './migrate.ts';
import { openPostgres } from './postgres.ts';
import type { Database, Db } from './schema.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 21, 12);
const SEALING = randomBytes(32);

let postgres: TestPostgres | undefined;
let db: Db | undefined;
const folders: string[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
beforeEach(async () => {
  await db?.destroy();
  db = undefined;
  if (postgres === undefined) return;
  db = new Kysely<Database>({ dialect: openPostgres(await postgres.createDatabase(), systemClock, () => undefined) });
  await migrate(db, 'postgres');
});
afterAll(async () => {
  await db?.destroy();
  await postgres?.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Gateway {
  readonly writer: string;
  readonly store: PostgresAuditStore;
  readonly write: (count: number, atMs?: number) => Promise<void>;
  readonly verify: (range?: { readonly fromMs?: number }) => Promise<VerifyReport>;
}

/** `sealing` null: one of a version that did not make its key known. */
function gatewayOn(on: Db, sealing: Uint8Array | null = SEALING): Gateway {
  const folder = mkdtempSync(join(tmpdir(), 'metamcp-chains-'));
  folders.push(folder);
  const keys = generateKeyPairSync('ed25519');
  const publicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const writer = hash('sha256', publicKey).slice(0, 16);
  const privateKey = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const store = new PostgresAuditStore({ db: on, folder, writer, privateKey, redact: (text) => ({ text, redactions: 0 }), nowMs: () => NOW_MS, ...(sealing === null ? {} : { publish: { publicKey, sealing } }) });
  return {
    writer,
    store,
    write: (count, atMs = NOW_MS) => store.append([RecordPack.of(Array.from({ length: count }, (_, index) => ({ record: JSON.stringify({ kind: 'call', id: `${writer}-${index}`, atMs: atMs + index, principal: { kind: 'key', id: 'key:a', name: 'a' }, endpoint: 'dev', server: 'files', tool: 'read', method: 'tools/call', outcome: 'ok', isDispatched: true }) })))]),
    verify: (range = {}) => verifyAudit(store, { publicKey, adminEvents: async () => new Map(), adminEventCount: async () => 0, ...range }),
  };
}

const toldBy = ({ findings }: VerifyReport): string[] => findings.map(({ kind, writer }) => `${kind} ${writer ?? ''}`);

/** As somebody would who owns the database. */
function tampered(on: Db, work: (tx: Db) => Promise<unknown>): Promise<unknown> {
  return on.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx);
    await work(tx);
  });
}

/** Changes the last record of a chain and makes all hashes fit. */
async function forgeLast(on: Db, writer: string): Promise<void> {
  const { rows } = await sql<{ seq: number; text: string; hash: string }>`select seq, text, hash from audit_record where writer = ${writer} order by seq desc limit 2`.execute(on);
  const [last, before] = rows;
  if (last === undefined || before === undefined) throw new Error('too short a chain');
  const text = last.text.replace('"outcome":"ok"', '"outcome":"policy.denied"');
  const forged = linkOf(before.hash, last.seq, text);
  await tampered(on, async (tx) => {
    await sql`update audit_record set text = ${text}, hash = ${forged}, outcome = 'policy.denied' where writer = ${writer} and seq = ${last.seq}`.execute(tx);
    await sql`update audit_checkpoint set hash = ${forged} where writer = ${writer} and seq = ${last.seq}`.execute(tx);
  });
}

test('[AU-03] [RP-04] one gateway checks the chains of all, of a new one and of one that is gone too', async ({ skip }) => {
  if (db === undefined) return skip();
  const [one, gone, fresh] = [gatewayOn(db), gatewayOn(db), gatewayOn(db)];
  await one.write(3);
  await gone.write(4);
  await gone.store.close();
  for (const gateway of [one, fresh]) expect(await gateway.verify()).toMatchObject({ records: 7, findings: [], unverifiedWriters: 0 });
});

test('[AU-03] what was forged in the chain of a gateway that is gone another one finds, also where all hashes fit', async ({ skip }) => {
  if (db === undefined) return skip();
  const [one, gone] = [gatewayOn(db), gatewayOn(db)];
  await one.write(3);
  await gone.write(4);
  await gone.store.close();
  await forgeLast(db, gone.writer);
  expect(toldBy(await one.verify())).toEqual([`signature_invalid ${gone.writer}`]);
});

test('[AU-03] an end that was cut off another gateway finds as far as it was signed', async ({ skip }) => {
  if (db === undefined) return skip();
  const [one, gone] = [gatewayOn(db), gatewayOn(db)];
  await gone.write(4);
  await gone.store.close();
  await one.write(3);
  await tampered(db, (tx) => sql`delete from audit_record where writer = ${gone.writer} and seq > 2`.execute(tx));
  expect(toldBy(await one.verify())).toContain(`truncated ${gone.writer}`);
});

test('[AU-03] a key that was put in the place of another one verifies nothing, and without it what is not checked is counted', async ({ skip }) => {
  if (db === undefined) return skip();
  const [one, gone, forger] = [gatewayOn(db), gatewayOn(db), gatewayOn(db, randomBytes(32))];
  for (const gateway of [one, gone, forger]) await gateway.write(2);
  await tampered(db, (tx) => sql`update audit_writer set sealed_key = (select sealed_key from audit_writer where writer = ${forger.writer}) where writer = ${gone.writer}`.execute(tx));
  expect(toldBy(await one.verify()).toSorted()).toEqual([`key_unknown ${forger.writer}`, `key_unknown ${gone.writer}`].toSorted());
  await tampered(db, (tx) => sql`delete from audit_writer where writer <> ${one.writer}`.execute(tx));
  expect(await one.verify()).toMatchObject({ findings: [], unverifiedWriters: 2 });
  await expect(sql`delete from audit_writer`.execute(db)).rejects.toThrow('the record is append-only');
});

test('a gateway of the version before makes no key known: its chain is followed, and its signatures are counted as not checked', async ({ skip }) => {
  if (db === undefined) return skip();
  const [one, old] = [gatewayOn(db), gatewayOn(db, null)];
  await one.write(2);
  await old.write(2);
  expect(await one.verify()).toMatchObject({ findings: [], unverifiedWriters: 1 });
});

test('a gateway that wrote nothing in what is asked for, or nothing that is still kept, is not cut off', async ({ skip }) => {
  if (db === undefined) return skip();
  const [one, gone] = [gatewayOn(db), gatewayOn(db)];
  await gone.write(2, NOW_MS - 60 * DAY_MS);
  await gone.store.close();
  await one.write(2);
  expect((await one.verify({ fromMs: NOW_MS - DAY_MS })).findings).toEqual([]);
  await one.store.retain({ payloadsMs: undefined, recordsMs: NOW_MS - 30 * DAY_MS, nowMs: NOW_MS });
  expect(await one.verify()).toMatchObject({ records: 3, findings: [] });
});
