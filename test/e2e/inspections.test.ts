/** Looking at servers, namespaces and endpoints as somebody, over the path that clients take. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const KEY = randomKey();
let gateway: RunningGateway;
let token: string;

beforeAll(async () => {
  gateway = await startGateway({
    config: {
      servers: { count: fixtureCommand('counting-server.ts', '--stdio') },
      policies: { agents: { rules: [{ effect: 'deny', who: { labels: { agent: ['*'] } }, what: { names: ['count'] } }] } },
      namespaces: { all: { servers: ['count'], policies: ['agents'] } },
      endpoints: { all: { namespace: 'all' } },
      keys: { agent: { value: KEY, labels: { agent: 'coder' } } },
    },
  });
  token = (JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string }).token;
});

afterAll(() => gateway.stop());

interface Opened {
  readonly id: string;
  readonly path: string;
  readonly token: string;
}

async function admin(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly answer: Record<string, unknown> }> {
  const response = await fetch(gateway.url + path, { method, headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

async function open(body: object): Promise<Opened> {
  const { status, answer } = await admin('POST', '/api/v1/inspections', body);
  expect(status, JSON.stringify(answer)).toBe(201);
  return answer as unknown as Opened;
}

async function toolNames({ path, token: bearer }: Opened): Promise<string[]> {
  const { message } = await modernRequest({ url: gateway.url + path, key: bearer }, 'tools/list', {});
  return ((message.result ?? {})['tools'] as { name: string }[]).map(({ name }) => name);
}

test('a server alone is seen under its own names, and both legs of a call can be read', async () => {
  const inspection = await open({ target: { kind: 'server', name: 'count' } });
  expect(await toolNames(inspection)).toContain('count');
  const { message } = await modernRequest({ url: gateway.url + inspection.path, key: inspection.token }, 'tools/call', { name: 'count', arguments: { key: 'inspected' } });
  expect(message.result).toMatchObject({ content: [{ type: 'text' }] });
  const { answer } = await admin('GET', `/api/v1/inspections/${inspection.id}/messages`);
  const items = answer['items'] as { sequence: number; direction: string; server: string; text: string }[];
  expect(items.map(({ direction, server }) => [direction, server])).toEqual([
    ['sent', 'count'],
    ['received', 'count'],
  ]);
  expect(JSON.parse(items[0]?.text ?? '')).toMatchObject({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'count', arguments: { key: 'inspected' } } });
  expect(JSON.parse(items[1]?.text ?? '')).toMatchObject({ result: { content: [{ type: 'text' }] } });
  expect((await admin('GET', `/api/v1/inspections/${inspection.id}/messages?after=1`)).answer['items']).toHaveLength(1);
});

test('an endpoint looked at as a key shows what policy leaves to that key', async () => {
  const plain = await open({ target: { kind: 'endpoint', name: 'all' } });
  expect(await toolNames(plain)).toContain('count__count');
  const { answer } = await admin('GET', '/api/v1/keys');
  const agent = (answer['items'] as { id: string; name: string }[]).find(({ name }) => name === 'agent');
  const asAgent = await open({ target: { kind: 'endpoint', name: 'all' }, as: { key: agent?.id } });
  expect(await toolNames(asAgent)).not.toContain('count__count');
});

test('[AZ-01] only the token of an inspection opens it, and nothing once it is closed', async () => {
  const inspection = await open({ target: { kind: 'namespace', name: 'all' } });
  const other = await open({ target: { kind: 'namespace', name: 'all' } });
  for (const key of [KEY, other.token, token]) {
    const { status } = await modernRequest({ url: gateway.url + inspection.path, key }, 'tools/list', {});
    expect(status).toBe(401);
  }
  expect((await admin('DELETE', `/api/v1/inspections/${inspection.id}`)).status).toBe(200);
  const { status } = await modernRequest({ url: gateway.url + inspection.path, key: inspection.token }, 'tools/list', {});
  expect(status).toBe(404);
  expect((await admin('GET', `/api/v1/inspections/${inspection.id}/messages`)).status).toBe(404);
});

test('what is not there cannot be looked at', async () => {
  for (const kind of ['server', 'namespace', 'endpoint']) expect((await admin('POST', '/api/v1/inspections', { target: { kind, name: 'nothing' } })).status).toBe(404);
});
