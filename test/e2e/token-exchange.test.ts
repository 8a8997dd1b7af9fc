/** RFC 8693: the token that a user's client shows us becomes one for the server, per user, and goes nowhere else. */
import { afterEach, expect, test } from 'vitest';
import { modernRequest, toolNamesOf } from '../support/http-peer.ts';
import { OAuthClient } from '../support/oauth-client.ts';
import { json, type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { ALICE, type OAuthGateway, startOAuthGateway } from '../support/start-oauth-gateway.ts';

const BOB = { ...ALICE, userId: 'usr_bob', name: 'Bob' };
const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Exchange {
  readonly params: URLSearchParams;
  readonly authorization: string | undefined;
  readonly issued: string;
}

/** An MCP server with its authorization server at one address: it takes only tokens that were exchanged there. */
async function startPair(): Promise<{ base: string; exchanges: Exchange[]; shown: Set<string> }> {
  const exchanges: Exchange[] = [];
  const shown = new Set<string>();
  const server: ScriptedServer = await startScriptedServer(({ method, url, headers, body }, response) => {
    const base = new URL(server.url).origin;
    if (url.startsWith('/.well-known/oauth-protected-resource')) return json(response, { resource: `${base}/mcp`, authorization_servers: [base], scopes_supported: ['tools'] });
    if (url.startsWith('/.well-known/')) return json(response, { issuer: base, authorization_endpoint: `${base}/authorize`, token_endpoint: `${base}/token`, response_types_supported: ['code'], code_challenge_methods_supported: ['S256'], token_endpoint_auth_methods_supported: ['client_secret_basic'] });
    if (url === '/token') {
      const issued = `exchanged-${exchanges.length}`;
      exchanges.push({ params: new URLSearchParams(body), authorization: headers.authorization, issued });
      return json(response, { access_token: issued, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', token_type: 'Bearer', expires_in: 3600 });
    }
    if (method !== 'POST') return void response.writeHead(405).end();
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
    if (token !== undefined) shown.add(token);
    const { id, method: asked } = JSON.parse(body) as { id?: number; method: string };
    if (token === undefined || !exchanges.some(({ issued }) => issued === token)) {
      response.writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${base}/.well-known/oauth-protected-resource/mcp"` });
      return void response.end();
    }
    if (id === undefined) return void response.writeHead(202).end();
    const results: Readonly<Record<string, object>> = {
      initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } },
      'tools/list': { tools: [{ name: 'whoami', inputSchema: { type: 'object' } }] },
      'tools/call': { content: [{ type: 'text', text: token }] },
    };
    json(response, { jsonrpc: '2.0', id, ...(results[asked] === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result: results[asked] }) });
  });
  return { base: new URL(server.url).origin, exchanges, shown };
}

async function tokenOf(gateway: OAuthGateway, user: typeof ALICE): Promise<string> {
  gateway.signIn.user = user;
  const client = new OAuthClient(gateway.url);
  return (await client.tokens((await client.register()).client_id, { resource: gateway.mcp('desk') })).access_token;
}

async function whoami(gateway: OAuthGateway, token: string): Promise<string> {
  const peer = { url: gateway.mcp('desk'), key: token };
  // The first who comes lets the gateway read what the server offers.
  await expect.poll(async () => toolNamesOf(await modernRequest(peer, 'tools/list')), { timeout: 10_000 }).toEqual(['sample__whoami']);
  const { message } = await modernRequest(peer, 'tools/call', { name: 'sample__whoami', arguments: {} });
  return (message.result?.['content'] as { text: string }[] | undefined)?.[0]?.text ?? JSON.stringify(message);
}

test('[OC-10] each user’s token is exchanged once, for the server and audience, and the server sees only what came of it', async () => {
  const { base, exchanges, shown } = await startPair();
  const auth = { type: 'token-exchange', clientId: 'gateway', clientSecret: 'gateway-secret', issuer: base, audience: 'urn:tools', scopes: ['tools'] };
  const gateway = await startOAuthGateway({ server: { type: 'http', url: `${base}/mcp`, auth } });
  closing.push(() => gateway.close());
  const [alice, bob] = [await tokenOf(gateway, ALICE), await tokenOf(gateway, BOB)];

  const ofAlice = await whoami(gateway, alice);
  const ofBob = await whoami(gateway, bob);
  for (const token of [ofAlice, ofBob]) expect(token).toMatch(/^exchanged-\d+$/);
  expect(ofAlice).not.toBe(ofBob);
  expect(await whoami(gateway, alice)).toBe(ofAlice);

  expect(new Set(exchanges.map(({ params }) => params.get('subject_token')))).toEqual(new Set([alice, bob]));
  for (const { params, authorization } of exchanges) {
    expect(Object.fromEntries(params)).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: 'urn:tools',
      resource: `${base}/mcp`,
      scope: 'tools',
    });
    expect(authorization).toBe(`Basic ${Buffer.from('gateway:gateway-secret').toString('base64')}`);
  }
  expect([...shown].filter((token) => !token.startsWith('exchanged-'))).toEqual([]);
}, 60_000);
