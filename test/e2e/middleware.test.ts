/** Middleware through the running gateway: what is cached and cut, services and modules of the operator's, and what happens where they fail. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, type RawAnswer, textOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { failingStart, type RunningGateway, startGateway } from '../support/start-gateway.ts';

const KEYS = { ann: randomKey(), bob: randomKey() };
const SECRET = `ghp_${'a1B2c3D4e5F6'.repeat(3)}`;
const MODULE = `
let made = 0;
export const middleware = {
  manifestVersion: 1,
  name: 'stamp',
  version: '1.0.0',
  description: 'Stamps results; fails, waits and refuses as its arguments say.',
  options: { type: 'object', properties: { word: { type: 'string', minLength: 2 } }, required: ['word'], additionalProperties: false },
  onFailure: 'closed',
  create: ({ word }) => {
    made++;
    return {
      timeoutMs: 300,
      onCall: (params, call) => {
        const { key = '' } = params.arguments ?? {};
        if (key === 'refuse') return { refuse: 'not with ' + call.name };
        if (key === 'throw') throw new Error('broken');
        if (key === 'mutate') params.arguments.key = 'other';
        if (key === 'late') return new Promise(() => undefined);
        if (key === 'answer') return { result: { content: [{ type: 'text', text: 'from the module' }] } };
        return key.startsWith('rename') ? { params: { ...params, name: 'counts', arguments: { key: 'renamed' } } } : {};
      },
      onResult: (result) => ({ result: { ...result, _meta: { ...result._meta, stamp: word } } }),
    };
  },
};
`;
let deed: (body: { hook: string; params?: { arguments?: { key?: string } } }, response: ServerResponse) => void;
const asked: { hook: string; call: { server: string; name: string } }[] = [];
const folder = mkdtempSync(join(tmpdir(), 'metamcp-middleware-'));
let service: Server;
let gateway: RunningGateway;

beforeAll(async () => {
  service = createServer((http, response) => {
    let text = '';
    http.on('data', (chunk: Buffer) => (text += chunk.toString()));
    http.on('end', () => {
      const body = JSON.parse(text) as (typeof asked)[number];
      asked.push(body);
      deed(body, response);
    });
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/hook`;
  writeFileSync(join(folder, 'stamp.mjs'), MODULE);
  const endpoints = ['plain', 'closed', 'open', 'stamped', 'stampedOpen'];
  const webhook = { use: 'webhook', with: { url, hooks: ['call', 'result'], timeoutMs: 500 } };
  const stamp = { use: 'stamp', with: { word: 'seen' } };
  const middleware: Record<string, object[]> = {
    plain: [{ use: 'redact' }, { use: 'cache', with: { seconds: 60, readOnly: true }, names: ['counts', 'canary'] }, { use: 'truncate', with: { bytesMax: 1_000 } }],
    closed: [webhook],
    open: [{ ...webhook, onFailure: 'open' }],
    stamped: [stamp],
    stampedOpen: [{ ...stamp, onFailure: 'open' }],
  };
  gateway = await startGateway({
    args: ['--middleware-module', join(folder, 'stamp.mjs')],
    config: {
      servers: { count: fixtureCommand('counting-server.ts', '--stdio') },
      namespaces: Object.fromEntries(endpoints.map((name) => [name, { servers: ['count'], middleware: middleware[name] }])),
      endpoints: Object.fromEntries(endpoints.map((name) => [name, { namespace: name }])),
      keys: { ann: { value: KEYS.ann }, bob: { value: KEYS.bob } },
    },
  });
});

afterAll(async () => {
  await gateway.stop();
  service.close();
  service.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

function call(endpoint: string, tool: string, given: object, key: keyof typeof KEYS = 'ann'): Promise<RawAnswer> {
  return modernRequest({ url: gateway.mcp(endpoint), key: KEYS[key] }, 'tools/call', { name: `count__${tool}`, arguments: given });
}

function count(endpoint: string, key: string): Promise<RawAnswer> {
  return call(endpoint, 'count', { key });
}

async function failures(middleware: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(new RegExp(`^metamcp_middleware_failures_total\\{middleware="${middleware}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

test('a cached result is given again to the same principal only, whatever happens meanwhile', async () => {
  const counts = async (key: keyof typeof KEYS): Promise<string> => textOf((await call('plain', 'counts', {}, key)).message);
  // A new configuration begins with an empty cache, and the first definitions of a server make one.
  let round = 0;
  const isKept = async (): Promise<boolean> => {
    const before = await counts('ann');
    await count('plain', `meanwhile-${++round}`);
    return (await counts('ann')) === before;
  };
  await expect.poll(isKept, { timeout: 10_000 }).toBe(true);
  expect(await counts('ann')).not.toContain(`meanwhile-${round}`);
  expect(await counts('bob')).toContain(`meanwhile-${round}`);
});

test('[DL-07] what is cut off a result is read on as a resource, by whoever got the result, and secrets are gone from it too', async () => {
  const long = Array.from({ length: 3_000 }, (_, index) => `line ${index}`).join(' ');
  const cut = textOf((await call('plain', 'canary', { principal: `${long} ${SECRET} end-of-it` })).message);
  expect(Buffer.byteLength(cut)).toBeLessThan(1_400);
  const uri = /metamcp:\/\/continuation\/[\w-]+/.exec(cut)?.[0] ?? 'none';
  const read = (key: keyof typeof KEYS, at: string): Promise<RawAnswer> => modernRequest({ url: gateway.mcp('plain'), key: KEYS[key] }, 'resources/read', { uri: at });
  let rest = '';
  for (let at: string | undefined = uri; at !== undefined; ) {
    const { message } = await read('ann', at);
    const text = (message.result?.['contents'] as { text: string }[] | undefined)?.[0]?.text ?? '';
    const [part = '', next] = text.split('\n[more: read the resource ');
    rest += part;
    at = next?.replace(/\]$/, '');
  }
  expect(rest).toContain('line 2999');
  expect(rest).toContain('end-of-it');
  expect(rest).not.toContain(SECRET);
  expect(rest).toContain('[redacted');
  expect((await read('bob', uri)).message.error?.code).toBe(-32602);
  // What is cached is whole: it is cut anew, and read on anew.
  const again = textOf((await call('plain', 'canary', { principal: `${long} ${SECRET} end-of-it` })).message);
  expect(/metamcp:\/\/continuation\/[\w-]+/.exec(again)?.[0]).not.toBe(uri);
});

test('a service sees calls and results, changes, answers and refuses them', async () => {
  deed = ({ hook, params }, response) => {
    const key = params?.arguments?.key;
    if (hook === 'result') return void response.end('{}');
    if (key === 'no') return void response.end('{"refuse":"not on Sundays"}');
    if (key === 'self') return void response.end('{"result":{"content":[{"type":"text","text":"answered by the service"}]}}');
    response.end(JSON.stringify({ params: { ...params, arguments: { key: `${key}-changed` } } }));
  };
  expect(textOf((await count('closed', 'a')).message)).toContain('a-changed');
  expect(asked.slice(-2).map(({ hook, call: about }) => [hook, about.server, about.name])).toEqual([['call', 'count', 'count'], ['result', 'count', 'count']]);
  expect(textOf((await count('closed', 'self')).message)).toBe('answered by the service');
  for (const endpoint of ['closed', 'open']) expect((await count(endpoint, 'no')).message.error).toMatchObject({ code: -31007, data: { outcome: 'not_executed' } });
});

test('[DL-04] a service that is late or broken ends calls where it must, is passed over where it may, and is counted', async () => {
  const deeds: (typeof deed)[] = [() => undefined, (_, response) => response.writeHead(500).end('{}'), (_, response) => response.end('no JSON'), (_, response) => response.destroy()];
  const before = await failures('webhook');
  for (const [index, one] of deeds.entries()) {
    deed = one;
    expect((await count('closed', `failed-${index}`)).message.error?.data).toMatchObject({ reason: 'middleware_failed', outcome: 'not_executed' });
    expect(textOf((await count('open', `passed-${index}`)).message)).toContain(`passed-${index}`);
  }
  // At an open step the call and its result are passed over; at a closed one there is no result.
  expect((await failures('webhook')) - before).toBe(deeds.length * 3);
  const counted = textOf((await call('stamped', 'counts', {})).message);
  expect(counted).not.toContain('failed-');
});

test("an operator's module is a middleware like the others: changes, answers, refusals, and both failure modes", async () => {
  expect((await count('stamped', 'fine')).message.result).toMatchObject({ _meta: { stamp: 'seen' } });
  expect(textOf((await count('stamped', 'answer')).message)).toBe('from the module');
  // It cannot change what is called.
  expect(textOf((await count('stamped', 'rename-it')).message)).toContain('renamed');
  for (const endpoint of ['stamped', 'stampedOpen']) expect((await count(endpoint, 'refuse')).message.error).toMatchObject({ code: -31007, data: { outcome: 'not_executed' } });
  for (const bad of ['throw', 'mutate', 'late']) {
    expect((await count('stamped', bad)).message.error?.data).toMatchObject({ reason: 'middleware_failed', outcome: 'not_executed' });
    expect(textOf((await count('stampedOpen', bad)).message)).toBe(JSON.stringify({ key: bad, count: 1 }));
  }
  expect(await failures('stamp')).toBe(6);
});

test('a module that is none, and options that it does not take, refuse the start with the reason', async () => {
  writeFileSync(join(folder, 'bad.mjs'), 'export const middleware = { manifestVersion: 1, name: "Bad", version: "1", description: "x", onFailure: "maybe", create: 1 };');
  writeFileSync(join(folder, 'taken.mjs'), MODULE.replace("name: 'stamp'", "name: 'redact'"));
  const { code, stderr } = await failingStart(['--data', join(folder, 'data'), '--middleware-module', join(folder, 'bad.mjs'), '--middleware-module', join(folder, 'taken.mjs'), '--middleware-module', join(folder, 'none.mjs')]);
  expect(code).toBe(1);
  for (const word of ['middleware.name', 'middleware.version', 'middleware.onFailure', 'middleware.create', 'a middleware named redact already', 'none.mjs: cannot be loaded']) expect(stderr).toContain(word);
  const file = join(folder, 'wrong.json');
  writeFileSync(file, JSON.stringify({ servers: {}, namespaces: { a: { servers: [], middleware: [{ use: 'stamp', with: { word: 'x' } }] } }, endpoints: {} }));
  const wrong = await failingStart(['--data', join(folder, 'data'), '--config', file, '--middleware-module', join(folder, 'stamp.mjs')]);
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('namespaces.a.middleware.0.with.word')]);
  const inFile = join(folder, 'in-file.json');
  writeFileSync(inFile, JSON.stringify({ settings: { middlewareModules: ['/tmp/x.mjs'] } }));
  expect((await failingStart(['--data', join(folder, 'data'), '--config', inFile])).stderr).toContain('middlewareModules');
});
