/** Names through the whole gateway: who has which, what collides, and that lists come from memory. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, textOf, toolNamesOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';

const KEY = randomKey();
let folder: string;
let gateway: RunningGateway;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metamcp-names-'));
  const peer = { ...fixtureCommand('hostile-peer.ts', '{}'), isolation: 'shared' };
  const config = {
    servers: { left: peer, right: peer, many: { ...fixtureCommand('many-tools-server.ts', '--stdio'), isolation: 'shared' } },
    namespaces: {
      plain: { servers: ['left', { server: 'right', as: 'mirror' }], names: { prefix: 'none' }, tools: { mirror__heard: { name: 'mirror.heard' } } },
      dotted: { servers: ['left', { server: 'right', as: 'mirror' }], names: { separator: '.' } },
      many: { servers: ['many', 'left'] },
    },
    endpoints: { plain: { namespace: 'plain' }, dotted: { namespace: 'dotted' }, many: { namespace: 'many' } },
    keys: { test: { value: KEY } },
  };
  gateway = await startGateway({ config });
});

afterAll(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true, force: true });
});

async function names(endpoint: string): Promise<string[]> {
  return toolNamesOf(await modernRequest({ url: gateway.mcp(endpoint), key: KEY }, 'tools/list'));
}

test('without prefix the first server in order has each name; a rename brings the other back', async () => {
  expect(await names('plain')).toEqual(['echo', 'heard', 'replies', 'mirror.heard']);
});

test('another separator, and a server under another name', async () => {
  expect(await names('dotted')).toEqual(['left.echo', 'left.heard', 'left.replies', 'mirror.echo', 'mirror.heard', 'mirror.replies']);
  const { message } = await modernRequest({ url: gateway.mcp('dotted'), key: KEY }, 'tools/call', { name: 'mirror.echo', arguments: { a: 1 } });
  expect(message.result).toMatchObject({ content: [{ text: '{"a":1}' }] });
});

const COLLISIONS = ['echo', 'replies'].map((exposed) => ({ kind: 'tool', exposed, kept: 'left', hidden: 'mirror' }));

test('collisions are in the admin API, in doctor and once in the log', async () => {
  const token = (JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string }).token;
  const answer = await request(`${gateway.url}/api/v1/endpoints`, { headers: { authorization: `Bearer ${token}` } });
  const { items } = (await answer.body.json()) as { items: { name: string; collisions: unknown[] }[] };
  expect(items.map(({ name, collisions }) => [name, collisions])).toEqual([
    ['plain', COLLISIONS],
    ['dotted', []],
    ['many', []],
  ]);
  const [text, json] = await Promise.all([runMetamcp(['doctor', '--data', gateway.data]), runMetamcp(['doctor', '--data', gateway.data, '--json'])]);
  expect(text.stdout).toContain('endpoint plain: the tool echo of left hides that of mirror');
  expect(JSON.parse(json.stdout)).toMatchObject({ collisions: COLLISIONS.map((collision) => ({ endpoint: 'plain', ...collision })) });
  const logged = async () => (await gateway.log()).filter((line) => line['msg'] === 'name collision').map(({ namespace, exposed }) => [namespace, exposed]);
  await expect.poll(logged, { timeout: 5_000 }).toEqual([
    ['plain', 'echo'],
    ['plain', 'replies'],
  ]);
});

test('a thousand tools are listed from memory: no list reaches a server', async () => {
  const heard = async (): Promise<Record<string, number>> => {
    const { message } = await modernRequest({ url: gateway.mcp('many'), key: KEY }, 'tools/call', { name: 'left__heard', arguments: {} });
    return JSON.parse(textOf(message)) as Record<string, number>;
  };
  const before = await heard();
  for (let round = 0; round < 20; round++) expect(await names('many')).toHaveLength(1_003);
  const after = await heard();
  expect(after['tools/list']).toBe(before['tools/list']);
});
