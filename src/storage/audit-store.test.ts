/** One suite over both stores of the record, and what verification finds in each. */
import { generateKeyPairSync, hash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../test/support/start-postgres.ts';
import type { AuditRecord } from '../audit/audit-record.ts';
import type { AuditStore } from '../audit/audit-store.ts';
import { type PendingRecord, RecordPack } from '../audit/record-pack.ts';
import { type Finding, verifyAudit } from '../audit/verify.ts';
import { systemClock } from '../base/clock.ts';
import { createKeyedDigest } from '../base/keyed-digest.ts';
import { createRedactPayload } from '../wiring/redact-payload.ts';
import { damageOf } from './audit-damage.ts';
import { PostgresAuditStore } from './audit-postgres.ts';
import { directPort, SqliteAuditStore } from './audit-sqlite.ts';
import { SqliteAuditWriter } from './audit-sqlite-writer.ts';
import { lockDataFolder } from './data-folder.ts';
import { openStorage } from './open-storage.ts';
import type { Db } from './schema.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 21, 12);
/** Takes a quarter of an hour or so. */
const isEveryBitTried = process.env['METAMCP_TEST_EVERY_BIT'] === '1';
const redact = createRedactPayload(createKeyedDigest(Buffer.alloc(32, 7)));
const pair = generateKeyPairSync('ed25519');
const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const writer = hash('sha256', publicKey).slice(0, 16);

let postgres: TestPostgres | undefined;
const undo: (() => void | Promise<void>)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(async () => {
  await postgres?.stop();
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'metamcp-audit-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Moving {
  nowMs: number;
}

function sqliteStore(folder: string, clock: Moving = { nowMs: NOW_MS }): SqliteAuditStore {
  return new SqliteAuditStore({ folder, writer, port: directPort(new SqliteAuditWriter({ folder, writer, privateKey, redact, nowMs: () => clock.nowMs }), folder) });
}

function call(id: string, more: Partial<AuditRecord> = {}, payload: Omit<PendingRecord, 'record'> = {}): PendingRecord {
  const record = { kind: 'call', id, atMs: NOW_MS, principal: { kind: 'key', id: 'key:a', name: 'a' }, endpoint: 'dev', server: 'files', tool: 'read', method: 'tools/call', outcome: 'ok', isDispatched: true, ...more };
  return { record: JSON.stringify(record), ...payload };
}

async function verify(store: AuditStore): Promise<readonly Finding[]> {
  const { findings } = await verifyAudit(store, { publicKey, adminEvents: async () => new Map(), adminEventCount: async () => 0 });
  return findings;
}

const kindsOf = (findings: readonly Finding[]): string[] => [...new Set(findings.map(({ kind }) => kind))];

describe.each(['sqlite', 'postgres'] as const)('on %s', (dialect) => {
  async function open(clock: Moving = { nowMs: NOW_MS }) {
    const folder = newFolder();
    if (dialect === 'sqlite') {
      const store = sqliteStore(folder, clock);
      undo.push(() => store.close());
      const change = async (statement: string): Promise<void> => {
        const database = new Sqlite(join(folder, 'audit-2026-11.db'));
        try {
          database.exec(statement.replaceAll('audit_record', 'record').replaceAll('audit_payload', 'payload').replaceAll('audit_checkpoint', 'checkpoint'));
        } finally {
          database.close();
        }
      };
      return { store, change, reopen: () => sqliteStore(folder, clock) };
    }
    const lock = lockDataFolder(folder);
    const storage = await openStorage({ folder: lock, databaseUrl: await postgres?.createDatabase(), clock: systemClock, keyCheck: 'check', report: () => {} });
    undo.push(() => storage.close().then(() => lock.release()));
    const make = (): PostgresAuditStore => new PostgresAuditStore({ db: storage.db, folder, writer, privateKey, redact, nowMs: () => clock.nowMs });
    const store = make();
    return { store, change: async (statement: string) => void (await sql.raw(statement).execute(storage.db)), reopen: make };
  }

  test('records are found by each of their columns, newest first and page by page', async ({ skip }) => {
    if (dialect === 'postgres' && postgres === undefined) skip();
    const { store } = await open();
    await store.append([RecordPack.of(Array.from({ length: 30 }, (_, index) => call(`c${index}`, { tool: index % 2 === 0 ? 'read' : 'write', outcome: index % 3 === 0 ? 'policy.denied' : 'ok', atMs: NOW_MS + index * 1_000 })))]);
    const idsOf = async (query: Partial<Parameters<AuditStore['find']>[0]>) => (await store.find({ limit: 100, ...query })).map(({ text }) => (JSON.parse(text) as { id: string }).id);
    expect(await idsOf({ limit: 2 })).toEqual(['c29', 'c28']);
    expect(await idsOf({ tool: 'write', outcome: 'failed' })).toEqual(['c27', 'c21', 'c15', 'c9', 'c3']);
    expect(await idsOf({ outcome: 'policy.denied', limit: 1 })).toEqual(['c27']);
    expect(await idsOf({ principals: ['key:b'] })).toEqual([]);
    expect(await idsOf({ principals: [] })).toEqual([]);
    expect(await idsOf({ callId: 'c7' })).toEqual(['c7']);
    expect(await idsOf({ fromMs: NOW_MS + 5_000, toMs: NOW_MS + 7_000 })).toEqual(['c6', 'c5']);
    const [, second] = await store.find({ limit: 2 });
    expect(await idsOf({ beforePosition: second?.position, limit: 1 })).toEqual(['c27']);
  });

  test('[AU-04] nothing can be changed or deleted, payloads not either before their time', async ({ skip }) => {
    if (dialect === 'postgres' && postgres === undefined) skip();
    const { store, change } = await open();
    await store.append([RecordPack.of([call('c1', {}, { arguments: '{"a":1}' })])]);
    for (const statement of ["update audit_record set outcome = 'ok'", 'delete from audit_record', "update audit_payload set arguments = ''", 'delete from audit_payload', 'delete from audit_checkpoint']) {
      await expect(change(statement)).rejects.toThrow('the record is append-only');
    }
    expect(await verify(store)).toEqual([]);
  });

  test('[AU-01] intents without outcome are told at the next opening, and the chain goes on where it ended', async ({ skip }) => {
    if (dialect === 'postgres' && postgres === undefined) skip();
    const { store, reopen } = await open();
    await store.append([RecordPack.of([call('c1', { kind: 'intent' }), call('c2', { kind: 'intent' }), call('c1', { kind: 'outcome' })])]);
    await store.close();
    const again = reopen();
    expect(await again.openIntents()).toEqual(['c2']);
    await again.append([RecordPack.of([{ record: JSON.stringify({ kind: 'unknown', id: 'c2', atMs: NOW_MS }) }])]);
    expect(await again.openIntents()).toEqual([]);
    expect(await verify(again)).toEqual([]);
    if (dialect === 'sqlite') await again.close();
  });

  test('[AU-08] a clock that goes back, by a moment or past a month, changes nothing of the order', async ({ skip }) => {
    if (dialect === 'postgres' && postgres === undefined) skip();
    const clock = { nowMs: NOW_MS };
    const { store, reopen } = await open(clock);
    const days = [0, -0.001, -40, 2, -400, 12];
    for (const [index, day] of days.entries()) {
      clock.nowMs = NOW_MS + day * DAY_MS;
      await store.append([RecordPack.of([call(`c${index}-a`, { atMs: clock.nowMs }), call(`c${index}-b`, { atMs: clock.nowMs - 1 })])]);
    }
    await store.close();
    const again = reopen();
    clock.nowMs = NOW_MS - DAY_MS;
    await again.append([RecordPack.of([call('c6-a', { atMs: clock.nowMs })])]);
    const written = [...days.flatMap((_, index) => [`c${index}-a`, `c${index}-b`]), 'c6-a'];
    expect((await again.find({ limit: 100 })).map(({ seq, text }) => [seq, (JSON.parse(text) as { id: string }).id])).toEqual(written.map((id, index) => [index + 1, id]).toReversed());
    const scanned: string[] = [];
    for await (const { text } of again.scan({})) scanned.push((JSON.parse(text) as { id: string }).id);
    expect(scanned).toEqual(written);
    expect(await verify(again)).toEqual([]);
    if (dialect === 'sqlite') await again.close();
  });

  test('[AU-04] payloads and months go when they are old; what says so stays, and the rest verifies', async ({ skip }) => {
    if (dialect === 'postgres' && postgres === undefined) skip();
    const clock = { nowMs: NOW_MS - 40 * DAY_MS };
    const { store } = await open(clock);
    await store.append([RecordPack.of([call('old', { atMs: clock.nowMs }, { arguments: '{"a":1}' })])]);
    clock.nowMs = NOW_MS;
    await store.append([RecordPack.of([call('c1', { atMs: NOW_MS - 8 * DAY_MS }, { arguments: '{"a":1}' }), call('c2', {}, { arguments: '{"b":1}', result: '{"content":[]}' })])]);
    await store.retain({ payloadsMs: NOW_MS - 7 * DAY_MS, recordsMs: undefined, nowMs: NOW_MS });
    const [, newest, before] = await store.find({ limit: 3 });
    expect(await store.payloadAt(before?.position ?? 0)).toBeUndefined();
    expect(await store.payloadAt(newest?.position ?? 0)).toEqual({ arguments: '{"b":1}', result: '{"content":[]}' });
    expect(await verify(store)).toEqual([]);
    await store.retain({ payloadsMs: undefined, recordsMs: NOW_MS - 30 * DAY_MS, nowMs: NOW_MS });
    expect(await store.find({ callId: 'old', limit: 1 })).toEqual([]);
    const [tombstone] = await store.find({ kinds: ['tombstone'], limit: 1 });
    expect(JSON.parse(tombstone?.text ?? '{}')).toMatchObject({ detail: { month: '2026-10', seq: 1 } });
    expect(await verify(store)).toEqual([]);
  });

  test('[DL-03] what looks like a secret is gone before it is stored', async ({ skip }) => {
    if (dialect === 'postgres' && postgres === undefined) skip();
    const { store } = await open();
    const secret = `ghp_${'a1B2c3D4e5F6'.repeat(3)}`;
    await store.append([RecordPack.of([call('c1', {}, { arguments: JSON.stringify({ password: 'hunter2hunter2', note: `use ${secret}`, code: Buffer.from(`x ${secret}`).toString('base64') }), result: `{"content":[{"text":"{\\"api_key\\":\\"topsecretvalue`, isResultCut: true })])]);
    const [row] = await store.find({ limit: 1 });
    const kept = JSON.stringify([row, await store.payloadAt(row?.position ?? 0)]);
    for (const word of ['hunter2', secret, 'topsecretvalue', Buffer.from(`x ${secret}`).toString('base64')]) expect(kept).not.toContain(word);
    expect(JSON.parse(row?.text ?? '{}')).toMatchObject({ keptArguments: { redactions: expect.any(Number) }, keptResult: { isCut: true } });
    expect(await verify(store)).toEqual([]);
  });

  test('[AU-06] the same secret has the same mark in every record, and the mark says nothing without the key', async ({ skip }) => {
    if (dialect === 'postgres' && postgres === undefined) skip();
    const { store } = await open();
    const tokens = ['a1B2c3D4e5F6', 'g7H8i9J0k1L2'].map((text) => `ghp_${text.repeat(3)}`);
    const [first = '', second = ''] = tokens;
    await store.append([RecordPack.of([call('c1', {}, { arguments: JSON.stringify({ note: `use ${first}`, password: 'hunter2' }) }), call('c2', {}, { arguments: JSON.stringify({ note: `use ${second}` }), result: JSON.stringify({ content: [{ type: 'text', text: `you said ${first}` }], password: 'hunter2' }) })])]);
    const kept = JSON.stringify(await Promise.all((await store.find({ limit: 2 })).map(({ position }) => store.payloadAt(position))));
    const marksOf = (kind: string): (string | undefined)[] => [...kept.matchAll(new RegExp(`\\[redacted ${kind} #([0-9a-f]{16})\\]`, 'g'))].map(([, mark]) => mark);
    const digest = createKeyedDigest(Buffer.alloc(32, 7));
    // The newest record comes first.
    expect(marksOf('github-token')).toEqual([second, first, first].map((token) => digest(token).slice(0, 16)));
    expect(marksOf('secret-member')).toEqual(Array.from({ length: 2 }, () => digest('hunter2').slice(0, 16)));
    expect(marksOf('github-token')).not.toContain(createKeyedDigest(Buffer.alloc(32, 8))(first).slice(0, 16));
    for (const plain of [first, second, 'hunter2']) expect(kept).not.toContain(plain);
    expect(await verify(store)).toEqual([]);
  });
});

describe('what somebody did to the tables of two gateways on PostgreSQL', () => {
  interface Gateway {
    readonly folder: string;
    readonly store: PostgresAuditStore;
    readonly publicKey: string;
  }
  interface Made {
    readonly db: Db;
    readonly clock: Moving;
    readonly gateways: readonly [Gateway, Gateway];
    readonly close: () => Promise<void>;
  }
  let made: Made | undefined;

  function gatewayOn(db: Db, clock: Moving): Gateway {
    const folder = mkdtempSync(join(tmpdir(), 'metamcp-audit-'));
    const keys = generateKeyPairSync('ed25519');
    const pem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const store = new PostgresAuditStore({ db, folder, writer: hash('sha256', pem).slice(0, 16), privateKey: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), redact, nowMs: () => clock.nowMs });
    return { folder, store, publicKey: pem };
  }

  /** Two chains woven into each other over three months, the first of which is gone, and payloads of the second. */
  async function make(databaseUrl: string): Promise<Made> {
    const clock = { nowMs: NOW_MS - 60 * DAY_MS };
    const lock = lockDataFolder(mkdtempSync(join(tmpdir(), 'metamcp-audit-')));
    const storage = await openStorage({ folder: lock, databaseUrl, clock: systemClock, keyCheck: 'check', report: () => {} });
    const gateways = [gatewayOn(storage.db, clock), gatewayOn(storage.db, clock)] as const;
    for (let round = 0; round < 12; round++) {
      clock.nowMs = NOW_MS - (60 - round * 5) * DAY_MS;
      for (const [index, { store }] of gateways.entries()) {
        // The clocks of the two differ: around the end of a month their records are of both.
        const atMs = clock.nowMs - index * 2 * DAY_MS;
        await store.append([RecordPack.of([0, 1, 2].map((each) => call(`c${round}-${index}-${each}`, { atMs: atMs + each }, each === 0 ? { arguments: `{"path":"/tmp/${round}"}`, result: '{"content":[]}' } : {})))]);
      }
    }
    clock.nowMs = NOW_MS;
    await gateways[0].store.retain({ payloadsMs: NOW_MS - 20 * DAY_MS, recordsMs: NOW_MS - 45 * DAY_MS, nowMs: NOW_MS });
    return { db: storage.db, clock, gateways, close: () => storage.close().then(() => lock.release()) };
  }

  beforeAll(async () => {
    if (postgres !== undefined) made = await make(await postgres.createDatabase());
  }, 60_000);
  afterAll(() => made?.close());

  /** What either of the two finds. */
  async function findings({ gateways }: Made): Promise<readonly string[]> {
    const found = await Promise.all(gateways.map(({ store, publicKey: own }) => verifyAudit(store, { publicKey: own, adminEvents: async () => new Map(), adminEventCount: async () => 0 })));
    return found.flatMap((report) => report.findings.map(({ kind, message }) => `${kind}: ${message}`));
  }

  /** As somebody would who owns the database; undone afterwards. False where the database has no such value. */
  async function tampered({ db }: Made, work: (tx: Db) => Promise<unknown>, then: () => Promise<void>): Promise<boolean> {
    const keep = ['audit_record', 'audit_payload', 'audit_checkpoint', 'audit_purge', 'audit_place'];
    const asOwner = (steps: (tx: Db) => Promise<unknown>): Promise<boolean> =>
      db.transaction().execute(async (tx) => {
        await sql`set local session_replication_role = replica`.execute(tx);
        await steps(tx);
      }).then(
        () => true,
        () => false,
      );
    for (const table of keep) await sql`create table if not exists ${sql.table(`kept_${table}`)} as select * from ${sql.table(table)}`.execute(db);
    if (!(await asOwner(work))) return false;
    await then();
    const isUndone = await asOwner(async (tx) => {
      for (const table of keep) {
        await sql`delete from ${sql.table(table)}`.execute(tx);
        await sql`insert into ${sql.table(table)} select * from ${sql.table(`kept_${table}`)}`.execute(tx);
      }
    });
    expect(isUndone).toBe(true);
    return true;
  }

  test('[AU-04] one gateway deletes what is old for both, and both find nothing wrong', async ({ skip }) => {
    if (made === undefined) return skip();
    expect(await findings(made)).toEqual([]);
    const { rows } = await sql<{ text: string }>`select text from audit_record where kind in ('purge', 'tombstone') order by position`.execute(made.db);
    const [purge, tombstone] = rows.map(({ text }) => JSON.parse(text) as unknown);
    expect(purge).toMatchObject({ kind: 'purge', detail: { payloads: expect.any(Number), others: [{ writer: expect.any(String), seq: expect.any(Number) }] } });
    // The second's clock is two days behind: its October begins after the first one's.
    expect(tombstone).toMatchObject({ kind: 'tombstone', detail: { month: '2026-09', seq: 6, others: [{ seq: 9 }], records: 15, places: [[1, 12], [16, 18]] } });
    expect(rows).toHaveLength(2);
  });

  test('[AU-03] a place that was moved without changing the order is found, and so is one that was taken out', async ({ skip }) => {
    if (made === undefined) return skip();
    const { db } = made;
    const { rows } = await sql<{ last: number }>`select max(position) as last from audit_record`.execute(db);
    const last = Number(rows[0]?.last);
    await tampered(made, (tx) => sql`update audit_record set position = position + 1 where position > ${last - 3}`.execute(tx), async () =>
      expect(await findings(made as Made)).toEqual(expect.arrayContaining([`store_damaged: there is nothing at the positions ${last - 2} to ${last - 2}`])));
    await tampered(made, (tx) => sql`delete from audit_record where position = ${last - 9}`.execute(tx), async () =>
      expect((await findings(made as Made)).join('\n')).toMatch(/missing: 1 records before it are gone/));
    expect(await findings(made)).toEqual([]);
  });

  test('[AU-04] a trigger that was taken off or switched off is found', async ({ skip }) => {
    if (made === undefined) return skip();
    const { db } = made;
    await sql`alter table audit_record_2026_11 disable trigger audit_record_append_only`.execute(db);
    expect(await findings(made)).toContain('store_damaged: the trigger audit_record_append_only of audit_record_2026_11 is off');
    await sql`alter table audit_record_2026_11 enable trigger audit_record_append_only`.execute(db);
    await sql`alter trigger audit_payload_no_update on audit_payload rename to audit_payload_update`.execute(db);
    expect(await findings(made)).toContain('store_damaged: the trigger audit_payload_no_update is gone');
    await sql`alter trigger audit_payload_update on audit_payload rename to audit_payload_no_update`.execute(db);
    expect(await findings(made)).toEqual([]);
  });

  test('[AU-03] any single bit of any value is found', async ({ skip }) => {
    if (made === undefined) return skip();
    const whole = made;
    const columns = {
      audit_record: ['position', 'writer', 'seq', 'at_ms', 'kind', 'call_id', 'principal', 'endpoint', 'server', 'tool', 'method', 'outcome', 'text', 'hash'],
      audit_payload: ['writer', 'seq', 'at_ms', 'arguments', 'result'],
      audit_checkpoint: ['writer', 'seq', 'hash', 'at_ms', 'signature'],
      audit_purge: ['writer', 'seq'],
      audit_place: ['last'],
    } as const;
    const cells = Object.entries(columns).flatMap(([table, names]) => names.map((column) => ({ table, column })));
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...cells), fc.nat(), fc.nat(), async ({ table, column }, row, bit) => {
        const { rows } = await sql<{ place: string; value: string | number | null }>`select tableoid || ' ' || ctid as place, ${sql.ref(column)} as value from ${sql.table(table)} order by 1`.execute(whole.db);
        const { place = '', value = null } = rows[row % rows.length] ?? {};
        if (value === null) return;
        const flipped = typeof value === 'number' ? Number(BigInt(value) ^ (1n << BigInt(bit % 40))) : flippedText(value, bit);
        await tampered(whole, (tx) => sql`update ${sql.table(table)} set ${sql.ref(column)} = ${flipped} where tableoid || ' ' || ctid = ${place}`.execute(tx), async () => {
          changed++;
          expect([table, column, value, flipped, (await findings(whole)).length > 0]).toEqual([table, column, value, flipped, true]);
        });
      }),
      { numRuns: 120 },
    );
    expect(changed).toBeGreaterThan(60);
  }, 120_000);

  test('[AU-03] a record may become anything, also one that says what is gone: it is found, and told as what it is', async ({ skip }) => {
    if (made === undefined) return skip();
    const whole = made;
    const others = ['{"kind":"call","id":"x","atMs":1,"keptArguments":null,"keptResult":1}', '{"kind":"admin","atMs":1,"eventSeq":"x"}', '{"kind":"intent","id":{},"atMs":null}'];
    for (const kind of ['purge', 'tombstone', 'call']) {
      for (const text of ['', '{', 'null', '1', '[]', '{}', ...others, ...['null', '1', '{"seq":"1"}', '{"seq":1e99}', '{"others":{}}', '{"others":[null]}', '{"places":[[1]]}'].map((detail) => `{"kind":"${kind}","atMs":1,"detail":${detail}}`)]) {
        await tampered(whole, (tx) => sql`update audit_record set text = ${text} where kind = ${kind}`.execute(tx), async () => {
          expect([kind, text, await findings(whole)]).toEqual([kind, text, expect.arrayContaining([expect.stringMatching(/^edited: /)])]);
        });
      }
    }
    expect(await findings(whole)).toEqual([]);
  });

  /** Within ASCII, so that the database takes it. */
  function flippedText(text: string, bit: number): string {
    const bytes = Buffer.from(text);
    const at = Math.floor(bit / 7) % bytes.length;
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % 7)), at);
    return bytes.toString();
  }
});

