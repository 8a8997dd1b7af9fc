import type { JWTPayload } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OAuthClient } from '../support/oauth-client.ts';
import { type OAuthGateway, startOAuthGateway } from '../support/start-oauth-gateway.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';

/** On loopback: an operator named it, so it may be there. */
let issuer: TokenIssuer;
let gateway: OAuthGateway;
let client: OAuthClient;

function sign(claims: JWTPayload): Promise<string> {
  return issuer.sign({ sub: 'u1', scope: 'tools', groups: ['staff'], ...claims });
}

beforeAll(async () => {
  issuer = await startTokenIssuer();
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
      (await client.initialize(gateway.mcp('desk'), { authorization: `Bearer ${await sign({ aud: gateway.mcp('desk'), jti: String(count) })}` })).status,
    ).toBe(200);
  }
  expect(issuer.seen.paths).toEqual(['/.well-known/openid-configuration', '/keys']);
});

test('[AZ-03] a token for something else opens nothing', async () => {
  for (const aud of ['https://other.example/mcp', gateway.mcp('other'), 'api://gateway']) {
    const { status, headers } = await client.initialize(gateway.mcp('desk'), { authorization: `Bearer ${await sign({ aud })}` });
    expect([status, headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer error="invalid_token", resource_metadata="${gateway.url}/.well-known/oauth-protected-resource/metamcp/desk/mcp", scope="tools"`,
    ]);
  }
  expect((await client.initialize(gateway.mcp('other'), { authorization: `Bearer ${await sign({ aud: 'api://gateway' })}` })).status).toBe(200);
});

test('[AZ-04] [AZ-14] a token without the scope is told which scopes are needed; more scopes than needed are no harm', async () => {
  const desk = gateway.mcp('desk');
  const { status, headers } = await client.initialize(desk, { authorization: `Bearer ${await sign({ aud: desk, scope: 'read' })}` });
  expect([status, headers.get('www-authenticate')]).toEqual([
    403,
    `Bearer error="insufficient_scope", resource_metadata="${gateway.url}/.well-known/oauth-protected-resource/metamcp/desk/mcp", scope="tools"`,
  ]);
  expect((await client.initialize(desk, { authorization: `Bearer ${await sign({ aud: desk, scope: 'admin tools read' })}` })).status).toBe(200);
});

test('a user who is in none of the groups is refused', async () => {
  const desk = gateway.mcp('desk');
  expect((await client.initialize(desk, { authorization: `Bearer ${await sign({ aud: desk, groups: ['guests'] })}` })).status).toBe(403);
});
