/** The configuration file is edited while clients are at work: what changed is seen, what did not change is not disturbed. */
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { listen, modernRequest, openGetStream, openSession, type RawAnswer, type RawStream, textOf, toolNamesOf } from '../support/http-peer.ts';
import { descendants } from '../support/process-census.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const KEY = randomKey();
let gateway: RunningGateway;

const CONFIG = {
  servers: {
    count: fixtureCommand('counting-server.ts', '--stdio'),
    slow: fixtureCommand('slow-server.ts', '--stdio'),
    old: { ...fixtureCommand('slow-server.ts', '--stdio', '--era', 'legacy'), idleConnections: 0 },
  },
  namespaces: { all: { servers: ['count', 'slow', 'old'] } },
  endpoints: { all: { namespace: 'all' }, other: { namespace: 'all' } },
  keys: { test: { value: KEY } },
};
const RENAMED = { ...CONFIG, namespaces: { all: { ...CONFIG.namespaces.all, tools: { count__counts: { name: 'totals' } } } } };

beforeEach(async () => {
  gateway = await startGateway({ config: CONFIG });
});

afterEach(async () => {
  await gateway.stop();
});

/** The machine may be busy: what must happen in the end gets time for it. */
function eventually<T>(read: () => T) {
  return expect.poll(read, { timeout: 10_000 });
}

function ask(method: string, params: Record<string, unknown> = {}, endpoint = 'all'): Promise<RawAnswer> {
  return modernRequest({ url: gateway.mcp(endpoint), key: KEY }, method, params);
}

async function toolNames(endpoint = 'all'): Promise<string[]> {
  return toolNamesOf(await ask('tools/list', {}, endpoint));
}

function methods(stream: RawStream): (string | undefined)[] {
  return stream.messages().map((message) => message.method);
}

test('a new name of a tool is seen by everyone, and no call is dropped while it changes', async () => {
  const peer = { url: gateway.mcp('all'), key: KEY };
  const session = await openSession(peer);
  const [stream, listening] = [await openGetStream(peer, session), await listen(peer, { toolsListChanged: true })];
  let isOver = false;
  let [calls, legacyCalls] = [0, 0];
  const failures: unknown[] = [];
  const call = async (send: () => Promise<RawAnswer>): Promise<void> => {
    const answer = await send();
    if (answer.message.result === undefined) failures.push(answer);
  };
  const modern = (async () => {
    for (; !isOver; calls++) await call(() => ask('tools/call', { name: 'count__count', arguments: { key: 'modern' } }));
  })();
  const legacy = (async () => {
    for (; !isOver; legacyCalls++) await call(() => session.request('tools/call', { name: 'count__count', arguments: { key: 'legacy' } }, legacyCalls + 1));
  })();
  await eventually(() => Math.min(calls, legacyCalls)).toBeGreaterThan(3);

  await gateway.reconfigure(RENAMED);
  await eventually(() => toolNames()).toContain('totals');
  expect(await toolNames()).not.toContain('count__counts');
  await eventually(() => methods(stream)).toContain('notifications/tools/list_changed');
  await eventually(() => methods(listening)).toContain('notifications/tools/list_changed');
  const before = calls;
  await eventually(() => calls).toBeGreaterThan(before + 3);
  isOver = true;
  await Promise.all([modern, legacy]);

  expect(failures).toEqual([]);
  const { message } = await ask('tools/call', { name: 'totals', arguments: {} });
  expect(JSON.parse(textOf(message))).toEqual({ modern: calls, legacy: legacyCalls });
  const gone = await ask('tools/call', { name: 'count__counts', arguments: {} });
  expect(gone.message.error?.code).toBe(-32602);
  stream.close();
  listening.close();
});

test('an edit that changes nothing for an endpoint is not announced there', async () => {
  const listening = await listen({ url: gateway.mcp('all'), key: KEY }, { toolsListChanged: true });
  await gateway.reconfigure({
    ...CONFIG,
    namespaces: { ...CONFIG.namespaces, mine: { servers: ['count'] } },
    endpoints: { ...CONFIG.endpoints, mine: { namespace: 'mine' } },
  });
  await eventually(async () => (await ask('tools/list', {}, 'mine')).status).toBe(200);
  expect(methods(listening)).toEqual(['notifications/subscriptions/acknowledged']);
  listening.close();
});

