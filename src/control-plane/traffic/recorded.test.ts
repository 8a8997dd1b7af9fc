/** Audit, traffic, figures and costs over the admin API, from records as the data plane makes them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolved } from '../../../test/support/plain-exchange.ts';
import { startAdmin, type TestAdmin } from '../../../test/support/start-admin.ts';
import { Fault } from '../../base/fault.ts';
import type { Admitted } from '../../data-plane/exchange.ts';
import { RawObject } from '../../protocol/envelope.ts';
import type { Outcome } from '../../upstream/upstream.ts';

let admin: TestAdmin;
let count = 0;

beforeAll(async () => {
  admin = await startAdmin();
});
afterAll(() => admin.close());

const OK: Outcome = { kind: 'result', result: RawObject.of({ content: [{ type: 'text', text: 'pong' }] }) };

/** One call, as the data plane tells of it. */
async function call(tool: string, outcome: Outcome = OK, given: object = { path: '/tmp' }): Promise<string> {
  const rawParams = RawObject.of({ name: `files__${tool}`, arguments: { ...given } });
  const id = `call_${++count}`;
  const exchange = resolved({
    correlationId: id,
    rawParams,
    params: rawParams.value,
    startedMs: performance.now(),
    target: { server: 'files', as: 'files', own: tool, entry: undefined },
    upstreamParams: { ...rawParams.value, name: tool },
  });
  admin.recorder.begin(exchange);
  await admin.recorder.intent(exchange as Admitted);
  admin.recorder.answered(exchange as Admitted);
  admin.recorder.end(exchange, outcome);
  return id;
}

async function items(path: string): Promise<Record<string, unknown>[]> {
  const answer = await admin.ask('GET', path);
  expect([answer.status, answer.body['title']]).toEqual([200, undefined]);
  return answer.body['items'] as Record<string, unknown>[];
}

test('[AU-01] a call is found at once, by each thing that it has, and shows where its time went', async () => {
  const id = await call('read');
  const failed = await call('write', { kind: 'fault', fault: new Fault('policy.denied') });
  const [newest, before] = await items('/api/v1/traffic?limit=2');
  expect(newest).toMatchObject({ id: failed, outcome: 'policy.denied', failedAt: 'policy', isWrite: true, server: 'files', tool: 'write' });
  expect(before).toMatchObject({
    id,
    outcome: 'ok',
    principal: { kind: 'key', id: 'key:ann', name: 'ann' },
    key: 'ann',
    endpoint: 'dev',
    namespace: 'dev',
    exposed: 'files__read',
    isDispatched: true,
    address: '127.0.0.1',
  });
  for (const query of [
    'tool=read',
    'server=files&tool=read',
    'outcome=ok',
    'principal=key:ann&tool=read',
    'key=ann&outcome=ok',
    'endpoint=dev&method=tools/call&tool=read',
  ]) {
    expect([query, (await items(`/api/v1/traffic?${query}`)).map((one) => one['id'])]).toEqual([query, [id]]);
  }
  expect((await items('/api/v1/traffic?outcome=failed')).map((one) => one['id'])).toEqual([failed]);
  expect(await items('/api/v1/traffic?principal=key:bob')).toEqual([]);

  const { body } = await admin.ask('GET', `/api/v1/traffic/${id}`);
  expect(body).toMatchObject({ id, arguments: { text: '{"path":"/tmp"}', isCut: false, redactions: 0 }, result: null });
  expect((body['stages'] as { name: string }[]).map(({ name }) => name)).toEqual(['received', 'decided', 'server', 'answered']);
  expect(body['argumentsDigest']).toMatch(/^[0-9a-f]{64}$/);
  expect((await admin.ask('GET', '/api/v1/traffic/none')).status).toBe(404);
});

test('pages follow each other without gaps or repetition', async () => {
  for (let index = 0; index < 7; index++) await call('paged');
  const seen: unknown[] = [];
  let cursor = '';
  do {
    const { body } = await admin.ask('GET', `/api/v1/traffic?tool=paged&limit=3${cursor}`);
    seen.push(...(body['items'] as { id: string }[]).map(({ id }) => id));
    cursor = body['nextCursor'] === null ? '' : `&cursor=${String(body['nextCursor'])}`;
  } while (cursor !== '');
  expect(seen).toHaveLength(7);
  expect(new Set(seen).size).toBe(7);
});

