/** Sign-ins at MCP servers that ask for tokens, through the real gateway, with `oidc-provider` as their authorization server. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, expect, test } from 'vitest';
import { Browser } from '../support/consenting-browser.ts';
import { modernRequest, post, type RpcMessage } from '../support/http-peer.ts';
import { type ProtectedPair, startProtectedPair, type PairOptions } from '../support/protected-server.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const started: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of started.splice(0).reverse()) await stop();
});

interface Setup {
  readonly pair: ProtectedPair;
  readonly gateway: RunningGateway;
  readonly url: string;
}

async function setup(auth: object, options: PairOptions = {}, more: object = {}, args: readonly string[] = []): Promise<Setup> {
  const pair = await startProtectedPair(options);
  started.push(() => pair.stop());
  const config = {
    servers: { notes: { url: pair.mcpUrl, auth: { issuer: pair.issuer, ...auth } } },
    namespaces: { dev: { servers: ['notes'] } },
    endpoints: { dev: { namespace: 'dev', auth: { apiKey: false } } },
    ...more,
  };
  const gateway = await startGateway({ config, args });
  gateways.set(gateway.mcp('dev'), gateway);
  started.push(() => gateway.stop());
  return { pair, gateway, url: gateway.mcp('dev') };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error('it did not happen within 10 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function toolNames(url: string): Promise<string[]> {
  const { message } = await modernRequest({ url }, 'tools/list');
  return ((message.result?.['tools'] ?? []) as { name: string }[]).map(({ name }) => name);
}

function call(url: string, name: string) {
  return modernRequest({ url }, 'tools/call', { name, arguments: {} });
}

test('a server to which everybody signs in is ready before anybody has, and its call answers with the address to sign in at', async () => {
  const { gateway, url, pair } = await setup({ type: 'oauth', grant: 'user' });
  expect(await toolNames(url)).toEqual(['notes__sign_in']);

  const { message } = await call(url, 'notes__sign_in');
  expect(message.error).toMatchObject({ code: -31013, data: { source: 'gateway', failedAt: 'server', outcome: 'not_executed' } });
  const connect = String(message.error?.data?.['url']);
  expect(connect).toMatch(new RegExp(`^${gateway.url}/oauth/connect/[\\w-]{43}$`));

  const done = await new Browser().agree(connect);
  expect(done.text).toContain('Signed in to notes');
  await until(async () => (await toolNames(url)).includes('notes__whoami'));
  const answer = await call(url, 'notes__whoami');
  expect(answer.message.result?.['content']).toEqual([{ type: 'text', text: 'alice' }]);
  expect(pair.tokenRequests).toEqual({ authorization_code: 1 });
  // Resources are those of the account whose grant was borrowed to read the lists.
  const resources = await modernRequest({ url }, 'resources/list');
  expect(resources.message.result?.['resources']).toEqual([]);
});

/** Answers to a modern request, with the client's declared capability to open addresses. */
async function modernCall(url: string, params: Readonly<Record<string, unknown>>): Promise<RpcMessage> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {}, url: {} } },
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': String(params['name']) };
  return (await post({ url }, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...params, _meta: meta } }, headers)).message;
}

test('a modern client is led to the sign-in by input_required, and the call it sends again is made', async () => {
  const { url } = await setup({ type: 'oauth', grant: 'user' });
  await new Browser().agree(String((await call(url, 'notes__sign_in')).message.error?.data?.['url']));
  await until(async () => (await toolNames(url)).includes('notes__whoami'));
  const { items } = await grantsOf(gatewayOf(url));
  await admin(gatewayOf(url), 'DELETE', `/api/v1/grants/${items[0]?.id}`);

  const params = { name: 'notes__whoami', arguments: {} };
  const asked = await modernCall(url, params);
  expect(asked.result).toMatchObject({ resultType: 'input_required', inputRequests: { metamcp_sign_in: { method: 'elicitation/create', params: { mode: 'url' } } } });
  const requests = asked.result?.['inputRequests'] as Record<string, { params: { url: string } }>;
  const again = modernCall(url, { ...params, requestState: asked.result?.['requestState'], inputResponses: { metamcp_sign_in: { action: 'accept' } } });
  await new Browser().agree(String(requests['metamcp_sign_in']?.params.url));
  expect((await again).result?.['content']).toEqual([{ type: 'text', text: 'alice' }]);

  const refused = await modernCall(url, { ...params, requestState: asked.result?.['requestState'], inputResponses: { metamcp_sign_in: { action: 'decline' } } });
  expect(refused.error).toMatchObject({ code: -31013, data: { reason: 'declined' } });
});

