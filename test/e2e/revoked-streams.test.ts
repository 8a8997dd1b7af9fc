/** What a credential opened ends with it: listen streams of 2026-07-28, which no session holds. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listen } from '../support/http-peer.ts';
import { OAuthClient } from '../support/oauth-client.ts';
import { ALICE, type OAuthGateway, startOAuthGateway } from '../support/start-oauth-gateway.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

let gateway: OAuthGateway;
beforeAll(async () => {
  gateway = await startOAuthGateway({ endpoints: { desk: { apiKey: true, oauth: true } } });
});
afterAll(() => gateway.close());

async function admin(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const { token } = JSON.parse(readFileSync(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string };
  const answer = await fetch(`${gateway.url}/api/v1/${path}`, { method, headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) });
  return (await answer.json()) as Record<string, unknown>;
}

/** A stream that is acknowledged, and so open. */
async function openStream(credential: string) {
  const stream = await listen({ url: gateway.mcp('desk'), key: credential }, { toolsListChanged: true });
  await expect.poll(() => stream.messages().length, { timeout: 5_000 }).toBeGreaterThan(0);
  return stream;
}

const isOver = (stream: Awaited<ReturnType<typeof openStream>>): boolean => stream.messages().some(({ id }) => id === 'listen');

test('[AZ-16] a listen stream ends with its key, and no other with it', async () => {
  const [one, other] = [await admin('POST', 'keys', { name: 'one' }), await admin('POST', 'keys', { name: 'other' })];
  const [ofOne, ofOther] = [await openStream(String(one['value'])), await openStream(String(other['value']))];
  await admin('DELETE', `keys/${String(one['id'])}`);
  await expect.poll(() => isOver(ofOne), { timeout: 5_000 }).toBe(true);
  expect(isOver(ofOther)).toBe(false);
  ofOther.close();
});

test('[AZ-16] [CD-07] a listen stream ends with its token, and with a consent that is withdrawn', async () => {
  const client = new OAuthClient(gateway.url);
  const { client_id: clientId } = await client.register({ client_name: 'Editor' });
  const revoked = await client.tokens(clientId, { resource: gateway.mcp('desk') });
  const ofRevoked = await openStream(revoked.access_token);
  await client.form('/oauth/revoke', { token: revoked.access_token, client_id: clientId });
  await expect.poll(() => isOver(ofRevoked), { timeout: 5_000 }).toBe(true);

  const withdrawn = await client.tokens(clientId, { resource: gateway.mcp('desk') });
  const ofWithdrawn = await openStream(withdrawn.access_token);
  const { items } = (await admin('GET', 'consents')) as { items: { id: string; user: string; client: { name: string }; resources: string[] }[] };
  expect(items).toMatchObject([{ user: ALICE.userId, client: { id: clientId, name: 'Editor' }, resources: [gateway.mcp('desk')] }]);
  await admin('DELETE', `consents/${items[0]?.id ?? ''}`);
  await expect.poll(() => isOver(ofWithdrawn), { timeout: 5_000 }).toBe(true);
  expect((await client.initialize(gateway.mcp('desk'), { authorization: `Bearer ${withdrawn.access_token}` })).status).toBe(401);
  expect((await client.refresh(clientId, withdrawn.refresh_token)).body['error']).toBe('invalid_grant');
});