test('[AU-03] [AU-07] admin changes stand in the same chain, which verifies with the public key', async () => {
  await admin.ask('POST', '/api/v1/keys', { body: { name: 'audited' } });
  const [event] = await items('/api/v1/audit?kind=admin&action=createKey');
  expect(event).toMatchObject({ kind: 'admin', action: 'createKey', outcome: 'done', principal: { id: 'operator' } });
  const { body: key } = await admin.ask('GET', '/api/v1/audit/key');
  expect(key).toMatchObject({ algorithm: 'Ed25519', publicKey: expect.stringContaining('BEGIN PUBLIC KEY') });
  const { body } = await admin.ask('POST', '/api/v1/audit/verify', { body: { publicKey: key['publicKey'] } });
  expect([body['isIntact'], body['findings']]).toEqual([true, []]);
  expect(body['intents']).toBe(body['outcomes']);
  expect(body['records']).toBeGreaterThan(8);
  const other = await admin.ask('POST', '/api/v1/audit/verify', { body: { publicKey: 'none' } });
  expect(other.status).toBe(400);
});

test('the record is exported as JSON lines and as CSV, whole and with the same filters', async () => {
  const get = async (query: string) => {
    const response = await fetch(`${admin.url}/api/v1/audit/export?${query}`, { headers: { authorization: `Bearer ${admin.token}` } });
    return { type: response.headers.get('content-type'), text: await response.text() };
  };
  await call('=cmd("x")');
  const lines = await get('tool=paged');
  expect(lines.type).toBe('application/x-ndjson; charset=utf-8');
  const records = lines.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(records).toHaveLength(7);
  expect(JSON.parse(String(records[0]?.['record']))).toMatchObject({ tool: 'paged', outcome: 'ok' });
  const csv = await get('format=csv&server=files');
  expect(csv.type).toBe('text/csv; charset=utf-8');
  expect(csv.text.split('\r\n')[0]).toContain('position,at,kind,callId,principal');
  expect(csv.text).toContain(`"'=cmd(""x"")"`);
});

test('whoever watches is told of calls as they end', async () => {
  const abort = new AbortController();
  const response = await fetch(`${admin.url}/api/v1/traffic/live?tool=watched`, { headers: { authorization: `Bearer ${admin.token}` }, signal: abort.signal });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader?.read())?.value ?? '';
  await call('unwatched');
  const id = await call('watched');
  while (!text.includes('event: call')) text += (await reader?.read())?.value ?? '';
  abort.abort();
  expect(text).not.toContain('unwatched');
  const data = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '{}') as Record<string, unknown>;
  expect(data).toMatchObject({ id, tool: 'watched', outcome: 'ok' });
});

test('figures and costs add up to what was called', async () => {
  await admin.ask('POST', '/api/v1/prices', { body: { name: 'priced', config: { server: 'files', tool: 'priced', perCall: 0.25, perMegabyte: 1 } } });
  const stats = (await admin.ask('GET', '/api/v1/stats')).body;
  const { items: traffic } = (await admin.ask('GET', '/api/v1/traffic?limit=500')).body as { items: unknown[] };
  expect(stats).toMatchObject({ calls: traffic.length, errors: 1, denied: 1, unhealthy: [], recording: { mode: 'buffered', lost: 0, lastError: null } });
  expect((stats['tools'] as object[])[0]).toMatchObject({ server: 'files', tool: 'paged', calls: 7 });
  expect(stats['series']).toHaveLength(60);
  const costs = (await admin.ask('GET', '/api/v1/costs?groupBy=server,tool')).body;
  expect(costs['items']).toContainEqual(expect.objectContaining({ server: 'files', tool: 'paged', calls: 7, day: null }));
  expect(costs['total']).toMatchObject({ calls: traffic.length });
  expect((await admin.ask('GET', '/api/v1/costs?groupBy=nothing')).status).toBe(400);
});
