/** Settings that are changed while the gateway runs: they hold at once, at the addresses that they are about, and after a restart. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GATEWAY_FILE } from '../../src/contract/gateway-file.ts';
import { OAuthClient } from '../support/oauth-client.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';
import { TestBrowser } from '../support/test-browser.ts';

let data: string;
let gateway: RunningGateway;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'metamcp-settings-'));
  gateway = await startGateway({ data });
});

afterAll(async () => {
  await gateway.stop();
  await rm(data, { recursive: true, force: true });
});

async function restart(): Promise<void> {
  await gateway.stop();
  gateway = await startGateway({ data });
}

async function change(path: string, body: object): Promise<void> {
  const { token } = JSON.parse(readFileSync(join(data, GATEWAY_FILE), 'utf8')) as { token: string };
  const answer = await fetch(`${gateway.url}/api/v1/${path}`, { method: 'PATCH', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  expect([path, answer.status]).toEqual([path, 200]);
}

test('[AS-11] registration of OAuth clients', async () => {
  await change('endpoints/default', { config: { auth: { oauth: true } } });
  const register = async (): Promise<number> => (await new OAuthClient(gateway.url).tryRegister()).status;
  const metadata = async () => (await fetch(`${gateway.url}/.well-known/oauth-authorization-server`)).json() as Promise<Record<string, unknown>>;
  expect([await register(), Object.hasOwn(await metadata(), 'registration_endpoint')]).toEqual([201, true]);

  await change('settings', { settings: { oauthRegistration: false } });
  expect([await register(), Object.hasOwn(await metadata(), 'registration_endpoint')]).toEqual([404, false]);
  await restart();
  expect([await register(), Object.hasOwn(await metadata(), 'registration_endpoint')]).toEqual([404, false]);

  await change('settings', { settings: { oauthRegistration: null } });
  expect(await register()).toBe(201);
});

test('sign-up by a form', async () => {
  let count = 0;
  const signUp = async (): Promise<number> => (await new TestBrowser(gateway.url).ask('POST', '/api/v1/sign-up', { body: { email: `p${++count}@example.com`, name: 'P', password: 'correct horse battery' } })).status;
  expect(await signUp()).toBe(403);
  await change('settings', { settings: { formSignUp: true } });
  expect(await signUp()).toBe(201);
  await restart();
  expect(await signUp()).toBe(201);
  await change('settings', { settings: { formSignUp: false } });
  expect(await signUp()).toBe(403);
  await restart();
  expect(await signUp()).toBe(403);
});
