import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OAuthClient } from '../support/oauth-client.ts';
import { type OAuthGateway, startOAuthGateway } from '../support/start-oauth-gateway.ts';

/** An issuer on loopback: an operator named it, so it may be there. */
async function startIssuer() {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const key = { ...(await exportJWK(publicKey)), kid: 'k1', use: 'sig', alg: 'ES256' };
  const seen = { paths: [] as string[] };
  const server = createServer((http, response) => {
    seen.paths.push(http.url ?? '');
    const documents: Record<string, object> = { '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` }, '/keys': { keys: [key] } };
    const document = documents[http.url ?? ''];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(document ?? {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sign = (claims: JWTPayload): Promise<string> =>
    new SignJWT({ iss: url, sub: 'u1', scope: 'tools', groups: ['staff'], ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' })
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
  return { url, seen, sign, close: () => server.close() };
}

let issuer: Awaited<ReturnType<typeof startIssuer>>;
let gateway: OAuthGateway;
let client: OAuthClient;

beforeAll(async () => {
  issuer = await startIssuer();
  gateway = await startOAuthGateway({
    endpoints: {
      desk: { apiKey: true, jwt: { issuer: issuer.url, scopes: ['tools'], groups: ['staff', 'ops'] } },
      other: { apiKey: true, jwt: { issuer: issuer.url, audience: 'api://gateway' } },
    },
  });
  client = new OAuthClient(gateway.url);
});

afterAll(async () => {
  await gateway.close();
  issuer.close();
});

test('[AZ-05] the endpoint names the outside issuer, and there is no authorization server of ours', async () => {
  const document = await (await fetch(`${gateway.url}/.well-known/oauth-protected-resource/metamcp/desk/mcp`)).json();
  expect(document).toMatchObject({ resource: gateway.mcp('desk'), authorization_servers: [issuer.url], scopes_supported: ['tools'] });
  expect((await fetch(`${gateway.url}/.well-known/oauth-authorization-server`)).status).toBe(404);
});

test('[AZ-02] [AZ-08] its tokens open the endpoint, and its keys are fetched once', async () => {
  for (let count = 0; count < 3; count++) {
    expect(
      (await client.initialize(gateway.mcp('desk'), { authorization: `Bearer ${await issuer.sign({ aud: gateway.mcp('desk'), jti: String(count) })}` })).status,
    ).toBe(200);
  }
  expect(issuer.seen.paths).toEqual(['/.well-known/openid-configuration', '/keys']);
});

test('[AZ-03] a token for something else opens nothing', async () => {
  for (const aud of ['https://other.example/mcp', gateway.mcp('other'), 'api://gateway']) {
    const { status, headers } = await client.initialize(gateway.mcp('desk'), { authorization: `Bearer ${await issuer.sign({ aud })}` });
    expect([status, headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer error="invalid_token", resource_metadata="${gateway.url}/.well-known/oauth-protected-resource/metamcp/desk/mcp", scope="tools"`,
    ]);
  }
  expect((await client.initialize(gateway.mcp('other'), { authorization: `Bearer ${await issuer.sign({ aud: 'api://gateway' })}` })).status).toBe(200);
});

test('[AZ-04] [AZ-14] a token without the scope is told which scopes are needed; more scopes than needed are no harm', async () => {
  const desk = gateway.mcp('desk');
  const { status, headers } = await client.initialize(desk, { authorization: `Bearer ${await issuer.sign({ aud: desk, scope: 'read' })}` });
  expect([status, headers.get('www-authenticate')]).toEqual([
    403,
    `Bearer error="insufficient_scope", resource_metadata="${gateway.url}/.well-known/oauth-protected-resource/metamcp/desk/mcp", scope="tools"`,
  ]);
  expect((await client.initialize(desk, { authorization: `Bearer ${await issuer.sign({ aud: desk, scope: 'admin tools read' })}` })).status).toBe(200);
});

test('a user who is in none of the groups is refused', async () => {
  const desk = gateway.mcp('desk');
  expect((await client.initialize(desk, { authorization: `Bearer ${await issuer.sign({ aud: desk, groups: ['guests'] })}` })).status).toBe(403);
});
