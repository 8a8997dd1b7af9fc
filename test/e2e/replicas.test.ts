/** Three gateways of one instance, processes of their own: what one changes holds at all, and a session is found from any. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningFixture, startFixture } from '../fixtures/start-fixture.ts';
import { listen, modernRequest, openGetStream, openSession, post, type RawAnswer, textOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { openReplicas, type RunningReplica, type RunningReplicas } from '../support/start-replicas.ts';

const KEY = randomKey();
const WATCHED = 'test://watched-resource';
/** What everybody must know within two seconds, and after how long nobody may be let in any more. */
const APPLIED_MS = 2_000;
const REVOKED_MS = 5_000;

const folder = mkdtempSync(join(tmpdir(), 'metamcp-replicas-test-'));
const journal = join(folder, 'journal');

let replicas: RunningReplicas | undefined;
let target: RunningFixture;
let counting: RunningFixture;
let one: RunningReplica;
let two: RunningReplica;
let three: RunningReplica;

beforeAll(async () => {
  [target, counting] = await Promise.all([startFixture('conformance-server.ts', '--era', 'legacy'), startFixture('counting-server.ts', '--journal', journal)]);
  replicas = await openReplicas({
    servers: { conf: { type: 'http', url: target.url }, count: { type: 'http', url: counting.url } },
    namespaces: { all: { servers: ['conf', 'count'] }, remembered: { servers: ['count'], middleware: [{ use: 'cache', with: { seconds: 600, readOnly: true } }] } },
    endpoints: { dev: { namespace: 'all' }, other: { namespace: 'all' }, remembered: { namespace: 'remembered' } },
    keys: { load: { value: KEY } },
  });
  const { start } = replicas ?? {};
  if (start === undefined) return;
  [one, two, three] = (await Promise.all(['one', 'two', 'three'].map((name) => start(name)))) as [RunningReplica, RunningReplica, RunningReplica];
}, 120_000);

afterAll(async () => {
  await replicas?.stop();
  await target.stop();
  await counting.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const door = (replica: RunningReplica, key = KEY) => ({ url: replica.mcp('dev'), key });
const all = (): RunningReplica[] => [one, two, three];
const statusAt = async (replica: RunningReplica, key: string): Promise<number> => (await modernRequest(door(replica, key), 'tools/list')).status;

async function listed(by: RunningReplica): Promise<Record<string, unknown>[]> {
  return (await by.admin('GET', 'replicas')).body['items'] as Record<string, unknown>[];
}

/** Milliseconds until it holds at every one of them. */
async function untilAtAll(holds: (replica: RunningReplica) => Promise<boolean>): Promise<number> {
  const startedMs = performance.now();
  await expect.poll(async () => (await Promise.all(all().map(holds))).every(Boolean), { timeout: 20_000, interval: 20 }).toBe(true);
  return performance.now() - startedMs;
}

test('[RP-01] each says who is there, which generation it serves, and that one of them leads', async ({ skip }) => {
  if (replicas === undefined) return skip();
  await expect.poll(async () => (await Promise.all(all().map(listed))).every((items) => items.length === 3 && items.every((item) => item['isCurrent'] === true)), { timeout: 10_000 }).toBe(true);
  const items = await listed(two);
  expect(new Set(items.map((item) => item['name']))).toEqual(new Set(['one', 'two', 'three']));
  expect(items.filter((item) => item['isSelf'])).toMatchObject([{ name: 'two', status: 'alive', isListening: true, isLinked: true, isEncrypted: true }]);
  expect(items.filter((item) => item['isLeader'])).toHaveLength(1);
});

test('[RP-01] [AZ-16] a key made at one opens all within two seconds, and opens none five seconds after it was revoked at another', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const made = (await one.admin('POST', 'keys', { name: 'brief', endpoints: ['dev'] })).body;
  const value = String(made['value']);
  const openedMs = await untilAtAll(async (replica) => (await statusAt(replica, value)) === 200);
  await two.admin('DELETE', `keys/${String(made['id'])}`);
  const closedMs = await untilAtAll(async (replica) => (await statusAt(replica, value)) === 401);
  process.stderr.write(`a key opens all after ${openedMs.toFixed(0)} ms, none ${closedMs.toFixed(0)} ms after it was revoked\n`);
  expect(openedMs).toBeLessThan(APPLIED_MS);
  expect(closedMs).toBeLessThan(REVOKED_MS);
  const after = await Promise.all(Array.from({ length: 60 }, (_, index) => statusAt(all()[index % 3] ?? one, value)));
  expect(after.filter((status) => status === 200)).toEqual([]);
});

test('[RP-01] an endpoint that is taken away at one is away at all, and what two change at once is both there', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const create = (replica: RunningReplica, name: string) => replica.admin('POST', 'endpoints', { name, config: { namespace: 'all' } });
  expect((await Promise.all([create(one, 'first'), create(two, 'second'), create(three, 'third')])).map(({ status }) => status)).toEqual([201, 201, 201]);
  const statusesAt = (replica: RunningReplica): Promise<number[]> => Promise.all(['first', 'second', 'third'].map(async (name) => (await modernRequest({ url: replica.mcp(name), key: KEY }, 'tools/list')).status));
  expect(await untilAtAll(async (replica) => (await statusesAt(replica)).every((status) => status === 200))).toBeLessThan(APPLIED_MS);
  expect((await three.admin('DELETE', 'endpoints/first')).status).toBe(200);
  expect(await untilAtAll(async (replica) => (await statusesAt(replica))[0] === 404)).toBeLessThan(APPLIED_MS);
});

