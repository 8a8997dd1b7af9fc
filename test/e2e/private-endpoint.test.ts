/** An endpoint that is private to a user, and tokens of our own authorization server. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { CALLBACK, OAuthClient } from '../support/oauth-client.ts';
import { ALICE, type OAuthGateway, startOAuthGateway } from '../support/start-oauth-gateway.ts';

const BOB = { ...ALICE, userId: 'usr_bob', name: 'Bob' };

let gateway: OAuthGateway;
let client: OAuthClient;
let clientId: string;
let mine: string;

beforeAll(async () => {
  gateway = await startOAuthGateway();
  await give(ALICE.userId);
  client = new OAuthClient(gateway.url);
  clientId = (await client.register()).client_id;
  mine = gateway.mcp('mine');
});

afterAll(() => gateway.close());

/** Makes the endpoint, or makes it again, as this user's own. */
function give(owner: string): Promise<void> {
  return gateway.gateway.publisher.change('test', async (draft) => {
    if (draft.find({ kind: 'endpoints', name: 'mine' }) !== undefined) await draft.delete({ kind: 'endpoints', name: 'mine' });
    await draft.insert({ kind: 'endpoints', name: 'mine', body: { namespace: 'all', auth: { apiKey: true, oauth: true } }, owner, managedBy: undefined });
    return { result: undefined, reason: 'test' };
  });
}

const open = async (token: string): Promise<number> => (await client.initialize(mine, { authorization: `Bearer ${token}` })).status;

test('[AZ-09] [TN-01] its owner signs in and is let in; anybody else gets no code for it, and no token of another endpoint opens it', async () => {
  gateway.signIn.user = ALICE;
  expect(await open((await client.tokens(clientId, { resource: mine })).access_token)).toBe(200);

  gateway.signIn.user = BOB;
  const refused = await new Browser().open(client.authorizeUrl(clientId, { resource: mine }), CALLBACK);
  expect(new URL(refused.url).searchParams.get('error')).toBe('access_denied');
  const { access_token: token } = await client.tokens(clientId, { resource: gateway.mcp('desk') });
  expect((await client.initialize(gateway.mcp('desk'), { authorization: `Bearer ${token}` })).status).toBe(200);
  expect(await open(token)).toBe(401);
});

test('[AZ-16] a token from before it was another’s is worth nothing there, at once', async () => {
  gateway.signIn.user = ALICE;
  const { access_token: token } = await client.tokens(clientId, { resource: mine });
  expect(await open(token)).toBe(200);
  await give(BOB.userId);
  expect(await open(token)).toBe(401);
  await give(ALICE.userId);
  expect(await open(token)).toBe(200);
});

test('a key that is for all endpoints opens it only where it is the owner’s', async () => {
  const starter = gateway.gateway.starterKey ?? '';
  const initialize = (endpoint: string) => client.initialize(gateway.mcp(endpoint), { 'x-api-key': starter });
  expect((await initialize('mine')).status).toBe(401);
});
