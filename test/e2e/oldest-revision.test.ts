/** An endpoint that takes no clients older than a revision, over real HTTP. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { modernRequest, openSession, post } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const SAMPLE = fileURLToPath(new URL('../../src/sample/server.ts', import.meta.url));
const KEY = randomKey();
const REVISIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'];

const config = (oldest: Readonly<Record<string, string>>): object => ({
  servers: { sample: { command: process.execPath, args: [SAMPLE] } },
  namespaces: { all: { servers: ['sample'] } },
  endpoints: Object.fromEntries(['any', 'middle', 'new'].map((name) => [name, { namespace: 'all', ...(oldest[name] !== undefined && { revisions: { from: oldest[name] } }) }])),
  keys: { laptop: { value: KEY, endpoints: ['any', 'middle', 'new'] } },
});

let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway({ config: config({ middle: '2025-06-18', new: '2026-07-28' }) });
});

afterAll(() => gateway.stop());

const peer = (endpoint: string) => ({ url: gateway.mcp(endpoint), key: KEY });

function initialize(endpoint: string, protocolVersion: string) {
  return post(peer(endpoint), { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion, capabilities: {}, clientInfo: { name: 'raw', version: '1' } } });
}

test.each([
  ['any', []],
  ['middle', ['2024-11-05', '2025-03-26']],
  ['new', ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']],
])('[TR-15] at %s the sessions of %j are refused, with the revisions that are spoken there', async (endpoint, refused) => {
  for (const revision of REVISIONS.slice(0, 4)) {
    const { status, message } = await initialize(endpoint, revision);
    if (!refused.includes(revision)) expect([status, message.result?.['protocolVersion']]).toEqual([200, revision]);
    else expect([status, message.error]).toMatchObject([400, { code: -32022, data: { reason: 'request.revision_unsupported', requested: revision, supported: REVISIONS.slice(refused.length) } }]);
  }
  expect((await modernRequest(peer(endpoint), 'tools/list')).status).toBe(200);
});

test('[TR-15] HTTP+SSE is a transport of 2024-11-05, and goes with it', async () => {
  for (const endpoint of ['middle', 'new']) expect((await fetch(`${gateway.url}/metamcp/${endpoint}/sse`, { headers: { 'x-api-key': KEY } })).status).toBe(400);
  const stream = await fetch(`${gateway.url}/metamcp/any/sse`, { headers: { 'x-api-key': KEY } });
  expect(stream.status).toBe(200);
  await stream.body?.cancel();
});

test('[TR-15] a session that is open is refused from the moment that the setting leaves it out, and may still be ended', async () => {
  const session = await openSession(peer('any'), {}, '2025-03-26');
  expect((await session.request('tools/list')).status).toBe(200);
  await gateway.reconfigure(config({ any: '2025-06-18' }));
  await expect.poll(async () => (await session.request('tools/list')).message.error?.code, { timeout: 10_000 }).toBe(-32022);
  expect((await fetch(gateway.mcp('any'), { headers: { 'x-api-key': KEY, accept: 'text/event-stream', ...session.headers } })).status).toBe(400);
  expect(await session.end()).toBe(200);
  expect((await initialize('new', '2025-03-26')).status).toBe(200);
});
