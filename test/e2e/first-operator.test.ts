/** From a fresh start to the first operator and on, with nothing but HTTP. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
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