test('a 2025-11-25 client is asked over its session, and its call goes on after the consent', async () => {
  const { url } = await setup({ type: 'oauth', grant: 'user' });
  const client = new Client({ name: 'old', version: '1' }, { capabilities: { elicitation: { url: {} } } });
  const opened: string[] = [];
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    opened.push(String('url' in params ? params.url : ''));
    void new Browser().agree(opened[0] ?? '');
    return { action: 'accept' };
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  started.push(() => client.close());
  const result = await client.callTool({ name: 'notes__sign_in', arguments: {} });
  expect(result.content).toEqual([{ type: 'text', text: 'You are signed in to notes. List the tools again to see all of them.' }]);
  expect(opened).toHaveLength(1);
});

test('[OC-06] [CD-05] [CD-06] what one principal was granted serves no other, and only the browser that proves to be theirs may sign in', async () => {
  const [alice, bob] = [randomKey(), randomKey()];
  const more = { keys: { alice: { value: alice, endpoints: ['dev'] }, bob: { value: bob, endpoints: ['dev'] } }, endpoints: { dev: { namespace: 'dev', auth: { apiKey: true } } } };
  const { gateway, url, pair } = await setup({ type: 'oauth', grant: 'user' }, {}, more, ['--public-url', 'https://gateway.example']);
  const linkOf = async (key: string): Promise<string> => {
    const { message } = await modernRequest({ url, key }, 'tools/call', { name: 'notes__sign_in', arguments: {} });
    return String(message.error?.data?.['url']).replace('https://gateway.example', gateway.url);
  };
  const link = await linkOf(alice);
  const attacker = await new Browser().agree(link, { credential: bob });
  expect(attacker.status).toBe(403);
  expect(attacker.text).toContain('does not prove');
  expect(pair.tokenRequests).toEqual({});

  const consent = await new Browser().open(link);
  expect(consent.text).toContain('API key that your MCP client uses');
  // The public address is https, so the authorization server is given an https return address: the way back is walked by hand.
  const begun = await beginOf(link, alice);
  expect(begun.searchParams.get('redirect_uri')).toBe('https://gateway.example/oauth/callback');
  expect(begun.searchParams.get('resource')).toBe(pair.mcpUrl);
  expect(begun.searchParams.get('code_challenge_method')).toBe('S256');
});

test('[CD-04] [CD-05] a state works once, in the browser that began', async () => {
  const { gateway, url, pair } = await setup({ type: 'oauth', grant: 'user' });
  const link = String((await call(url, 'notes__sign_in')).message.error?.data?.['url']);
  const begun = await beginOf(link);
  const state = begun.searchParams.get('state') ?? '';
  expect(state).toMatch(/^[\w-]{43}$/);
  const callback = `${gateway.url}/oauth/callback?code=stolen&iss=${encodeURIComponent(pair.issuer)}&state=${state}`;
  const other = await new Browser().open(callback);
  expect([other.status, other.text.includes('another browser')]).toEqual([401, true]);
  const again = await new Browser().open(callback);
  expect([again.status, again.text.includes('never begun')]).toEqual([400, true]);
  expect((await new Browser().open(`${gateway.url}/oauth/callback?code=x`)).status).toBe(400);
  expect((await grantsOf(gateway)).items).toEqual([]);
});

