/** What leaves the machine without being asked for: nothing. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { modernRequest, openSession, textOf, toolNamesOf } from '../support/http-peer.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

let gateway: RunningGateway;
let control = '';

beforeAll(async () => {
  // Counts connections and look-ups of names from before the first line of ours, in all threads.
  gateway = await startGateway({ env: { NODE_OPTIONS: `--import ${new URL('../faults/failing-operations.ts', import.meta.url).href}` } });
  control = /failing-operations (http:\S+)/.exec(gateway.stderr())?.[1] ?? '';
}, 60_000);
afterAll(() => gateway.stop());

async function countsSinceLast(): Promise<Readonly<Record<string, number>>> {
  return (await (await fetch(`${control}/none/0`)).json()) as Record<string, number>;
}

async function uptimeSeconds(): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(/^process_uptime\S* ([\d.]+)/m.exec(text)?.[1]);
}

test('[SF-12] a gateway without configuration dials nobody and looks up no name: at its start, in use, and in the chores of its first seconds', async () => {
  const peer = { url: gateway.mcpUrl ?? '', key: gateway.key ?? '' };
  const names = toolNamesOf(await modernRequest(peer, 'tools/list'));
  const echo = names.find((name) => name.endsWith('echo')) ?? '';
  expect(textOf((await modernRequest(peer, 'tools/call', { name: echo, arguments: { echo: 'ping', text: 'ping', message: 'ping' } })).message)).not.toBe('');
  expect((await (await openSession(peer)).request('tools/list')).status).toBe(200);
  for (const path of ['/', '/health', '/ready', '/api/docs', '/api/v1/openapi.json', '/.well-known/oauth-authorization-server']) expect((await fetch(gateway.url + path)).status).toBeLessThan(500);
  await expect.poll(uptimeSeconds, { timeout: 20_000, interval: 200 }).toBeGreaterThan(6);
  const counts = await countsSinceLast();
  expect(counts['dial']).toBe(0);
  // It does count: the database and the sample server were used.
  expect(counts['db']).toBeGreaterThan(0);
  expect(counts['spawn']).toBeGreaterThan(0);
}, 60_000);
