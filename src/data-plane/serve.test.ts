/** The whole path over real HTTP, with servers in memory that do whatever the name of a tool says. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FakeLink, fakeServer, fakeSpec, legacyScript, modernScript, type Script, type Sent, tool } from '../../test/support/fake-link.ts';
import { plainEndpoint, plainNamespace, plainSealer, plainSnapshot } from '../../test/support/plain-exchange.ts';
import { plainRecorder } from '../../test/support/plain-recorder.ts';
import { plainGovernance } from '../../test/support/plain-governance.ts';
import { ByteBudget } from '../base/byte-budget.ts';
import { systemClock } from '../base/clock.ts';
import { createUpstreams } from '../upstream/pool.ts';
import type { UpstreamsEvents } from '../upstream/upstreams.ts';
import { createDataPlane, type DataPlane } from './data-plane.ts';
import type { RequestRecord } from './record.ts';

const DEEDS: Readonly<Record<string, (sent: Sent, link: FakeLink) => void>> = {
  answer: (sent, link) => link.answer(sent.id, { resultType: 'complete', content: [] }),
  twice: (sent, link) => {
    link.answer(sent.id, { resultType: 'complete', content: [] });
    link.answer(sent.id, { resultType: 'complete', content: [{ type: 'text', text: 'again' }] });
  },
  refuse: (sent, link) => link.refuse(sent.id, -32000),
  reserved: (sent, link) => link.refuse(sent.id, -32021),
  never: () => undefined,
  crash: (_sent, link) => link.crash('crashed'),
  chatty: (sent, link) => {
    link.say({ method: 'notifications/message', params: { level: 'error', data: 'hello' } }, Number(sent.id));
    link.answer(sent.id, { resultType: 'complete', content: [] });
  },
  foreign: (sent, link) => {
    link.answer(987_654, { content: [] });
    link.answer(sent.id, { resultType: 'complete', content: [] });
  },
};
const TOOLS = Object.keys(DEEDS);

const deed: Script = (sent, link) => {
  if (sent.method === 'tools/list') link.answer(sent.id, { resultType: 'complete', tools: TOOLS.map((name) => tool(name)) });
  else DEEDS[String(sent.params['name'])]?.(sent, link);
};
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

let listener: Server;
let dataPlane: DataPlane;
let url: string;
const records: RequestRecord[] = [];

beforeAll(async () => {
  const scripts: Readonly<Record<string, Script>> = { old: legacyScript(deed, () => TOOLS.map((name) => tool(name))), new: modernListing() };
  const servers = Object.fromEntries(Object.entries(scripts).map(([name, script]) => [name, fakeServer('http', script)]));
  const endpoint = plainEndpoint({ namespace: plainNamespace({ members: ['old', 'new'].map((name) => ({ server: name, as: name })) }) });
  const keys = new Map([[digestOf('key'), { id: 'key_1', name: 'k', endpoints: ['*'], expiresAtMs: undefined }]]);
  const specs = new Map(Object.keys(scripts).map((name) => [name, fakeSpec(name, { type: 'http', url: 'http://x.example', callTimeoutMs: 150 })]));
  const snapshot = plainSnapshot({ endpoints: new Map([['dev', endpoint]]), keys, servers: specs });
  const late: { events?: UpstreamsEvents } = {};
  const upstreams = createUpstreams({
    clock: systemClock,
    random: () => 0,
    gatewayInfo: { name: 'metamcp', version: '1' },
    openLink: (spec) => servers[spec.name]?.open ?? (() => Promise.reject(new Error('no such server'))),
    onDropped: () => undefined,
    events: {
      listChanged: (server, kind) => late.events?.listChanged(server, kind),
      stateChanged: (server) => late.events?.stateChanged(server),
      resourceUpdated: () => undefined,
      notified: () => undefined,
      asked: () => false,
    },
  });
  let count = 0;
  dataPlane = createDataPlane({
    ...plainGovernance(systemClock),
    clock: systemClock,
    snapshot: () => snapshot,
    upstreams,
    info: { name: 'metamcp', title: 'MetaMCP', version: '1' },
    sealer: plainSealer,
    randomId: () => `session-id-${++count}`,
    newCorrelationId: () => `req_${++count}`,
    write: (record) => records.push(record),
    calls: plainRecorder,
    refused: () => undefined,
    middlewareFailed: () => undefined,
    addressOf: () => '127.0.0.1',
    collided: () => undefined,
    bodyBytesMax: 100_000,
    bodies: new ByteBudget(10_000_000),
    sessionLimits: { idleMs: 60_000, totalMs: 60_000, perCredentialMax: 1_000, max: 1_000 },
    digestOf,
    operatorDigest: digestOf('operator'),
    failed: () => undefined,
    challenge: () => undefined,
    verifyToken: () => undefined,
  });
  late.events = dataPlane.upstreamsEvents;
  upstreams.apply(specs);
  await upstreams.settled(5_000);
  listener = createServer((http, response) => void dataPlane.serve(http, response)).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/metamcp/dev/mcp`;
});

afterAll(() => {
  dataPlane.close();
  listener.close();
  listener.closeAllConnections();
});

function modernListing(): Script {
  return (sent, link) => (sent.method === 'tools/list' || sent.method === 'tools/call' ? deed(sent, link) : modernScript(deed)(sent, link));
}

interface Answered {
  readonly status: number;
  readonly sessionId: string | undefined;
  /** With an id, in either form of the answer. */
  readonly answers: readonly { readonly id?: unknown; readonly result?: unknown; readonly error?: { readonly code: number; readonly data?: unknown } }[];
}

