/** From a fresh start to the first operator and on, with nothing but HTTP. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { modernRequest, toolNamesOf } from '../support/http-peer.ts';
import { failingStart, type RunningGateway, startGateway } from '../support/start-gateway.ts';
import { tokenOf } from '../support/start-people.ts';
import { TestBrowser } from '../support/test-browser.ts';

const PASSWORD = 'correct horse battery';
let data: string;
const running: RunningGateway[] = [];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'metamcp-operator-'));
});

afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.stop();
  await rm(data, { recursive: true, force: true });
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<RunningGateway> {
  const gateway = await startGateway({ data, env });
  running.push(gateway);
  return gateway;
}

async function restart(env?: Readonly<Record<string, string>>): Promise<RunningGateway> {
  await running.pop()?.stop();
  return start(env);
}

test('[AD-04] the link of the start makes the first operator, who is still one after a restart; then no link is offered', async () => {
  const abandoned = await start();
  const first = await restart();
  expect(first.adminLink).not.toBe(abandoned.adminLink);
  await expect.poll(async () => JSON.stringify(await first.log()), { timeout: 5_000 }).toContain(first.adminLink);
  const browser = new TestBrowser(first.url);
  expect((await browser.ask('GET', '/api/v1/servers')).status).toBe(401);
  expect((await browser.ask('POST', '/api/v1/links/redeem', { body: { token: tokenOf(abandoned.adminLink), email: 'a@example.com', password: PASSWORD } })).status).toBe(404);
  const made = await browser.ask('POST', '/api/v1/links/redeem', { body: { token: tokenOf(first.adminLink), email: 'op@example.com', password: PASSWORD } });
  expect([made.status, made.body['user']]).toEqual([200, expect.objectContaining({ role: 'operator' })]);
  expect((await browser.ask('POST', '/api/v1/servers', { body: { name: 'more', config: { url: 'http://127.0.0.1:1/mcp' } } })).status).toBe(201);

  const second = await restart();
  expect(second.adminLink).toBeNull();
  const later = new TestBrowser(second.url);
  later.cookies.set('__Host-metamcp-sign-in', browser.cookies.get('__Host-metamcp-sign-in') ?? '');
  expect((await later.ask('GET', '/api/v1/me')).body).toMatchObject({ user: { email: 'op@example.com' } });
});

test('an unattended installation has its operator from the environment', async () => {
  const gateway = await start({ METAMCP_BOOTSTRAP_OPERATOR_EMAIL: 'ops@acme.example', METAMCP_BOOTSTRAP_OPERATOR_PASSWORD: PASSWORD });
  expect(gateway.adminLink).toBeNull();
  expect(gateway.stderr()).not.toContain('warning');
  const browser = new TestBrowser(gateway.url);
  expect((await browser.ask('POST', '/api/v1/sign-in', { body: { email: 'ops@acme.example', password: PASSWORD } })).status).toBe(200);
});

test('[KS-08] a weak password of the environment refuses the start in production, and is not repeated', async () => {
  const { code, stderr } = await failingStart(['--data', data, '--production'], { METAMCP_BOOTSTRAP_OPERATOR_EMAIL: 'ops@acme.example', METAMCP_BOOTSTRAP_OPERATOR_PASSWORD: 'changeme1234' });
  expect(code).toBe(1);
  expect(stderr).toContain('METAMCP_BOOTSTRAP_OPERATOR_PASSWORD: the password must');
  expect(stderr).not.toContain('changeme1234');
});

test('[OP-05] [TN-04] with nothing but HTTP: first operator, server, namespace, endpoint, key; then a client lists and calls; settings hold after a restart', async () => {
  const first = await start();
  const operator = new TestBrowser(first.url);
  await operator.ask('POST', '/api/v1/links/redeem', { body: { token: tokenOf(first.adminLink), email: 'op@example.com', password: PASSWORD } });
  const sample = (await operator.ask('GET', '/api/v1/servers/sample')).body['config'];
  for (const [path, body] of [
    ['servers', { name: 'tools', config: sample }],
    ['namespaces', { name: 'team', config: { servers: ['tools'] } }],
    ['endpoints', { name: 'team', config: { namespace: 'team', auth: { apiKey: true } } }],
  ] as const) {
    expect((await operator.ask('POST', `/api/v1/${path}`, { body })).status).toBe(201);
  }
  const made = await operator.ask('POST', '/api/v1/keys', { body: { name: 'laptop', endpoints: ['team'], tools: ['tools__echo'] } });
  const peer = { url: first.mcp('team'), key: String(made.body['value']) };
  // A key for one tool: nothing else is listed or there.
  await expect.poll(async () => toolNamesOf(await modernRequest(peer, 'tools/list')), { timeout: 10_000 }).toEqual(['tools__echo']);
  const called = await modernRequest(peer, 'tools/call', { name: 'tools__echo', arguments: { message: 'hello', text: 'hello' } });
  expect(JSON.stringify(called.message)).toContain('hello');

  const invalid = await operator.ask('POST', '/api/v1/config/apply', { body: { text: '{"servers":{"tools":{"command":1}}}' } });
  expect([invalid.status, invalid.body['code']]).toEqual([400, 'config.invalid']);
  expect(toolNamesOf(await modernRequest(peer, 'tools/list'))).toEqual(['tools__echo']);

  expect((await operator.ask('PATCH', '/api/v1/settings', { body: { settings: { formSignUp: true, oauthRegistration: false } } })).status).toBe(200);
  const second = await restart();
  const visitor = new TestBrowser(second.url);
  expect((await visitor.ask('GET', '/api/v1/sign-in')).body).toMatchObject({ formSignUp: true });
  expect((await visitor.ask('POST', '/api/v1/sign-up', { body: { email: 'ann@example.com', name: 'Ann', password: PASSWORD } })).status).toBe(201);
  expect(toolNamesOf(await modernRequest({ ...peer, url: second.mcp('team') }, 'tools/list'))).toEqual(['tools__echo']);
});
