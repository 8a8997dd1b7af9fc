/** The n-th operation fails, for each n: twelve things that people and clients do, each tried with every failure of every kind. */
import { fileURLToPath } from 'node:url';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FAULTS } from '../../src/base/fault.ts';
import { fixtureCommand, type RunningFixture, startFixture } from '../fixtures/start-fixture.ts';
import { modernRequest, openSession, type RawAnswer, textOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';
import { startRedis, type TestRedis } from '../support/start-redis.ts';
import { askAdmin } from './ask-admin.ts';
import { type Kind, KINDS } from './failing-operation-kinds.ts';
import { History, violations } from './history.ts';

const KEY = randomKey();
const TIMEOUT_MS = 10_000;
/** Of each flow and kind; what comes after is the same statement for further rows. */
const N_MAX = 10;
const RPC_CODES: ReadonlySet<number> = new Set(Object.values(FAULTS).filter(({ rpc }) => rpc !== FAULTS['gateway.bug'].rpc).map(({ rpc }) => rpc));
const CODES: ReadonlySet<string> = new Set(Object.keys(FAULTS));

interface Ended {
  readonly status: number;
  /** Of the fault, where it is one: JSON-RPC code or code of the problem. */
  readonly fault: number | string | undefined;
  /** What the server did, as the answer has it. */
  readonly outcome?: unknown;
}

let redis: TestRedis | undefined;
let http: RunningFixture;
let gateway: RunningGateway;
let control = '';
let turn = 0;

beforeAll(async () => {
  [redis, http] = await Promise.all([startRedis(), startFixture('counting-server.ts')]);
  const preload = pathToFileURL(fileURLToPath(new URL('failing-operations.ts', import.meta.url))).href;
  gateway = await startGateway({
    env: { NODE_OPTIONS: `--import ${preload}`, METAMCP_AUDIT: 'strict', ...(redis && { REDIS_URL: redis.url }) },
    config: {
      servers: { near: { ...fixtureCommand('counting-server.ts', '--stdio'), isolation: 'shared' }, far: { url: http.url } },
      namespaces: { all: { servers: ['near', 'far'] } },
      endpoints: { all: { namespace: 'all', limits: [{ scope: 'client', by: 'key', max: 100_000, seconds: 60 }] }, signed: { namespace: 'all', auth: { apiKey: false, oauth: true } } },
      keys: { test: { value: KEY } },
    },
  });
  control = /failing-operations (http:\S+)/.exec(gateway.stderr())?.[1] ?? '';
}, 60_000);
afterAll(async () => {
  const [last] = [gateway.stderr().slice(-2_000)];
  if ((await gateway.stop()) !== 0) process.stderr.write(`the gateway did not end well: ${last}\n`);
  await http.stop();
  await redis?.stop();
});

/** From now on the n-th operation of the kind fails; answers with what was counted before. */
async function arm(kind: Kind | 'none', n: number): Promise<Readonly<Record<Kind, number>>> {
  return (await (await fetch(`${control}/${kind}/${n}`)).json()) as Record<Kind, number>;
}

const rpc = ({ status, message }: RawAnswer): Ended => ({ status, fault: message.error?.code, outcome: message.error?.data?.['outcome'] });
const peer = (): { url: string; key: string } => ({ url: gateway.mcp('all'), key: KEY });
async function admin(method: string, path: string, body?: object): Promise<Ended> {
  const answer = await askAdmin(gateway, method, path, body);
  return { status: answer.status, fault: answer.status < 400 ? undefined : String(answer.body['code']) };
}
const count = async (server: string): Promise<Ended> => {
  const ended = rpc(await modernRequest(peer(), 'tools/call', { name: `${server}__count`, arguments: { key: `${server}-${turn}` } }));
  asked.set(`${server}-${turn}`, ended);
  return ended;
};
const asked = new Map<string, Ended>();
/** A server with nothing behind it: it is only configured. */
const idle = { url: 'http://127.0.0.1:9/mcp' };

const FLOWS: Readonly<Record<string, () => Promise<Ended>>> = {
  'a list of tools': async () => rpc(await modernRequest(peer(), 'tools/list')),
  'a call over stdio': () => count('near'),
  'a call over HTTP': () => count('far'),
  'a session with a call': async () => {
    const session = await openSession(peer()).catch((thrown: unknown) => String(thrown));
    if (typeof session === 'string') return { status: Number(/no session: (\d+)/.exec(session)?.[1]), fault: Number(/"code":(-?\d+)/.exec(session)?.[1]) };
    const ended = rpc(await session.request('tools/call', { name: 'near__counts', arguments: {} }));
    await session.end();
    return ended;
  },
  'a tool as plain HTTP': async () => {
    const answer = await fetch(`${gateway.url}/metamcp/all/api/near__counts`, { headers: { authorization: `Bearer ${KEY}` } });
    const text = await answer.text();
    return { status: answer.status, fault: answer.ok ? undefined : (JSON.parse(text) as { readonly type: string }).type.replace('urn:metamcp:fault:', '') };
  },
  'a new key': () => admin('POST', '/api/v1/keys', { name: `key-${turn}` }),
  'the list of keys': () => admin('GET', '/api/v1/keys'),
  'a new server': () => admin('POST', '/api/v1/servers', { name: `server-${turn}`, config: idle }),
  'a restart of a server': () => admin('POST', '/api/v1/servers/near/restart'),
  'a secret': () => admin('PUT', `/api/v1/secrets/SECRET_${turn}`, { value: `value ${turn}` }),
  'the record': () => admin('GET', '/api/v1/audit?limit=5'),
  'a registration of an OAuth client': async () => {
    const answer = await fetch(`${gateway.url}/oauth/register`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ redirect_uris: ['http://127.0.0.1:1/callback'], client_name: `c${turn}`, token_endpoint_auth_method: 'none' }) });
    const body = (await answer.json().catch(() => ({}))) as { readonly error?: string };
    return { status: answer.status, fault: body.error };
  },
};

