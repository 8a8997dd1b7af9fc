/** Faults of HTTP and SSE servers and of the network before them, through the whole gateway as a process of its own. */
import type { ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { modernRequest, type RawAnswer, textOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { canaryOf, History, violations } from './history.ts';
import { hostileHttp, type Family, type Message } from './hostile-http.ts';
import { SEED, seeded } from './seed.ts';

const KEY = randomKey();
const TOKEN = randomKey();
let running: RunningGateway | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

async function start(servers: Readonly<Record<string, object>>): Promise<RunningGateway> {
  const config = { servers, namespaces: { all: { servers: Object.keys(servers) } }, endpoints: { all: { namespace: 'all' } }, keys: { test: { value: KEY } } };
  running = await startGateway({ config });
  return running;
}

const ask = (gateway: RunningGateway, method: string, params: Readonly<Record<string, unknown>>, id = 1): Promise<RawAnswer> => modernRequest({ url: gateway.mcp('all'), key: KEY }, method, params, id);
const call = (gateway: RunningGateway, name: string, args: object = {}, id = 1): Promise<RawAnswer> => ask(gateway, 'tools/call', { name, arguments: args }, id);
const countOf = (server: ScriptedServer, tool: string): number => server.requests.filter(({ body }) => body.includes(`"name":"${tool}"`) && body.includes('tools/call')).length;

const FAMILIES: readonly Family[] = ['legacy', 'modern'];
const partial = (message: Message): string => `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"resu`;

const BREAKS = {
  before: (_message: Message, response: ServerResponse) => void response.socket?.resetAndDestroy(),
  body: (message: Message, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
    response.write(partial(message), () => response.socket?.resetAndDestroy());
  },
  stream: (message: Message, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`event: message\ndata: ${partial(message)}`, () => response.socket?.resetAndDestroy());
  },
};

test.each(FAMILIES)('[F-16] a connection that a %s server resets ends a call as of unknown effect and is not sent again; what reads is, twice', async (family) => {
  let resets = 0;
  const server = await startScriptedServer(
    hostileHttp(family, BREAKS, (message, response, answer) => {
      if (message.method !== 'resources/read') return false;
      // Of each three attempts the third is answered.
      if (++resets % 3 === 0) answer({ contents: [{ uri: 'file:///a', text: 'read' }] });
      else response.socket?.resetAndDestroy();
      return true;
    }),
  );
  const gateway = await start({ bad: { url: server.url, revision: family } });
  for (const tool of Object.keys(BREAKS)) {
    expect((await call(gateway, `bad__${tool}`)).message.error).toMatchObject({ code: -31_003, data: { server: 'bad', outcome: 'unknown' } });
    expect(countOf(server, tool)).toBe(1);
    // An answer in between, so that the breaks are three single ones.
    expect(textOf((await call(gateway, 'bad__echo', { said: tool })).message)).toContain(tool);
  }
  const { message } = await ask(gateway, 'resources/list', {});
  const [{ uri } = { uri: '' }] = (message.result?.['resources'] ?? []) as { uri: string }[];
  const read = await ask(gateway, 'resources/read', { uri });
  expect(JSON.stringify(read.message.result)).toContain('read');
  expect(resets).toBe(3);
}, 30_000);

test('[F-18] statuses of a server are told for what they are, a redirect leads nowhere, and no token leaves for it', async () => {
  const inside = await startScriptedServer((_request, response) => response.end('{}'));
  const status = (code: number, headers: Record<string, string> = {}, body = '') => (_message: Message, response: ServerResponse) => void response.writeHead(code, headers).end(body);
  const server = await startScriptedServer(
    hostileHttp('legacy', {
      unauthorized: status(401, { 'www-authenticate': 'Bearer' }),
      forbidden: status(403),
      limited: status(429, { 'retry-after': '7' }),
      failing: status(500, { 'content-type': 'application/json' }, '{}'),
      page: status(502, { 'content-type': 'text/html' }, '<html>secret page</html>'),
      redirect: status(302, { location: inside.url }),
    }),
  );
  const gateway = await start({ bad: { url: server.url, revision: 'legacy', headers: { Authorization: `Bearer ${TOKEN}` } } });
  const told: Record<string, unknown> = {};
  for (const tool of ['unauthorized', 'forbidden', 'limited', 'failing', 'page', 'redirect']) {
    const { headers, message } = await call(gateway, `bad__${tool}`);
    told[tool] = message.error?.code;
    expect(JSON.stringify(message)).not.toMatch(new RegExp(`${TOKEN}|secret page`));
    if (tool === 'limited') expect(headers['retry-after']).toBe('7');
  }
  expect(told).toEqual({ unauthorized: -31_013, forbidden: -31_004, limited: -31_001, failing: -31_004, page: -31_004, redirect: -31_001 });
  expect(inside.requests).toEqual([]);
  expect(textOf((await call(gateway, 'bad__echo', { said: 1 })).message)).toContain('1');
}, 30_000);

test.each(['told', 'chunked'])('[F-10] a result of 100 MB over HTTP, its length %s, is refused at the limit and its connection closed', async (kind) => {
  let sentBytes = 0;
  const piece = 'A'.repeat(1 << 20);
  const large = (message: Message, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/json', ...(kind === 'told' ? { 'content-length': '100000000' } : {}) });
    response.on('error', () => undefined);
    response.write(`{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":{"text":"`);
    const more = (): void => {
      while (sentBytes < 99_000_000 && !response.destroyed) {
        sentBytes += piece.length;
        if (!response.write(piece)) return void response.once('drain', more);
      }
    };
    more();
  };
  const server = await startScriptedServer(hostileHttp('legacy', { large }));
  const gateway = await start({ bad: { url: server.url, revision: 'legacy' } });
  expect((await call(gateway, 'bad__large')).message.error).toMatchObject({ code: -31_005, data: { outcome: 'executed' } });
  expect(sentBytes).toBeLessThan(40_000_000);
  expect(textOf((await call(gateway, 'bad__echo', { said: 1 })).message)).toContain('1');
}, 30_000);

test('[F-37] over a line with 300 ms of delay, stalls and 56 kbit/s nothing is wrong, and after it all is as before', async () => {
  const random = seeded(SEED);
  const history = new History(() => performance.now());
  const server = await startScriptedServer(hostileHttp('legacy', {}));
  const proxy = await startFaultProxy(server.url, random);
  const gateway = await start({ far: { url: proxy.through(server.url), revision: 'legacy', callTimeoutMs: 5_000 } });
  let requests = 0;
  const once = async (principal: string): Promise<RawAnswer> => {
    const said = canaryOf(principal, SEED);
    const request = `r${++requests}`;
    return history.ask({ request, principal, timeoutMs: 5_000 }, () => call(gateway, 'far__echo', { said }, requests), ({ message }) => ({ isError: message.error !== undefined, text: JSON.stringify(message) }));
  };
  for (const principal of ['ann', 'bob', 'cid']) expect((await once(principal)).message.result).toBeDefined();
  history.add({ kind: 'faultBegins' });
  proxy.weather = { delayMs: 300, bytesPerSecond: 7_000, stallShare: 0.05, stallMs: 1_000 };
  const answers = await Promise.all(['ann', 'bob', 'cid', 'dan', 'eve', 'fay'].flatMap((principal) => [once(principal), once(principal)]));
  for (const { message } of answers) if (message.result === undefined) expect([-31_001, -31_002, -31_003]).toContain(message.error?.code);
  expect(answers.filter(({ message }) => message.result !== undefined).length).toBeGreaterThan(0);
  proxy.weather = { cutAfterBytes: 50, isReset: true };
  const cut = await once('ann');
  expect(cut.message.error?.code ?? 0).toBeLessThanOrEqual(0);
  proxy.weather = {};
  history.add({ kind: 'faultEnds' });
  await expect.poll(async () => (await once('ann')).message.result !== undefined, { timeout: 10_000 }).toBe(true);
  for (const principal of ['ann', 'bob', 'cid']) expect((await once(principal)).message.result).toBeDefined();
  expect(violations(history.events)).toEqual([]);
}, 60_000);
