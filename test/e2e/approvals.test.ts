/** Calls that a person approves, through the real gateway: every kind of client, once each, also over a restart. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, post, type RpcMessage, textOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';

const KEYS = { ann: randomKey(), bob: randomKey() };
const CONFIG = {
  servers: { count: fixtureCommand('counting-server.ts', '--stdio') },
  policies: {
    ask: { rules: [{ name: 'a-person', effect: 'approve', what: { names: ['count'] }, arguments: [{ at: '/key', matches: '^risky' }], reason: 'risky keys' }] },
  },
  namespaces: { all: { servers: ['count'], policies: ['ask'] } },
  endpoints: { all: { namespace: 'all' } },
  keys: { ann: { value: KEYS.ann }, bob: { value: KEYS.bob } },
};
let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway({ config: CONFIG });
});

afterAll(async () => {
  await gateway.stop();
});

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

async function admin(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const { url, token } = JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { url: string; token: string };
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function pending(): Promise<readonly Shown[]> {
  return (await admin('GET', '/approvals?state=pending')).body['items'] as readonly Shown[];
}

async function oneApproval(key: string): Promise<Shown> {
  await expect.poll(async () => (await pending()).filter((shown) => shown.arguments['key'] === key).length, { timeout: 5_000 }).toBe(1);
  const found = (await pending()).find((shown) => shown.arguments['key'] === key);
  if (found === undefined) throw new Error('it is gone');
  return found;
}

async function call(key: keyof typeof KEYS, name: string, more: Readonly<Record<string, unknown>> = {}): Promise<RpcMessage> {
  return (await modernRequest({ url: gateway.mcp('all'), key: KEYS[key] }, 'tools/call', { name: 'count__count', arguments: { key: name, ...more } })).message;
}

/** How often the server counted a key. */
async function counted(key: string): Promise<number> {
  const { message } = await modernRequest({ url: gateway.mcp('all'), key: KEYS.ann }, 'tools/call', { name: 'count__counts', arguments: {} });
  return (JSON.parse(textOf(message)) as Record<string, number>)[key] ?? 0;
}

test('[TL-13] a client that cannot be asked gets the address and the id; once it is approved exactly one call with these arguments goes through', async () => {
  const refused = await call('ann', 'risky-1');
  expect(refused.error).toMatchObject({ code: -31010, data: { failedAt: 'policy', outcome: 'not_executed', reason: 'approval_pending' } });
  const { id } = await oneApproval('risky-1');
  expect(refused.error?.message).toContain(`${gateway.url}/approve/${id}`);
  // Asking again asks for the same.
  expect((await call('ann', 'risky-1')).error?.data?.['approval']).toBe(id);
  expect((await admin('POST', `/approvals/${id}/approve`, { note: 'fine' })).body).toMatchObject({ state: 'approved', decidedBy: 'operator' });
  expect((await call('ann', 'risky-1-other')).error?.code).toBe(-31010);
  expect((await call('ann', 'risky-1', { delayMs: 1 })).error?.code).toBe(-31010);
  expect((await call('bob', 'risky-1')).error?.code).toBe(-31010);
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => call('ann', 'risky-1')));
  expect(answers.filter((answer) => answer.result !== undefined)).toHaveLength(1);
  expect(answers.filter((answer) => answer.error?.code === -31010)).toHaveLength(4);
  expect(await counted('risky-1')).toBe(1);
});

test('what is denied is refused with the reason, and stays so', async () => {
  await call('ann', 'risky-2');
  const { id } = await oneApproval('risky-2');
  expect((await admin('POST', `/approvals/${id}/deny`, { reason: 'not today' })).status).toBe(200);
  for (let attempt = 0; attempt < 2; attempt++) expect((await call('ann', 'risky-2')).error).toMatchObject({ code: -31007, message: 'A person denied this call: not today', data: { reason: 'approval_denied' } });
  expect((await admin('POST', `/approvals/${id}/approve`, {})).status).toBe(409);
  expect(await counted('risky-2')).toBe(0);
});

function modernCall(params: Readonly<Record<string, unknown>>): Promise<RpcMessage> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {}, url: {} } },
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': String(params['name']) };
  return post({ url: gateway.mcp('all'), key: KEYS.ann }, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...params, _meta: meta } }, headers).then(({ message }) => message);
}

test('a modern client is asked by input_required, and the call it sends again waits for the decision', async () => {
  const params = { name: 'count__count', arguments: { key: 'risky-3' } };
  const asked = await modernCall(params);
  const { id } = await oneApproval('risky-3');
  expect(asked.result).toMatchObject({ resultType: 'input_required', inputRequests: { metamcp_approval: { method: 'elicitation/create', params: { mode: 'url', url: `${gateway.url}/approve/${id}` } } } });
  const again = modernCall({ ...params, requestState: asked.result?.['requestState'], inputResponses: { metamcp_approval: { action: 'accept' } } });
  await admin('POST', `/approvals/${id}/approve`, {});
  expect((await again).result).toMatchObject({ resultType: 'complete' });
  // The state proves nothing by itself: the approval was for one call.
  expect((await modernCall({ ...params, requestState: asked.result?.['requestState'], inputResponses: { metamcp_approval: { action: 'decline' } } })).error?.code).toBe(-31010);
  expect(await counted('risky-3')).toBe(1);
});

test('a 2025-11-25 client is asked over its session, and its call goes on after the decision', async () => {
  const client = new Client({ name: 'old', version: '1' }, { capabilities: { elicitation: { url: {} } } });
  const opened: string[] = [];
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    opened.push(String('url' in params ? params.url : ''));
    const { id } = await oneApproval('risky-4');
    await admin('POST', `/approvals/${id}/approve`, {});
    return { action: 'accept' };
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcp('all')), { requestInit: { headers: { 'x-api-key': KEYS.ann } } }));
  const result = await client.callTool({ name: 'count__count', arguments: { key: 'risky-4' } });
  await client.close();
  expect(result.isError).not.toBe(true);
  expect(opened).toHaveLength(1);
  expect(result.content).toEqual([{ type: 'text', text: JSON.stringify({ key: 'risky-4', count: 1 }) }]);
});

test('arguments are shown without secrets; whoever waits for changes hears of one; every step is in the audit log', async () => {
  const { body } = await admin('GET', '/approvals');
  const waiting = admin('GET', `/approvals?after=${encodeURIComponent(String(body['mark']))}&waitSeconds=20`);
  await call('ann', 'risky-5', { password: 'hunter2hunter2' });
  const heard = (await waiting).body;
  expect(heard['mark']).not.toBe(body['mark']);
  const { id, arguments: shown } = await oneApproval('risky-5');
  expect(JSON.stringify(shown)).not.toContain('hunter2');
  expect(shown).toMatchObject({ key: 'risky-5' });
  const { items } = (await admin('GET', `/audit?subject=${id}`)).body as { items: { action: string }[] };
  expect(items.map((event) => event.action)).toEqual(['requestApproval']);
});

test('approvals outlive the gateway; the command line lists and decides', async () => {
  await call('ann', 'risky-6');
  const { id } = await oneApproval('risky-6');
  const { data } = gateway;
  await gateway.kill();
  gateway = await startGateway({ config: CONFIG, data });
  const listed = await runMetamcp(['approvals', '--data', data]);
  expect(listed.stdout).toContain(id);
  expect((await runMetamcp(['approvals', 'approve', id, '--data', data])).code).toBe(0);
  expect((await call('ann', 'risky-6')).result).toBeDefined();
  expect(await counted('risky-6')).toBe(1);
});