test('[RP-01] a gateway that cannot listen any more still follows within two seconds, and listens again', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const client = new pg.Client({ connectionString: replicas.databaseUrl });
  await client.connect();
  const { rowCount } = await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'metamcp notices' and datname = current_database()`);
  expect(rowCount).toBe(3);
  await client.end();
  const made = (await three.admin('POST', 'keys', { name: 'deaf', endpoints: ['dev'] })).body;
  expect(await untilAtAll(async (replica) => (await statusAt(replica, String(made['value']))) === 200)).toBeLessThan(APPLIED_MS);
  await expect.poll(async () => (await listed(one)).every((item) => item['isListening'] === true), { timeout: 10_000 }).toBe(true);
  await expect.poll(async () => (await listed(one)).filter((item) => item['isLeader']).length, { timeout: 10_000 }).toBe(1);
});

test('[RP-02] a session opened at one is served from all, its stream too, and its id says nothing to others', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const session = await openSession(door(one));
  const via = (replica: RunningReplica, method: string, params: object = {}) => post(door(replica), { jsonrpc: '2.0', id: 7, method, params }, session.headers);
  for (const replica of all()) expect((await via(replica, 'tools/list')).status).toBe(200);
  const stream = await openGetStream(door(two), session);
  expect((await via(three, 'resources/subscribe', { uri: WATCHED })).message.result).toEqual({});
  expect((await via(two, 'tools/call', { name: 'conf__test_trigger_resource_update', arguments: {} })).status).toBe(200);
  await expect.poll(() => stream.messages().map(({ method }) => method), { timeout: 5_000 }).toContain('notifications/resources/updated');
  stream.close();
  // Neither another credential nor another id gets anywhere.
  const stranger = (await one.admin('POST', 'keys', { name: 'stranger', endpoints: ['dev'] })).body;
  await untilAtAll(async (replica) => (await statusAt(replica, String(stranger['value']))) === 200);
  expect((await post(door(two, String(stranger['value'])), { jsonrpc: '2.0', id: 1, method: 'ping' }, session.headers)).status).toBe(404);
  expect((await post(door(two), { jsonrpc: '2.0', id: 1, method: 'ping' }, { ...session.headers, 'mcp-session-id': `${session.id.slice(0, -1)}${session.id.endsWith('A') ? 'B' : 'A'}` })).status).toBe(404);
  const ended = await fetch(three.mcp('dev'), { method: 'DELETE', headers: { authorization: `Bearer ${KEY}`, ...session.headers } });
  expect(ended.status).toBe(200);
  for (const replica of all()) expect((await via(replica, 'ping')).status).toBe(404);
});

/** A call whose server asks who it is; `params` has the answer. */
function askWho(replica: RunningReplica, params: object): Promise<RawAnswer> {
  const call = { name: 'conf__test_elicitation', arguments: { message: 'Who?' } };
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
  return post(door(replica), { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...call, ...params, _meta: meta } }, { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': call.name });
}

/** The call waits at that gateway; the params that answer it. */
async function waitingAt(replica: RunningReplica): Promise<object> {
  const first = (await askWho(replica, {})).message.result;
  expect(first).toMatchObject({ resultType: 'input_required' });
  const [key = ''] = Object.keys(first?.['inputRequests'] as object);
  return { requestState: first?.['requestState'], inputResponses: { [key]: { action: 'accept', content: { username: 'ann', email: 'ann@example.org' } } } };
}

test('[RP-02] a call that waits for an answer at one goes on where the answer comes to', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const answered = await askWho(two, await waitingAt(one));
  expect(answered.message.result).toMatchObject({ resultType: 'complete' });
  expect(textOf(answered.message)).toContain('ann');
});

test('[RP-02] [RP-03] a call that waited at a gateway that was killed is said to be lost, wherever it is answered', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const victim = await replicas.start('waiting');
  await expect.poll(async () => (await listed(one)).map((item) => item['name']), { timeout: 5_000 }).toContain('waiting');
  const answer = await waitingAt(victim);
  await victim.kill();
  for (const replica of all()) expect((await askWho(replica, answer)).message.error).toMatchObject({ code: -32602, message: expect.stringContaining('start the request again') });
});

test('[RP-02] a stream of 2026-07-28 ends with a result when its gateway is stopped, and hears at another one what changes from then on', async ({ skip }) => {
  if (replicas === undefined) return skip();
  // One that no file owns, so that it can be changed.
  expect((await one.admin('POST', 'namespaces', { name: 'changing', config: { servers: ['conf', 'count'] } })).status).toBe(201);
  expect((await one.admin('POST', 'endpoints', { name: 'changing', config: { namespace: 'changing' } })).status).toBe(201);
  const leaver = await replicas.start('streaming');
  const doorOf = (replica: RunningReplica) => ({ url: replica.mcp('changing'), key: KEY });
  const kinds = { toolsListChanged: true };
  const stream = await listen(doorOf(leaver), kinds);
  await expect.poll(() => stream.messages().length, { timeout: 5_000 }).toBeGreaterThan(0);
  expect(await leaver.stop()).toBe(0);
  expect(stream.messages().at(-1)).toMatchObject({ id: 'listen', result: {} });
  const again = await listen(doorOf(two), kinds);
  await expect.poll(() => again.messages().length, { timeout: 5_000 }).toBeGreaterThan(0);
  // What is changed at a third one.
  expect((await three.admin('PATCH', 'namespaces/changing', { config: { servers: ['conf'] } })).status).toBe(200);
  await expect.poll(() => again.messages().map(({ method }) => method), { timeout: 10_000 }).toContain('notifications/tools/list_changed');
  again.close();
});

test('[RP-03] a call of a session that is under way when its gateway is killed ends as unknown for who sent it elsewhere, and was made once; one that is stopped answers it first', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const [killed, stopped] = await Promise.all([replicas.start('killed'), replicas.start('stopped')]);
  const begin = async (owner: RunningReplica, key: string): Promise<() => Promise<RawAnswer>> => {
    const session = await openSession(door(owner));
    const send = (method: string, params: object, id: number) => post(door(one), { jsonrpc: '2.0', id, method, params }, session.headers);
    await expect.poll(async () => (await send('ping', {}, 1)).status, { timeout: 5_000 }).toBe(200);
    const answer = send('tools/call', { name: 'count__count', arguments: { key, delayMs: 4_000 } }, 2);
    await expect.poll(async () => readFileSync(journal, 'utf8').split('\n').includes(key), { timeout: 5_000 }).toBe(true);
    return () => answer;
  };
  const [lost, kept] = await Promise.all([begin(killed, 'under way, killed'), begin(stopped, 'under way, stopped')]);
  const [, code] = await Promise.all([killed.kill(), stopped.stop()]);
  const { status, message } = await lost();
  expect([status, message.error?.data]).toMatchObject([502, { reason: 'gateway.replica_lost', outcome: 'unknown' }]);
  expect([code, textOf((await kept()).message)]).toMatchObject([0, expect.stringContaining('under way, stopped')]);
  const times = (key: string): number => readFileSync(journal, 'utf8').split('\n').filter((line) => line === key).length;
  expect([times('under way, killed'), times('under way, stopped')]).toEqual([1, 1]);
}, 30_000);

test('[RP-03] when the owner of a session is killed it goes on elsewhere with all that it knew', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const victim = await replicas.start('victim');
  const session = await openSession(door(victim), { roots: {} });
  const via = (replica: RunningReplica, method: string, params: object = {}) => post(door(replica), { jsonrpc: '2.0', id: 7, method, params }, session.headers);
  await via(victim, 'resources/subscribe', { uri: WATCHED });
  // What another gateway must know is written behind the answer.
  const client = new pg.Client({ connectionString: replicas.databaseUrl });
  await client.connect();
  await expect.poll(async () => (await client.query('select 1 from shared_session where facts like $1', [`%${WATCHED}%`])).rowCount, { timeout: 5_000 }).toBe(1);
  await client.end();
  await expect.poll(async () => (await via(one, 'ping')).status, { timeout: 5_000 }).toBe(200);
  await victim.kill();
  const statuses = await Promise.all([one, two, three, one, two].map(async (replica) => (await via(replica, 'tools/list')).status));
  expect(statuses).toEqual([200, 200, 200, 200, 200]);
  const stream = await openGetStream(door(two), session);
  await expect
    .poll(
      async () => {
        await via(three, 'tools/call', { name: 'conf__test_trigger_resource_update', arguments: {} });
        return stream.messages().map(({ method }) => method);
      },
      { timeout: 5_000 },
    )
    .toContain('notifications/resources/updated');
  stream.close();
  // One of them has it now, and the others know.
  const owners = await Promise.all(all().map(async (replica) => ((await replica.admin('GET', 'sessions')).body['items'] as { endpoint: string }[]).length));
  expect(owners.reduce((sum, count) => sum + count, 0)).toBe(1);
  await expect.poll(async () => (await listed(one)).find((item) => item['name'] === 'victim')?.['status'], { timeout: 10_000 }).toBe('gone');
});

test('[RP-03] a gateway that is stopped gives its sessions to the others', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const leaver = await replicas.start('leaver');
  const session = await openSession(door(leaver));
  const call = (replica: RunningReplica, key: string) => post(door(replica), { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'count__count', arguments: { key } } }, session.headers);
  expect((await call(leaver, 'before')).status).toBe(200);
  expect(await leaver.stop()).toBe(0);
  expect(textOf((await call(one, 'after')).message)).toContain('"count":1');
  expect(textOf((await call(two, 'after')).message)).toContain('"count":2');
  await expect.poll(async () => (await listed(one)).map((item) => item['name']), { timeout: 10_000 }).not.toContain('leaver');
});

test('[RP-01] what one gateway was answered the others give again, and the store cannot read it', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const count = async (replica: RunningReplica): Promise<string> => textOf((await modernRequest({ url: replica.mcp('remembered'), key: KEY }, 'tools/call', { name: 'count__count', arguments: { key: 'remembered by all' } })).message);
  const store = new Redis(replicas.redis.url);
  try {
    const first = await count(one);
    expect(first).toContain('"count":1');
    await expect.poll(() => store.keys('metamcp:result:*'), { timeout: 5_000 }).toHaveLength(1);
    expect([await count(two), await count(three), await count(one)]).toEqual([first, first, first]);
    expect(JSON.stringify(await store.mget(await store.keys('metamcp:result:*')))).not.toContain('count');
    // One that was flushed has nothing; the server is asked, and it is well.
    await store.flushall();
    const fresh = await replicas.start('forgetful');
    expect(await count(fresh)).toContain('"count":2');
    await fresh.stop();
  } finally {
    store.disconnect();
  }
});

test('[RP-02] [RP-06] the door between gateways opens for gateways only, and plainly only while there is one of a version without TLS', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const client = new pg.Client({ connectionString: replicas.databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ address: string }>('select address from replica where name = $1', ['one']);
    const knock = async (): Promise<number> => {
      const answer = await fetch(`${rows[0]?.address ?? ''}/metamcp/dev/mcp`, { method: 'POST', headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'x-metamcp-replica': 'v1.AAAA' }, body: '{}' });
      await answer.body?.cancel();
      return answer.status;
    };
    expect(await knock()).toBe(503);
    const stranger = connectTls({ port: Number(new URL(rows[0]?.address ?? '').port), host: new URL(rows[0]?.address ?? '').hostname, rejectUnauthorized: false });
    expect(((await once(stranger, 'error')) as [NodeJS.ErrnoException])[0].code).toMatch(/^ERR_SSL_/);
    // As a gateway of the version before says that it is there: it knows of no column for TLS.
    await client.query("insert into replica (id, name, address, version, generation, is_listening, is_leader, sessions, started_at_ms, seen_at_ms) values ('old', 'old', 'http://127.0.0.1:9', '0.0.9', 1, 1, 0, 0, 1, (extract(epoch from clock_timestamp()) * 1000)::bigint + 3000)");
    await expect.poll(knock, { timeout: 5_000 }).toBe(403);
    await client.query("delete from replica where id = 'old'");
    await expect.poll(knock, { timeout: 5_000 }).toBe(503);
  } finally {
    await client.end();
  }
});

test('[RP-04] [AU-03] each gateway verifies the records of all, of those that were killed and stopped too', async ({ skip }) => {
  if (replicas === undefined) return skip();
  for (const replica of all()) {
    const { body } = await replica.admin('POST', 'audit/verify', {});
    expect(body).toMatchObject({ isIntact: true, findings: [], unverifiedWriters: 0 });
    expect(Number(body['records'])).toBeGreaterThan(10);
  }
  const late = await replicas.start('late');
  expect((await late.admin('POST', 'audit/verify', {})).body).toMatchObject({ isIntact: true, findings: [] });
  expect(JSON.stringify(await late.log())).not.toContain('chain_broken');
  await late.stop();
});

test('[RP-01] [RP-03] without Valkey and without PostgreSQL what is configured is still served, and the balancer is told', async ({ skip }) => {
  const restart = replicas?.postgres.restart;
  const kill = replicas?.redis.kill;
  if (replicas === undefined || restart === undefined || kill === undefined) return skip();
  const readiness = (replica: RunningReplica): Promise<number> => fetch(`${replica.url}/ready`).then(async (answer) => (await answer.body?.cancel(), answer.status));
  const session = await openSession(door(one));
  const viaTwo = (): Promise<number> => post(door(two), { jsonrpc: '2.0', id: 7, method: 'tools/list' }, session.headers).then(({ status }) => status);
  expect(await viaTwo()).toBe(200);
  await kill();
  expect([await readiness(one), await statusAt(two, KEY)]).toEqual([200, 200]);
  await restart.stop();
  expect(await readiness(one)).toBe(503);
  // Keys are in the snapshot, and a living owner is known without the database.
  expect([await statusAt(three, KEY), await viaTwo()]).toEqual([200, 200]);
  expect((await one.admin('POST', 'keys', { name: 'never', endpoints: ['dev'] })).status).toBe(503);
  await restart.start();
  await replicas.redis.start();
  await expect.poll(() => Promise.all(all().map(readiness)), { timeout: 15_000 }).toEqual([200, 200, 200]);
  const made = (await one.admin('POST', 'keys', { name: 'again', endpoints: ['dev'] })).body;
  await untilAtAll(async (replica) => (await statusAt(replica, String(made['value']))) === 200);
  await expect.poll(async () => (await listed(two)).filter((item) => item['isListening'] === true && item['isCurrent'] === true).length, { timeout: 15_000 }).toBe(3);
}, 60_000);