function isListed({ status, fault }: Ended): boolean {
  if (fault === undefined) return status < 400;
  return typeof fault === 'number' ? RPC_CODES.has(fault) : CODES.has(fault) ? fault !== 'gateway.bug' : ['temporarily_unavailable', 'server_error'].includes(fault);
}

test.each(Object.entries(FLOWS))('[F-42] %s ends well or with a listed fault, whichever operation fails, and works the next time', async (name, flow) => {
  const history = new History(() => performance.now());
  const ask = (request: string): Promise<Ended> => history.ask({ request, principal: 'ann', timeoutMs: TIMEOUT_MS }, flow, (ended) => ({ isError: !isListed(ended) || ended.fault !== undefined, text: '' }));
  await arm('none', 0);
  turn++;
  const plain = await ask(`${name} plain`);
  expect(plain, JSON.stringify(plain)).toMatchObject({ fault: undefined });
  const operations = await arm('none', 0);
  const failed: Record<string, number> = {};
  for (const kind of KINDS) {
    for (let n = 1; n <= Math.min(operations[kind], N_MAX); n++) {
      turn++;
      await arm(kind, n);
      const ended = await ask(`${name} ${kind} ${n}`);
      await arm('none', 0);
      expect(isListed(ended), `${kind} ${n} ${JSON.stringify(ended)}`).toBe(true);
      if (ended.fault !== undefined) failed[kind] = (failed[kind] ?? 0) + 1;
    }
    turn++;
    await expect.poll(async () => (await ask(`${name} after ${kind} ${turn}`)).fault, { timeout: 15_000, interval: 100 }).toBeUndefined();
  }
  process.stderr.write(`${name}: ${JSON.stringify(operations)}, of which ended with a fault ${JSON.stringify(failed)}\n`);
  expect(violations(history.events)).toEqual([]);
}, 90_000);

test('[F-42] after all of it nothing is half there: keys, servers and the record agree with what was answered', async () => {
  await arm('none', 0);
  const seen = { ...JSON.parse(textOf((await modernRequest(peer(), 'tools/call', { name: 'far__counts', arguments: {} })).message)) } as Record<string, number>;
  for (const [key, { fault, outcome }] of asked) {
    if (!key.startsWith('far')) continue;
    if (fault === undefined) expect([key, seen[key]]).toEqual([key, 1]);
    else if (outcome === 'not_executed') expect([key, seen[key]]).toEqual([key, undefined]);
    else expect(seen[key] ?? 0).toBeLessThanOrEqual(1);
  }
  expect((await askAdmin(gateway, 'POST', '/api/v1/audit/verify', {})).body).toMatchObject({ isIntact: true });
  expect(gateway.stderr()).not.toMatch(/unhandled|uncaught/i);
});