test('an edit that is not valid changes nothing, and says where it is wrong', async () => {
  const before = await toolNames();
  const bad = { ...RENAMED, endpoints: { all: { namespace: 'nowhere' } } };
  await gateway.reconfigure(bad);
  const text = JSON.stringify(bad, null, 2).split('\n');
  const line = text.findIndex((row) => row.includes('"nowhere"')) + 1;
  await eventually(() => gateway.stderr()).toContain('the configuration before stays');
  expect(gateway.stderr()).toContain('endpoints.all.namespace');
  expect(gateway.stderr()).toMatch(new RegExp(`\\b${line}\\b`));
  await eventually(async () => (await gateway.log()).find((entry) => String(entry['msg']).startsWith('configuration refused'))).toMatchObject({
    level: 'error',
  });
  expect(await toolNames()).toEqual(before);
  expect(await toolNames('other')).toEqual(before);
});

test('text that is no JSON changes nothing, and the next good text counts', async () => {
  await writeFile(gateway.configFile ?? '', '{"servers": {');
  await eventually(() => gateway.stderr()).toContain('the configuration before stays');
  expect(await toolNames()).toContain('count__counts');
  await gateway.reconfigure(RENAMED);
  await eventually(() => toolNames()).toContain('totals');
});

test.each(['slow', 'old'])('calls in flight at the server "%s" finish although it was removed; then its process ends', async (server) => {
  const call = ask('tools/call', { name: `${server}__wait`, arguments: { ms: 4_000 } });
  const waiting = async (): Promise<string> => JSON.stringify((await ask('tools/call', { name: `${server}__waiting`, arguments: {} })).message.result);
  await eventually(waiting).toContain('"1"');
  const children = (await descendants(gateway.pid)).length;
  const { [server as 'slow']: _, ...servers } = CONFIG.servers;
  await gateway.reconfigure({ ...CONFIG, servers, namespaces: { all: { servers: Object.keys(servers) } } });
  await eventually(() => toolNames()).not.toContain(`${server}__wait`);
  const refused = await ask('tools/call', { name: `${server}__wait`, arguments: { ms: 1 } });
  expect(refused.message.error?.code).toBe(-32602);
  expect((await call).message.result).toMatchObject({ content: [{ text: 'Waited 4000 ms' }] });
  await eventually(async () => (await descendants(gateway.pid)).length).toBeLessThan(children);
});

test('a server whose command changed is replaced: old calls finish at the old process, new ones go to the new', async () => {
  const call = ask('tools/call', { name: 'count__count', arguments: { key: 'k', delayMs: 2_000 } });
  await eventually(async () => JSON.stringify((await ask('tools/call', { name: 'count__counts', arguments: {} })).message.result)).toContain('k');
  await gateway.reconfigure({ ...CONFIG, servers: { ...CONFIG.servers, count: { ...CONFIG.servers.count, env: { CANARY_ROUND: 'second' } } } });
  await eventually(async () => JSON.stringify((await ask('tools/call', { name: 'count__canary', arguments: {} })).message)).toContain('second');
  expect(JSON.stringify((await call).message.result)).toContain('count');
});

test('a server that was added is there for the next list', async () => {
  await gateway.reconfigure({
    ...CONFIG,
    servers: { ...CONFIG.servers, more: fixtureCommand('counting-server.ts', '--stdio') },
    namespaces: { all: { servers: [...CONFIG.namespaces.all.servers, 'more'] } },
  });
  await eventually(() => toolNames()).toContain('more__count');
});

test('[AZ-16] sessions end with their endpoint or their key', async () => {
  const [kept, ended] = [await openSession({ url: gateway.mcp('all'), key: KEY }), await openSession({ url: gateway.mcp('other'), key: KEY })];
  await gateway.reconfigure({ ...CONFIG, endpoints: { all: CONFIG.endpoints.all } });
  await eventually(async () => (await ended.request('ping')).status).toBe(404);
  expect((await kept.request('ping')).status).toBe(200);
  await gateway.reconfigure({ ...CONFIG, keys: { test: { value: randomKey() } } });
  await eventually(async () => (await kept.request('ping')).status).toBe(401);
});