test('[OC-09] two hundred calls with a token that ended cause one refresh, and a refresh that fails for now ends nothing', async () => {
  const { url, pair } = await setup({ type: 'oauth', grant: 'user' });
  await new Browser().agree(String((await call(url, 'notes__sign_in')).message.error?.data?.['url']));
  await until(async () => (await toolNames(url)).includes('notes__whoami'));
  await call(url, 'notes__whoami');
  pair.expireAll();
  const answers = await Promise.all(Array.from({ length: 200 }, () => call(url, 'notes__whoami')));
  expect(answers.filter(({ message }) => message.result !== undefined)).toHaveLength(200);
  expect(pair.tokenRequests).toEqual({ authorization_code: 1, refresh_token: 1 });

  await new Promise((resolve) => setTimeout(resolve, 5));
  pair.isDown = true;
  pair.expireAll();
  expect((await call(url, 'notes__whoami')).message.error).toMatchObject({ code: -31001, data: { reason: 'authorization_server', retryable: true } });
  pair.isDown = false;
  expect((await call(url, 'notes__whoami')).message.result?.['content']).toEqual([{ type: 'text', text: 'alice' }]);
  expect(pair.tokenRequests['authorization_code']).toBe(1);
}, 60_000);

test('one sign-in by an operator serves everybody, and a grant that is withdrawn is worth nothing here or at its issuer; no token is ever shown', async () => {
  const { gateway, url, pair } = await setup({ type: 'oauth', grant: 'service' });
  const begun = await admin(gateway, 'POST', '/api/v1/grants', { server: 'notes' });
  expect(begun.status).toBe(201);
  const page = await new Browser().agree(String(begun.body['url']));
  expect(page.text).toContain('Signed in to notes');
  await until(async () => (await toolNames(url)).includes('notes__whoami'));
  expect((await call(url, 'notes__whoami')).message.result?.['content']).toEqual([{ type: 'text', text: 'alice' }]);

  const { items } = await grantsOf(gateway);
  expect(items).toMatchObject([{ server: 'notes', principal: 'service', issuer: pair.issuer, resource: pair.mcpUrl }]);
  const withdrawn = await admin(gateway, 'DELETE', `/api/v1/grants/${items[0]?.id}`);
  expect(withdrawn.body).toMatchObject({ isRevoked: true });
  expect((await call(url, 'notes__whoami')).message.error?.code).toBe(-31013);
  await admin(gateway, 'GET', '/api/v1/audit');

  const seen = JSON.stringify([begun, items, withdrawn, await admin(gateway, 'GET', '/api/v1/servers'), await gateway.log(), gateway.stderr()]);
  expect(pair.issued.length).toBeGreaterThan(1);
  for (const token of pair.issued) expect(seen).not.toContain(token);
  for (const file of await readdir(gateway.data)) {
    if (!file.includes('.db') && !file.includes('sqlite')) continue;
    const bytes = await readFile(join(gateway.data, file), 'latin1');
    for (const token of pair.issued) expect(bytes).not.toContain(token);
  }
});

/** Agrees at our page and stops at the authorization server's door. */
async function beginOf(link: string, credential?: string): Promise<URL> {
  const page = await fetch(link);
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? '';
  const cookie = (page.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
  const body = new URLSearchParams({ csrf, ...(credential === undefined ? {} : { credential }) });
  const agreed = await fetch(link, { method: 'POST', redirect: 'manual', headers: { cookie }, body });
  expect(agreed.status).toBe(303);
  return new URL(agreed.headers.get('location') ?? '');
}

const gateways = new Map<string, RunningGateway>();

function gatewayOf(url: string): RunningGateway {
  const gateway = gateways.get(url);
  if (gateway === undefined) throw new Error('no such gateway');
  return gateway;
}

async function admin(gateway: RunningGateway, method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const { token } = JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string };
  const response = await fetch(gateway.url + path, { method, headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function grantsOf(gateway: RunningGateway): Promise<{ readonly items: readonly { readonly id: string }[] }> {
  return (await admin(gateway, 'GET', '/api/v1/grants')).body as { items: { id: string }[] };
}
