/** Approvals by people, at two gateways over one PostgreSQL: the page, who may decide, and one call for one approval. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, type RpcMessage, textOf } from '../support/http-peer.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';
import { tokenOf } from '../support/start-people.ts';
import { startPostgres, type TestPostgres } from '../support/start-postgres.ts';
import { TestBrowser } from '../support/test-browser.ts';

const PASSWORD = 'correct horse battery';
const OPERATOR = 'op@example.com';
const folder = mkdtempSync(join(tmpdir(), 'metamcp-approvals-'));
let postgres: TestPostgres | undefined;
let gateways: RunningGateway[] = [];
const people: Record<string, { browser: TestBrowser; key: string }> = {};

beforeAll(async () => {
  postgres = await startPostgres();
  if (postgres === undefined) return;
  const databaseUrl = await postgres.createDatabase();
  const instanceKey = randomBytes(32);
  const config = {
    servers: { count: fixtureCommand('counting-server.ts', '--stdio', '--journal', join(folder, 'counted')) },
    policies: { ask: { approval: { users: ['ann@example.com', 'bob@example.com'] }, rules: [{ name: 'a-person', effect: 'approve', what: { names: ['count'] } }] } },
    namespaces: { all: { servers: ['count'], policies: ['ask'] } },
    endpoints: { all: { namespace: 'all' } },
  };
  for (const name of ['one', 'two']) {
    const data = join(folder, name);
    mkdirSync(data, { mode: 0o700 });
    writeFileSync(join(data, 'instance.key'), instanceKey, { mode: 0o600 });
    gateways.push(await startGateway({ config, data, env: { DATABASE_URL: databaseUrl, METAMCP_BOOTSTRAP_OPERATOR_EMAIL: OPERATOR, METAMCP_BOOTSTRAP_OPERATOR_PASSWORD: PASSWORD } }));
  }
  const operator = new TestBrowser(first().url);
  await operator.ask('POST', '/api/v1/sign-in', { body: { email: OPERATOR, password: PASSWORD } });
  for (const name of ['ann', 'bob', 'carl']) {
    const invitation = await operator.ask('POST', '/api/v1/invitations', { body: { role: 'member', email: `${name}@example.com` } });
    const browser = new TestBrowser(first().url);
    await browser.ask('POST', '/api/v1/links/redeem', { body: { token: tokenOf(invitation.body['link']), password: PASSWORD } });
    const made = await browser.ask('POST', '/api/v1/keys', { body: { name: `${name}s`, endpoints: ['all'] } });
    people[name] = { browser, key: String(made.body['value']) };
  }
  // The other gateway knows keys that are made here once its configuration is read again.
  await gateways[1]?.stop();
  gateways = [first(), await startGateway({ config, data: join(folder, 'two'), env: { DATABASE_URL: databaseUrl } })];
}, 120_000);

afterAll(async () => {
  for (const gateway of gateways) await gateway.stop();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function first(): RunningGateway {
  const [gateway] = gateways;
  if (gateway === undefined) throw new Error('no gateway runs');
  return gateway;
}

function person(name: string): { browser: TestBrowser; key: string } {
  const found = people[name];
  if (found === undefined) throw new Error(`nobody is called ${name}`);
  return found;
}

async function call(name: string, key: string, gateway = first()): Promise<RpcMessage> {
  return (await modernRequest({ url: gateway.mcp('all'), key: person(name).key }, 'tools/call', { name: 'count__count', arguments: { key } })).message;
}

async function asked(name: string, key: string): Promise<string> {
  const refused = await call(name, key);
  expect(refused.error).toMatchObject({ code: -31010 });
  return String(refused.error?.data?.['approval']);
}

async function page(id: string, name: string | undefined, form?: { body: string; headers?: Record<string, string> }): Promise<{ status: number; text: string; headers: Headers }> {
  const cookies = name === undefined ? [] : [...person(name).browser.cookies].map(([cookie, value]) => `${cookie}=${value}`);
  const response = await fetch(`${first().url}/approve/${id}`, {
    method: form === undefined ? 'GET' : 'POST',
    redirect: 'manual',
    headers: { cookie: cookies.join('; '), ...(form && { 'content-type': 'application/x-www-form-urlencoded', origin: first().url, 'sec-fetch-site': 'same-origin', ...form.headers }) },
    ...(form && { body: form.body }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

test('[TL-13] one approval lets exactly one call through, whichever of two gateways it comes to', async ({ skip }) => {
  if (postgres === undefined) return skip();
  const id = await asked('ann', 'once');
  expect((await person('bob').browser.ask('POST', `/api/v1/approvals/${id}/approve`, { body: {} })).body).toMatchObject({ state: 'approved' });
  const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => call('ann', 'once', gateways[index % 2] ?? first())));
  expect(answers.filter(({ result }) => result !== undefined).map(textOf)).toEqual([JSON.stringify({ key: 'once', count: 1 })]);
  expect(answers.filter(({ error }) => error?.code === -31010)).toHaveLength(15);
});

test('nobody approves a call of their own; those who are not named do not even see it; who is named may', async ({ skip }) => {
  if (postgres === undefined) return skip();
  const id = await asked('ann', 'own');
  const path = `/api/v1/approvals/${id}`;
  const own = await person('ann').browser.ask('POST', `${path}/approve`, { body: {} });
  expect([own.status, own.body['code']]).toEqual([403, 'auth.scope_missing']);
  expect((await person('ann').browser.ask('GET', path)).body).toMatchObject({ state: 'pending', mayDecide: false });
  expect((await person('carl').browser.ask('GET', path)).status).toBe(404);
  expect((await person('carl').browser.ask('POST', `${path}/approve`, { body: {} })).status).toBe(404);
  expect((await person('bob').browser.ask('GET', path)).body).toMatchObject({ mayDecide: true });
  // Taking back what one asked for oneself is no risk.
  expect((await person('ann').browser.ask('POST', `${path}/deny`, { body: { reason: 'a mistake' } })).status).toBe(200);
  expect((await call('ann', 'own')).error).toMatchObject({ code: -31007 });
});

test('the page needs a sign-in, shows hostile arguments as text, and takes a decision from nowhere but itself', async ({ skip }) => {
  if (postgres === undefined) return skip();
  const hostile = '<img src=x onerror=alert(1)>"\u202E\u200B';
  const id = await asked('ann', hostile);
  const stranger = await page(id, undefined);
  expect(stranger.status).toBe(303);
  expect(stranger.headers.get('location')).toContain(encodeURIComponent(`/approve/${id}`));
  expect((await page(id, undefined, { body: 'verdict=approve' })).status).toBe(303);
  expect((await page(id, 'carl')).status).toBe(404);
  expect((await page(id, 'ann')).text).toContain('There is nothing for you to decide here.');
  const shown = await page(id, 'bob');
  expect(shown.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(shown.text).not.toContain('<img');
  expect(shown.text).toContain('&#60;img src=x onerror=alert(1)&#62;');
  expect(shown.text).toContain('\\u{202e}');
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }]) expect((await page(id, 'bob', { body: 'verdict=approve', headers })).status).toBe(403);
  expect((await page(id, 'bob', { body: '{}', headers: { 'content-type': 'text/plain' } })).status).toBe(415);
  expect((await page(id, 'ann', { body: 'verdict=approve' })).status).toBe(403);
  expect((await person('bob').browser.ask('GET', `/api/v1/approvals/${id}`)).body).toMatchObject({ state: 'pending' });
  expect((await page(id, 'bob', { body: 'verdict=approve&note=fine' })).text).toContain('approved: the call may be made once');
  expect((await call('ann', hostile, gateways[1])).result).toBeDefined();
  expect((await page(id, 'bob')).text).toContain('approved, and the call was made');
});
