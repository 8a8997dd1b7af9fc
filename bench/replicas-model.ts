/**
 * What the shared stores can bear of many gateways: `npm run bench -- replicas` is not it, since it needs no gateway. Run
 * it as `node scripts/run.mjs bench/replicas-model.ts`; with a PostgreSQL and a Redis on this machine it measures what each
 * gateway costs them and what they take at most, and draws docs/scaling.svg from that.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import pg from 'pg';
import { systemClock } from '../src/base/clock.ts';
import { sharedGenerations } from '../src/storage/generations.ts';
import { migrate } from '../src/storage/migrate.ts';
import { openPostgres } from '../src/storage/postgres.ts';
import { beat, listReplicas, type ReplicaFacts } from '../src/storage/replicas.ts';
import type { Database } from '../src/storage/schema.ts';
import { putSharedSession } from '../src/storage/shared-sessions.ts';
import { Kysely } from 'kysely';
import { startPostgres } from '../test/support/start-postgres.ts';
import { startRedis } from '../test/support/start-redis.ts';
import { drawModel } from './replicas-chart.ts';

const SIZES = [3, 10, 30, 100, 300, 1_000, 3_000, 10_000];
const LISTENERS = [1, 10, 40, 80];
const WINDOW_MS = 1_500;

const factsOf = (index: number): ReplicaFacts => ({ id: `replica_${index}`, name: `gateway-${index}`, address: `http://10.0.0.1:${index}`, version: '0.1.0', generation: 1, isEncrypted: true, isListening: true, isLeader: index === 0, sessions: 0, startedAtMs: 1 });

/** How often `work` runs in a second, `lanes` at a time. */
async function rate(lanes: number, work: (index: number) => Promise<unknown>): Promise<number> {
  const untilMs = performance.now() + WINDOW_MS;
  const startedMs = performance.now();
  let done = 0;
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (performance.now() < untilMs) await work(done++);
  }));
  return (done * 1_000) / (performance.now() - startedMs);
}

const postgres = await startPostgres();
const redisServer = await startRedis();
if (postgres === undefined || redisServer === undefined) process.exit(1);
const databaseUrl = await postgres.createDatabase();
const db = new Kysely<Database>({ dialect: openPostgres(databaseUrl, systemClock, () => undefined) });
await migrate(db, 'postgres');

/** Beats a second that the database takes when so many gateways are there: each reads the generation, writes one row, reads all. */
const beats: { gateways: number; beatsPerSecond: number }[] = [];
let filled = 0;
for (const size of SIZES) {
  for (; filled < size; filled++) await beat(db, factsOf(filled));
  await sql`analyze replica`.execute(db);
  const beatsPerSecond = await rate(8, async (index) => {
    await sharedGenerations.read(db);
    await beat(db, factsOf(index % size));
    await listReplicas(db);
  });
  beats.push({ gateways: size, beatsPerSecond });
}

const facts = { endpoint: 'dev', principal: { kind: 'key' as const, id: 'key_1', credentialId: 'key_1', name: 'k' }, revision: '2025-11-25', capabilities: {}, logLevel: 'info', watched: [] };
const sessionsPerSecond = await rate(8, (index) => putSharedSession(db, { digest: `digest-${index}`, owner: 'replica_0', facts }, 1));

const notices: { listeners: number; noticesPerSecond: number; lateMs: number }[] = [];
for (const count of LISTENERS) {
  const clients = await Promise.all(Array.from({ length: count }, async () => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query('listen metamcp');
    return client;
  }));
  const sender = new pg.Client({ connectionString: databaseUrl });
  await sender.connect();
  const times: number[] = [];
  const startedMs = performance.now();
  let sent = 0;
  while (performance.now() - startedMs < WINDOW_MS) {
    const atMs = performance.now();
    const all = Promise.all(clients.map((client) => new Promise((resolve) => client.once('notification', resolve))));
    await sender.query(`select pg_notify('metamcp', '{"kind":"session","from":"replica_0","digest":"${'x'.repeat(43)}"}')`);
    await all;
    times.push(performance.now() - atMs);
    sent++;
  }
  notices.push({ listeners: count, noticesPerSecond: (sent * 1_000) / (performance.now() - startedMs), lateMs: times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0 });
  await Promise.all([...clients, sender].map((client) => client.end()));
}

const redis = new Redis(redisServer.url);
// As heavy as the script of limits: a hash read and written, and an expiry.
const script = `local v = redis.call('hmget', KEYS[1], 'a', 'b'); redis.call('hset', KEYS[1], 'a', ARGV[1], 'b', v[1] or 0); redis.call('pexpire', KEYS[1], 60000); return 1`;
const limitsPerSecond = await rate(64, (index) => redis.eval(script, 1, `bucket:${index % 1_000}`, index));

redis.disconnect();
await db.destroy();
await redisServer.stop();
await postgres.stop();

const model = { beats: beats.map(({ gateways, beatsPerSecond }) => ({ gateways, beatsPerSecond: Math.round(beatsPerSecond) })), sessionsPerSecond: Math.round(sessionsPerSecond), notices: notices.map(({ listeners, noticesPerSecond, lateMs }) => ({ listeners, noticesPerSecond: Math.round(noticesPerSecond), lateMs: Number(lateMs.toFixed(2)) })), limitsPerSecond: Math.round(limitsPerSecond) };
process.stdout.write(`${JSON.stringify(model, undefined, 2)}\n`);
writeFileSync(join(import.meta.dirname, '../docs/scaling.svg'), drawModel(model));