describe('what somebody did to the files', () => {
  const made = { folder: '' };

  /** Records with payloads, and two checkpoints; by default sixty. */
  async function makeRecord(folder: string, { batches = 6, each = 10 } = {}): Promise<void> {
    const clock = { nowMs: NOW_MS };
    const store = sqliteStore(folder, clock);
    for (let batch = 0; batch < batches; batch++) {
      clock.nowMs += 180_000 / batches;
      await store.append([RecordPack.of(Array.from({ length: each }, (_, index) => call(`c${batch}-${index}`, { atMs: clock.nowMs, cost: index / 4 }, index % 2 === 0 ? { arguments: `{"path":"/tmp/${batch}/${index}"}`, result: '{"content":[{"type":"text","text":"ok"}]}' } : {})))]);
    }
    await store.close();
  }

  beforeAll(async () => {
    made.folder = mkdtempSync(join(tmpdir(), 'metamcp-audit-made-'));
    await makeRecord(made.folder);
  });
  afterAll(() => rmSync(made.folder, { recursive: true, force: true }));

  /** A copy that a test may harm. */
  function copy(): string {
    const folder = newFolder();
    for (const name of readdirSync(made.folder)) copyFileSync(join(made.folder, name), join(folder, name));
    return folder;
  }

  /** As somebody would who may write to the file, and leaves no other trace. */
  function tamper(folder: string, work: (database: Sqlite.Database) => void): void {
    const database = new Sqlite(join(folder, 'audit-2026-11.db'));
    const triggers = database.prepare("select name, sql from sqlite_master where type = 'trigger'").all() as { name: string; sql: string }[];
    for (const { name } of triggers) database.exec(`drop trigger ${name}`);
    work(database);
    for (const { sql: made } of triggers) database.exec(made);
    database.close();
  }

  async function findingsIn(folder: string): Promise<readonly Finding[]> {
    // Read only: opening for writing would go on with the chain.
    const store = new SqliteAuditStore({ folder, writer, port: { ...directPort(Object.create(SqliteAuditWriter.prototype) as SqliteAuditWriter, folder), damage: async () => damageOf(folder), settle: async () => undefined, close: async () => undefined } });
    try {
      return await verify(store);
    } catch (thrown) {
      return [{ kind: 'store_damaged', writer: null, seq: null, message: String(thrown) }];
    } finally {
      await store.close();
    }
  }

  test('nothing is found where nothing was done', async () => {
    expect(await findingsIn(copy())).toEqual([]);
  });

  test('[AU-03] any single bit of any value is found', async () => {
    const columns = {
      record: ['position', 'writer', 'seq', 'at_ms', 'kind', 'call_id', 'principal', 'endpoint', 'server', 'tool', 'method', 'outcome', 'text', 'hash'],
      payload: ['position', 'arguments', 'result'],
      checkpoint: ['position', 'writer', 'seq', 'hash', 'at_ms', 'signature'],
    } as const;
    const cells = Object.entries(columns).flatMap(([table, names]) => names.map((column) => ({ table, column })));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...cells), fc.nat(), fc.nat(), async ({ table, column }, row, bit) => {
        const folder = copy();
        let isChanged = true;
        tamper(folder, (database) => {
          const rows = database.prepare(`select rowid as id, ${column} as value from ${table} order by rowid`).all() as { id: number; value: string | number | null }[];
          const { id, value } = rows[row % rows.length] ?? { id: 0, value: null };
          if (value === null) isChanged = false;
          else if (typeof value === 'number') {
            // What is not there can be no other row's place.
            const flipped = Number(BigInt(value) ^ (1n << BigInt(bit % 40)));
            isChanged = database.prepare(`update or ignore ${table} set ${column} = ? where rowid = ?`).run(flipped, id).changes === 1;
          } else {
            const bytes = Buffer.from(value);
            const at = bit % (bytes.length * 8);
            bytes.writeUInt8(bytes.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3);
            database.prepare(`update ${table} set ${column} = cast(? as text) where rowid = ?`).run(bytes, id);
          }
        });
        if (isChanged) expect([table, column, (await findingsIn(folder)).length > 0]).toEqual([table, column, true]);
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  test('[AU-03] bit by bit through the whole file: what is flipped is found, or changes nothing that is recorded', async () => {
    const folder = newFolder();
    const file = join(folder, 'audit-2026-11.db');
    await makeRecord(folder, isEveryBitTried ? { batches: 2, each: 4 } : {});
    if (isEveryBitTried) repack(file);
    const before = contentOf(folder);
    const original = readFileSync(file);
    // A prime, so that every bit of a byte has its turn.
    const step = isEveryBitTried ? 1 : 877;
    let [found, last] = [0, 0];
    for (let bit = 0; bit < original.length * 8; bit += step) {
      // What is zero is mostly room that nothing uses: looked at, but not so closely.
      if (original[bit >> 3] === 0 && step > 1 && bit % 7 !== 0) continue;
      const bytes = Buffer.from(original);
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      writeFileSync(file, bytes);
      for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
      last = bit;
      if ((await findingsIn(folder)).length > 0) found++;
      else expect([last, contentOf(folder)]).toEqual([last, before]);
    }
    expect(found).toBeGreaterThan(100);
  }, isEveryBitTried ? 3 * 3_600_000 : 60_000);

  /** Small pages: the same rows in fewer bits. */
  function repack(file: string): void {
    const database = new Sqlite(file);
    database.pragma('journal_mode = delete');
    database.pragma('page_size = 512');
    database.exec('vacuum');
    database.close();
  }

  /** All that is recorded, as text. */
  function contentOf(folder: string): string {
    const database = new Sqlite(join(folder, 'audit-2026-11.db'), { readonly: true });
    const tables = ['record', 'payload', 'checkpoint', 'purge'].map((table) => database.prepare(`select * from ${table} order by rowid`).raw().all());
    database.close();
    return JSON.stringify(tables);
  }

  test('[AU-03] deletion, reordering and truncation are found, and so is a chain that was made anew without the key', async () => {
    const after = async (work: (database: Sqlite.Database) => void): Promise<string[]> => {
      const folder = copy();
      tamper(folder, work);
      return kindsOf(await findingsIn(folder));
    };
    expect(await after((database) => database.exec('delete from record where seq = 17; delete from payload where position = 17'))).toEqual(['missing']);
    expect(await after((database) => database.exec('delete from record where seq < 5; delete from payload where position < 5'))).toEqual(['missing']);
    expect(await after((database) => database.exec('delete from record where seq > 55; delete from payload where position > 55; delete from checkpoint where seq > 55'))).toEqual(['truncated']);
    expect(await after((database) => database.exec('update record set position = 1000 where seq = 20; update record set position = 20 where seq = 21; update record set position = 21 where seq = 20; '))).toContain('reordered');
    expect(await after((database) => database.exec("delete from record; delete from payload; delete from checkpoint"))).toEqual(['truncated']);
    expect(await after((database) => database.exec('delete from payload where position = 1'))).toEqual(['payload_missing']);
    const forged = await after((database) => {
      let last = (database.prepare('select hash from record where seq = 29').get() as { hash: string }).hash;
      for (const { seq, text } of database.prepare('select seq, text from record where seq >= 30 order by seq').all() as { seq: number; text: string }[]) {
        const changed = seq === 30 ? text.replace('"outcome":"ok"', '"outcome":"no"') : text;
        last = hash('sha256', `${last}\n${seq}\n${changed}`);
        database.prepare('update record set text = ?, hash = ?, outcome = ? where seq = ?').run(changed, last, seq === 30 ? 'no' : 'ok', seq);
      }
    });
    expect(forged).toEqual(['edited']);
  });

  test('[AU-04] rules that were taken off the tables, and a purge that no record says, are found', async () => {
    const messages = async (work: (database: Sqlite.Database) => void): Promise<string[]> => {
      const folder = copy();
      const database = new Sqlite(join(folder, 'audit-2026-11.db'));
      work(database);
      database.close();
      return (await findingsIn(folder)).map(({ kind, message }) => `${kind}: ${message}`);
    };
    expect(await messages((database) => database.exec('drop trigger record_no_update'))).toEqual(['store_damaged: audit-2026-11.db: tables or triggers are not as they were made']);
    expect(await messages((database) => database.exec('insert into purge values (7)'))).toEqual(['store_damaged: audit-2026-11.db: a purge up to position 7 is in no record']);
  });

  test('[AU-03] the head that is kept apart cannot be changed or lost either', async () => {
    const change = async (work: (file: string) => void): Promise<string[]> => {
      const folder = copy();
      work(join(folder, 'audit-head.json'));
      return kindsOf(await findingsIn(folder));
    };
    const text = readFileSync(join(made.folder, 'audit-head.json'));
    expect(await change((file) => rmSync(file))).toEqual(['truncated']);
    for (let bit = 0; bit < text.length * 8; bit += 13) {
      const bytes = Buffer.from(text);
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect([bit, (await change((file) => writeFileSync(file, bytes))).length > 0]).toEqual([bit, true]);
    }
  });

  describe('what was recorded under load and waits to become rows', () => {
    const many = (batch: number): PendingRecord[] => Array.from({ length: 250 }, (_, index) => call(`m${batch}-${index}`, {}, index % 3 === 0 ? { arguments: `{"text":"a\\tb",\n\t"n":${index}}` } : {}));
    const idsIn = async (store: AuditStore): Promise<string[]> => (await store.find({ limit: 2_000 })).map(({ text }) => (JSON.parse(text) as { id: string }).id).toReversed();

    /** A gateway that was killed while 500 records waited. */
    async function killed(): Promise<string> {
      const folder = newFolder();
      const clock = { nowMs: NOW_MS };
      // Each write a while after the one before, so that the head beside the record is as new as its end.
      const writing = new SqliteAuditWriter({ folder, writer, privateKey, redact, nowMs: () => (clock.nowMs += 1_000) });
      for (const records of [[call('first')], many(0), many(1)]) writing.append([RecordPack.of(records).bytes]);
      expect(writing.isBehind).toBe(true);
      const left = newFolder();
      for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(left, name));
      writing.close();
      return left;
    }

    const expected = ['first', ...[0, 1].flatMap((batch) => Array.from({ length: 250 }, (_, index) => `m${batch}-${index}`))];

    test('is found at once, in its order, and with what was kept of it', async () => {
      const store = sqliteStore(newFolder());
      await store.append([RecordPack.of([call('first')])]);
      await store.append([RecordPack.of(many(0))]);
      await store.append([RecordPack.of(many(1))]);
      await store.append([RecordPack.of([call('last')])]);
      expect(await idsIn(store)).toEqual([...expected, 'last']);
      const [found] = await store.find({ callId: 'm1-3', limit: 1 });
      expect(await store.payloadAt(found?.position ?? 0)).toEqual({ arguments: '{"text":"a\\tb",\n\t"n":3}', result: null });
      expect(await verify(store)).toEqual([]);
      await store.close();
    });

    test('survives the end of the process, and the chain goes on behind it', async () => {
      const folder = await killed();
      const store = sqliteStore(folder);
      await store.append([RecordPack.of([call('later')])]);
      expect(await idsIn(store)).toEqual([...expected, 'later']);
      expect(await verify(store)).toEqual([]);
      await store.close();
      expect(readFileSync(join(folder, 'audit-intake.tsv'), 'utf8')).toBe('');
    });

    test('is no row twice where the process ended between the two', async () => {
      const folder = await killed();
      const waiting = readFileSync(join(folder, 'audit-intake.tsv'));
      await sqliteStore(folder).close();
      writeFileSync(join(folder, 'audit-intake.tsv'), waiting);
      const store = sqliteStore(folder);
      expect(await idsIn(store)).toEqual(expected);
      expect(await verify(store)).toEqual([]);
      await store.close();
    });

    test('what a crash left of a write that nobody was told of is no record', async () => {
      const folder = await killed();
      writeFileSync(join(folder, 'audit-intake.tsv'), `${readFileSync(join(folder, 'audit-intake.tsv'), 'utf8')}502\tabc\t{"kind":"ca`);
      const store = sqliteStore(folder);
      expect(await idsIn(store)).toEqual(expected);
      expect(await verify(store)).toEqual([]);
      await store.close();
    });

    test('[AU-03] any single bit of it is found', async () => {
      const folder = await killed();
      const names = readdirSync(folder);
      const intact = readFileSync(join(folder, 'audit-intake.tsv'));
      // The bits of one line with payload and of the ends around it, a few at a time; the lines are all alike.
      const start = intact.indexOf('\n') - 2;
      const end = intact.indexOf('\n', intact.indexOf('a\\\\tb', start)) + 2;
      for (let bit = start * 8; bit < end * 8; bit += 163) {
        const changed = newFolder();
        for (const name of names) copyFileSync(join(folder, name), join(changed, name));
        const bytes = Buffer.from(intact);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        writeFileSync(join(changed, 'audit-intake.tsv'), bytes);
        const store = sqliteStore(changed);
        expect([bit, (await verify(store)).length > 0]).toEqual([bit, true]);
        await store.close();
      }
    }, 60_000);

    test('[AU-03] a line whose payload is spelled otherwise, though it says the same, is found', async () => {
      const folder = await killed();
      const file = join(folder, 'audit-intake.tsv');
      // The tab behind the arguments becomes a carriage return, which JSON takes for white space.
      writeFileSync(file, readFileSync(file, 'latin1').replace(/"\t\n/, '"\r\n'), 'latin1');
      const store = sqliteStore(folder);
      expect(kindsOf(await verify(store))).toEqual(['missing']);
      await store.close();
    });
  });

  test('a chain whose end was cut off shows the gap for ever, though the gateway goes on', async () => {
    const folder = copy();
    tamper(folder, (database) => database.exec('delete from record where seq > 50; delete from payload where position > 50; delete from checkpoint where seq > 50'));
    const store = sqliteStore(folder, { nowMs: NOW_MS + 600_000 });
    await store.append([RecordPack.of([call('later', { atMs: NOW_MS + 600_000 })])]);
    expect(kindsOf(await verify(store))).toEqual(['missing']);
    await store.close();
  });
});
