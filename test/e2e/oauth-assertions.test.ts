/** Enterprise-managed authorization: a client shows an assertion of the identity provider, and nobody is asked anything. */
import type { JWTPayload } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, OAuthClient } from '../support/oauth-client.ts';
import { ALICE, LOGIN_OF_ALICE, type OAuthGateway, startOAuthGateway } from '../support/start-oauth-gateway.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';

const TYPE = 'oauth-id-jag+jwt';
let provider: TokenIssuer;
let stranger: TokenIssuer;
let gateway: OAuthGateway;
let client: OAuthClient;
let clientId = '';
let lastId = 0;

beforeAll(async () => {
  [provider, stranger] = [await startTokenIssuer(), await startTokenIssuer()];
  gateway = await startOAuthGateway({
    endpoints: { desk: { apiKey: false, oauth: true }, staff: { apiKey: false, oauth: { groups: ['staff'] } }, bosses: { apiKey: false, oauth: { groups: ['bosses'] } } },
    flags: { 'oauth-assertion-issuer': [provider.url] },
  });
  client = new OAuthClient(gateway.url);
  clientId = (await client.register()).client_id;
});

afterAll(async () => {
  await gateway.close();
  provider.close();
  stranger.close();
});

function claims(changes: Readonly<Record<string, unknown>> = {}): JWTPayload {
  return { sub: LOGIN_OF_ALICE, aud: gateway.url, client_id: clientId, resource: gateway.mcp('desk'), scope: 'mcp', jti: `a${++lastId}`, ...changes };
}

function show(assertion: string, changes: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return client.form('/oauth/token', { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion, client_id: clientId, ...changes });
}

test('[AS-15] an assertion gets a token for the endpoint that it names, which opens that one alone, and no refresh token', async () => {
  const metadata = (await (await fetch(`${gateway.url}/.well-known/oauth-authorization-server`)).json()) as Record<string, unknown>;
  expect(metadata).toMatchObject({ grant_types_supported: expect.arrayContaining(['urn:ietf:params:oauth:grant-type:jwt-bearer']), authorization_grant_profiles_supported: ['urn:ietf:params:oauth:grant-profile:id-jag'] });
  const { status, body } = await show(await provider.sign(claims(), TYPE));
  expect([status, body]).toEqual([200, { access_token: expect.any(String), token_type: 'Bearer', expires_in: expect.any(Number), scope: 'mcp' }]);
  expect(Number(body['expires_in'])).toBeLessThanOrEqual(15 * 60);
  const headers = { authorization: `Bearer ${String(body['access_token'])}` };
  expect((await client.initialize(gateway.mcp('desk'), headers)).status).toBe(200);
  expect((await client.initialize(gateway.mcp('staff'), headers)).status).toBe(401);
  // The request names the endpoint where the assertion does not.
  expect((await show(await provider.sign(claims({ resource: undefined, scope: undefined }), TYPE), { resource: gateway.mcp('staff') })).status).toBe(200);
});

test('[AS-15] an assertion counts once', async () => {
  const assertion = await provider.sign(claims(), TYPE);
  const answers = await Promise.all([show(assertion), show(assertion), show(assertion)]);
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400, 400]);
});

test.each<[what: string, make: () => Promise<string>]>([
  ['of another type', () => provider.sign(claims(), 'JWT')],
  ['that is an access token', () => provider.sign(claims())],
  ['of an issuer that nobody named', () => stranger.sign(claims(), TYPE)],
  ['in the name of another issuer', () => stranger.sign(claims({ iss: provider.url }), TYPE)],
  ['for another authorization server', () => provider.sign(claims({ aud: 'https://other.example' }), TYPE)],
  ['for several authorization servers', () => provider.sign(claims({ aud: [gateway.url, 'https://other.example'] }), TYPE)],
  ['for another client', () => provider.sign(claims({ client_id: 'other' }), TYPE)],
  ['for no client', () => provider.sign(claims({ client_id: undefined }), TYPE)],
  ['that is over', () => provider.sign(claims({ exp: 1_000_000_000, iat: 999_999_000 }), TYPE)],
  ['that is from tomorrow', () => provider.sign(claims({ iat: Math.floor(Date.now() / 1_000) + 86_400, exp: Math.floor(Date.now() / 1_000) + 90_000 }), TYPE)],
  ['that never began', () => provider.sign(claims({ iat: undefined }), TYPE)],
  ['without an id', () => provider.sign(claims({ jti: undefined }), TYPE)],
  ['about somebody whom nobody knows here', () => provider.sign(claims({ sub: 'eve' }), TYPE)],
  ['for an endpoint that is not for this user', () => provider.sign(claims({ resource: gateway.mcp('bosses') }), TYPE)],
  ['that is no token at all', () => Promise.resolve('x.y.z')],
])('[AS-15] an assertion %s gets nothing', async (_what, make) => {
  expect(await make().then((assertion) => show(assertion))).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
});

test('[AS-15] neither another endpoint nor another scope than the assertion has can be asked for', async () => {
  const mixed = await show(await provider.sign(claims(), TYPE), { resource: gateway.mcp('staff') });
  expect([mixed.status, mixed.body['error']]).toEqual([400, 'invalid_target']);
  const unknown = await show(await provider.sign(claims({ resource: 'https://other.example/mcp' }), TYPE));
  expect([unknown.status, unknown.body['error']]).toEqual([400, 'invalid_target']);
  for (const [granted, asked] of [['mcp', 'admin'], ['other', 'mcp']] as const) {
    const { status, body } = await show(await provider.sign(claims({ scope: granted }), TYPE), { scope: asked });
    expect([status, body['error']]).toEqual([400, 'invalid_scope']);
  }
});

test('[AS-15] nobody who was disabled gets anything, and keys are fetched of nobody but who is believed', async () => {
  gateway.signIn.user = undefined;
  try {
    expect((await show(await provider.sign(claims(), TYPE))).status).toBe(400);
  } finally {
    gateway.signIn.user = ALICE;
  }
  expect([provider.seen.paths, stranger.seen.paths]).toEqual([['/.well-known/openid-configuration', '/keys'], []]);
});