async function post(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'x-api-key': 'key', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const parts = isStream ? [...text.matchAll(/^data: (.+)$/gm)].map((match) => match[1] ?? '') : text === '' ? [] : [text];
  const messages = parts.flatMap((part) => JSON.parse(part) as Answered['answers'][number]);
  return {
    status: response.status,
    sessionId: response.headers.get('mcp-session-id') ?? undefined,
    answers: messages.filter((message) => !('method' in message)),
  };
}

function modern(id: unknown, name: string): Promise<Answered> {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
  return post(
    { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {}, _meta } },
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name },
  );
}

async function openSession(revision: string): Promise<Readonly<Record<string, string>>> {
  const { sessionId } = await post({
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: revision, capabilities: {}, clientInfo: { name: 'c', version: '1' } },
  });
  return { 'mcp-session-id': String(sessionId), 'mcp-protocol-version': revision };
}

const call = fc.record({ server: fc.constantFrom('old', 'new', 'none'), tool: fc.constantFrom(...TOOLS, 'missing'), isModern: fc.boolean() });

test('every request gets exactly one answer, with its own id, whatever its server does and whatever else is under way', { timeout: 60_000 }, async () => {
  const session = await openSession('2025-11-25');
  let id = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 8 }), async (calls) => {
      const recordsBefore = records.length;
      await Promise.all(
        calls.map(async ({ server, tool: name, isModern }) => {
          const own = ++id;
          const exposed = `${server}__${name}`;
          const { answers } = isModern
            ? await modern(own, exposed)
            : await post({ jsonrpc: '2.0', id: own, method: 'tools/call', params: { name: exposed, arguments: {} } }, session);
          expect(
            answers.map((answer) => answer.id),
            exposed,
          ).toEqual([own]);
          const isKnown = server !== 'none' && name !== 'missing';
          if (!isKnown) expect(answers[0]?.error?.code).toBe(-32602);
        }),
      );
      expect(records.length - recordsBefore).toBe(calls.length);
    }),
    { numRuns: 12 },
  );
});

test('every request of a batch gets exactly one answer', { timeout: 60_000 }, async () => {
  const session = await openSession('2025-03-26');
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.oneof(fc.nat(1_000), fc.string({ minLength: 1, maxLength: 5 })), { minLength: 1, maxLength: 6 }),
      fc.array(call, { minLength: 6, maxLength: 6 }),
      async (ids, calls) => {
        const batch = ids.map((id, index) => ({
          jsonrpc: '2.0',
          id,
          method: 'tools/call',
          params: { name: `${calls[index]?.server}__${calls[index]?.tool}`, arguments: {} },
        }));
        const { answers } = await post([...batch, { jsonrpc: '2.0', method: 'notifications/initialized' }], session);
        const order = (one: unknown): string => JSON.stringify(one);
        expect(answers.map(({ id }) => order(id)).toSorted()).toEqual(ids.map(order).toSorted());
      },
    ),
    { numRuns: 6 },
  );
});

test('what is no request at all is answered once too, with the error contract and without an id that was never read', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (body) => {
      const { status, answers } = await post(body);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(answers).toMatchObject([
        {
          error: {
            data: {
              source: 'gateway',
              failedAt: 'client',
              retryable: false,
              outcome: 'not_executed',
              correlationId: expect.stringMatching(/^req_/) as unknown,
            },
          },
        },
      ]);
    }),
    { numRuns: 40 },
  );
});

test('[AZ-01] a session id without the key of its session opens nothing', async () => {
  const session = await openSession('2025-11-25');
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  expect((await post(ping, session)).status).toBe(200);
  expect((await post(ping, { ...session, 'x-api-key': '' })).status).toBe(401);
  expect((await post(ping, { ...session, 'x-api-key': 'operator' })).status).toBe(404);
});

test('[RL-01] a body above the limit is refused before it is read', async () => {
  expect(await post({ jsonrpc: '2.0', id: 1, method: 'ping', params: { x: 'x'.repeat(200_000) } })).toMatchObject({
    status: 413,
    answers: [{ error: { code: -32600 } }],
  });
});
