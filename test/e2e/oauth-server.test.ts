import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { CALLBACK, OAuthClient } from '../support/oauth-client.ts';
import { ALICE, type OAuthGateway, startOAuthGateway } from '../support/start-oauth-gateway.ts';

let gateway: OAuthGateway;
let client: OAuthClient;
let clientId: string;
let resource: string;

beforeAll(async () => {
  gateway = await startOAuthGateway({
    endpoints: {
      desk: { apiKey: false, oauth: true },
      other: { apiKey: true, oauth: true },
      staff: { apiKey: false, oauth: { signIn: 'oidc', groups: ['admins'] } },
      keys: { apiKey: true },
    },
  });
  client = new OAuthClient(gateway.url);
  clientId = (await client.register()).client_id;
  resource = gateway.mcp('desk');
});

afterAll(() => gateway.close());

describe('discovery', () => {
  test('[AS-07] [AS-06] [AS-01] the authorization server describes itself in both places, with an issuer that is byte for byte the configured one', async () => {
    for (const place of ['oauth-authorization-server', 'openid-configuration']) {
      const document = (await (await fetch(`${gateway.url}/.well-known/${place}`)).json()) as Record<string, unknown>;
      expect(document).toMatchObject({
        issuer: gateway.url,
        authorization_endpoint: `${gateway.url}/oauth/authorize`,
        token_endpoint: `${gateway.url}/oauth/token`,
        registration_endpoint: `${gateway.url}/oauth/register`,
        code_challenge_methods_supported: ['S256'],
        response_types_supported: ['code'],
        authorization_response_iss_parameter_supported: true,
        client_id_metadata_document_supported: true,
      });
    }
  });

  test('[AZ-05] [AZ-15] each endpoint has metadata of its own that names its address and one small scope', async () => {
    const document = await (await fetch(`${gateway.url}/.well-known/oauth-protected-resource/metamcp/other/mcp`)).json();
    expect(document).toEqual({
      resource: gateway.mcp('other'),
      resource_name: 'other',
      authorization_servers: [gateway.url],
      scopes_supported: ['mcp'],
      bearer_methods_supported: ['header'],
    });
  });

  test('[AZ-05] at the root there is metadata only where it is clear which endpoint is meant', async () => {
    expect((await fetch(`${gateway.url}/.well-known/oauth-protected-resource`)).status).toBe(404);
    expect((await fetch(`${gateway.url}/.well-known/oauth-protected-resource/metamcp/keys/mcp`)).status).toBe(404);
    expect((await fetch(`${gateway.url}/.well-known/oauth-protected-resource/metamcp/none/mcp`)).status).toBe(404);
  });

  test('[TR-09] nothing that a request says of our address gets into metadata', async () => {
    const path = '/.well-known/oauth-protected-resource/metamcp/desk/mcp';
    const plain = await (await fetch(gateway.url + path)).text();
    const port = new URL(gateway.url).port;
    for (const headers of [
      { 'x-forwarded-host': 'evil.example' },
      { 'x-forwarded-proto': 'https' },
      { forwarded: 'host=evil.example' },
      { host: `localhost:${port}` },
    ]) {
      expect(await (await fetch(gateway.url + path, { headers: headers as Record<string, string> })).text()).toBe(plain);
    }
  });
});

describe('an endpoint with OAuth', () => {
  test('[AZ-04] tells a client without token where to sign in and which scope it needs', async () => {
    const { status, headers } = await client.initialize(resource, {});
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="${gateway.url}/.well-known/oauth-protected-resource/metamcp/desk/mcp", scope="mcp"`,
    );
  });

  test('[AZ-04] [AZ-12] tells invalid_token for whatever is no token of ours', async () => {
    for (const token of ['x', 'a'.repeat(43), `' OR 1=1--`.replaceAll(' ', '+'), 'a.b.c', 'A'.repeat(8_000), '%00', 'sk_mt_x']) {
      const { status, headers } = await client.initialize(gateway.mcp('other'), { authorization: `Bearer ${token}` });
      expect([status, headers.get('www-authenticate')?.includes('error="invalid_token"')]).toEqual([401, true]);
    }
  });

  test('[AZ-18] slows down whoever guesses tokens', async () => {
    const guesser = new OAuthClient(gateway.url, () => '203.0.113.8');
    const statuses = [];
    for (let count = 0; count < 15; count++)
      statuses.push((await guesser.initialize(resource, { authorization: `Bearer ${String(count).padStart(43, 'x')}` })).status);
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
  });

  test('[AZ-01] takes the token on every request, and none for a session that is open', async () => {
    const { access_token: token } = await client.tokens(clientId, { resource });
    const opened = await client.initialize(resource, { authorization: `Bearer ${token}` });
    expect(opened.status).toBe(200);
    const session = opened.headers.get('mcp-session-id') ?? '';
    expect((await client.initialize(resource, { 'mcp-session-id': session })).status).toBe(401);
  });

  test('[AZ-03] [AS-05] refuses a token of another endpoint', async () => {
    const { access_token: token } = await client.tokens(clientId, { resource });
    expect((await client.initialize(resource, { authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await client.initialize(gateway.mcp('other'), { authorization: `Bearer ${token}` })).status).toBe(401);
  });

  test('[AZ-06] takes no token in the address', async () => {
    const { access_token: token } = await client.tokens(clientId, { resource });
    expect((await client.initialize(`${resource}?access_token=${token}`, {})).status).toBe(400);
    expect((await client.initialize(resource, { 'x-api-key': token })).status).toBe(401);
  });

  test('[SS-02] a session lives on when its token is refreshed, and answers to no other consent', async () => {
    const first = await client.tokens(clientId, { resource });
    const session = (await client.initialize(resource, { authorization: `Bearer ${first.access_token}` })).headers.get('mcp-session-id') ?? '';
    const list = (token: string): Promise<Response> =>
      fetch(resource, {
        method: 'POST',
        body: JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list' }),
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          authorization: `Bearer ${token}`,
          'mcp-session-id': session,
          'mcp-protocol-version': '2025-11-25',
        },
      });
    const renewed = (await client.refresh(clientId, first.refresh_token)).body;
    expect((await list(String(renewed['access_token']))).status).toBe(200);
    const another = await client.tokens(clientId, { resource });
    expect((await list(another.access_token)).status).toBe(404);
  });
});

describe('the authorization request', () => {
  const problemOf = async (changes: Readonly<Record<string, string | undefined>>): Promise<URLSearchParams> => {
    const end = await new Browser().open(client.authorizeUrl(clientId, { resource, ...changes }), CALLBACK);
    expect(end.url.startsWith(CALLBACK), end.html).toBe(true);
    const { search, hash } = new URL(end.url);
    return new URLSearchParams(search === '' ? hash.slice(1) : search);
  };

  test('[AS-01] needs PKCE with S256', async () => {
    for (const changes of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge_method: undefined },
      { code_challenge_method: 'plain' },
      { code_challenge: 'short' },
    ]) {
      expect((await problemOf(changes)).get('error')).toBe('invalid_request');
    }
  });

  test('[AS-06] says who answers, in errors too', async () => {
    const problem = await problemOf({ code_challenge_method: 'plain' });
    expect([problem.get('iss'), problem.get('state'), problem.get('code')]).toEqual([gateway.url, 'state-1', null]);
  });

  test('[AS-05] knows only endpoints that take OAuth as resources', async () => {
    for (const unknown of ['https://other.example/mcp', gateway.mcp('keys'), gateway.mcp('none'), gateway.url, 'nonsense']) {
      expect((await problemOf({ resource: unknown })).get('error'), unknown).toBe('invalid_target');
    }
  });

  test('grants nothing silently', async () => {
    expect((await problemOf({ prompt: 'none' })).get('error')).toBe('consent_required');
  });

  test.each(['id_token', 'token', 'code id_token', 'none'])('answers response_type %s with an error', async (responseType) => {
    expect((await problemOf({ response_type: responseType })).get('error')).toMatch(/unsupported_response_type|invalid_request/);
  });

  test('[AS-03] shows an error page and redirects nowhere when the client or its address is not known', async () => {
    const cases = [
      { redirect_uri: 'https://evil.example/cb' },
      { redirect_uri: `${CALLBACK}/x` },
      { redirect_uri: undefined },
      { redirect_uri: 'javascript:alert(1)' },
      { client_id: 'nobody' },
      { client_id: undefined },
      { redirect_uri: 'http://evil.example/cb', code_challenge_method: 'plain' },
    ];
    for (const changes of cases) {
      const answer = await fetch(client.authorizeUrl(clientId, { resource, ...changes }), { redirect: 'manual', headers: { accept: 'text/html' } });
      expect([answer.status, answer.headers.get('location')], JSON.stringify(changes)).toEqual([400, null]);
      expect(answer.headers.get('content-type')).toContain('text/html');
    }
  });

  test('[AS-03] a second redirect_uri is no way around', async () => {
    const answer = await fetch(`${client.authorizeUrl(clientId, { resource })}&redirect_uri=https%3A%2F%2Fevil.example`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  });

  test('[AS-02] the port of a loopback literal may differ, nothing else', async () => {
    const browser = new Browser();
    const page = await browser.open(client.authorizeUrl(clientId, { resource, redirect_uri: 'http://127.0.0.1:2/callback' }));
    expect(page.status).toBe(200);
    const named = await client.register({ redirect_uris: ['http://localhost:3/callback'] });
    const answer = await fetch(client.authorizeUrl(named.client_id, { resource, redirect_uri: 'http://localhost:4/callback' }), { redirect: 'manual' });
    expect(answer.status).toBe(400);
  });

  test.each([
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'vscode://vscode.github-authentication/did-authenticate',
    'https://app.example/callback?x=1',
    'http://localhost:33418/',
    'http://[::1]:9/cb',
  ])('[AS-02] a code reaches %s', async (redirectUri) => {
    const native = await client.register({ redirect_uris: [redirectUri] });
    expect(await client.code(native.client_id, { resource, redirect_uri: redirectUri })).toMatch(/^[\w-]{43}$/);
  });
});

describe('consent', () => {
  const pageFor = async (browser: Browser, metadata: object = {}) => {
    const other = await client.register(metadata);
    return browser.open(client.authorizeUrl(other.client_id, { resource }));
  };

  test('[AS-10] [CD-02] names the client, where the answer goes, the endpoint, what it may and who is asked, and warns of loopback', async () => {
    const { html } = await pageFor(new Browser(), { client_name: 'Desk helper' });
    for (const text of ['Desk helper', '127.0.0.1:1', resource, 'list and call the tools', 'Alice', 'Any program here can use that name'])
      expect(html).toContain(text);
    const web = await client.register({ client_name: 'Web', redirect_uris: ['https://app.example/cb'] });
    const page = await new Browser().open(client.authorizeUrl(web.client_id, { resource, redirect_uri: 'https://app.example/cb' }));
    expect(page.html).toContain('<dd>app.example</dd>');
    expect(page.html).not.toContain('Any program here');
  });

  test('speaks Chinese to whoever asks for it', async () => {
    const { html } = await pageFor(new Browser('zh-CN,zh;q=0.9,en;q=0.5'));
    expect(html).toContain('<html lang="zh">');
    expect(html).toContain('允许访问吗？');
  });

  test('[AS-13] [CD-02] cannot be framed, runs no script, and shows names as text', async () => {
    const { html, headers } = await pageFor(new Browser(), { client_name: '<script>alert(1)</script>"\'' });
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(html).not.toContain('<script');
    expect(html).toContain('&lt;script&gt;');
  });

  test('[AS-13] the error page shows what came in the address as text', async () => {
    const answer = await fetch(`${gateway.url}/oauth/authorize?redirect_uri=%3Cscript%3E&client_id=%3Cscript%3E&state=%3Cscript%3E`);
    expect(await answer.text()).not.toContain('<script');
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });

  test('[CD-01] [AS-03] is asked again for every request, and a denial goes to the registered address', async () => {
    const browser = new Browser();
    for (let count = 0; count < 2; count++) {
      const page = await browser.open(client.authorizeUrl(clientId, { resource }), CALLBACK);
      expect(page.status).toBe(200);
      const end = await browser.submit(page, count === 0 ? 'allow' : 'deny', CALLBACK);
      const answer = new URL(end.url).searchParams;
      expect([answer.get('error'), answer.get('iss')]).toEqual([count === 0 ? null : 'access_denied', gateway.url]);
    }
  });

  test('[CD-05] [CD-02] is given in the browser that asked, by the form that was shown, once', async () => {
    const browser = new Browser();
    const page = await browser.open(client.authorizeUrl(clientId, { resource }));
    const stranger = new Browser();
    await stranger.open(client.authorizeUrl(clientId, { resource }));
    expect((await stranger.submit(page, 'allow', CALLBACK)).status).toBe(400);
    expect((await browser.submit({ ...page, html: page.html.replace(/value="[0-9a-f]{64}"/, `value="${'0'.repeat(64)}"`) }, 'allow', CALLBACK)).status).toBe(
      400,
    );
    expect((await browser.submit(page, 'allow', CALLBACK)).status).toBe(0);
    expect((await browser.submit(page, 'allow', CALLBACK)).status).toBe(400);
  });

  test('[CD-05] is void when another user signs in meanwhile', async () => {
    const browser = new Browser();
    const page = await browser.open(client.authorizeUrl(clientId, { resource }));
    gateway.signIn.user = { ...ALICE, userId: 'usr_mallory', name: 'Mallory' };
    const end = await browser.submit(page, 'allow', CALLBACK);
    gateway.signIn.user = ALICE;
    expect(end.status).toBe(400);
  });

  test('a form of another site is refused', async () => {
    const page = await new Browser().open(client.authorizeUrl(clientId, { resource }));
    const answer = await fetch(page.url, {
      method: 'POST',
      body: 'decision=allow',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' },
      redirect: 'manual',
    });
    expect(answer.status).toBe(403);
  });

  test('[CD-03] its cookies are for this server alone: HttpOnly, Lax, bound to their path', async () => {
    const answer = await fetch(client.authorizeUrl(clientId, { resource }), { redirect: 'manual' });
    const cookies = answer.headers.getSetCookie();
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies)
      expect(cookie).toMatch(/^metamcp_(?:consent|resume)=[\w-]{43}; path=\/oauth\/(?:consent|authorize)\/[\w-]{43}; .*samesite=lax; httponly/i);
  });

  test('an endpoint for the company sign-in and a group lets nobody else in', async () => {
    const staff = gateway.mcp('staff');
    gateway.signIn.user = { ...ALICE, through: 'oidc' };
    const refused = await new Browser().open(client.authorizeUrl(clientId, { resource: staff }), CALLBACK);
    expect(new URL(refused.url).searchParams.get('error')).toBe('access_denied');
    gateway.signIn.user = { ...ALICE, through: 'oidc', groups: ['admins'] };
    const { access_token: token } = await client.tokens(clientId, { resource: staff });
    expect((await client.initialize(staff, { authorization: `Bearer ${token}` })).status).toBe(200);
    gateway.signIn.user = ALICE;
    const elsewhere = await fetch((await fetch(client.authorizeUrl(clientId, { resource: staff }), { redirect: 'manual' })).headers.get('location') ?? '', {
      redirect: 'manual',
    });
    expect(elsewhere.status).toBe(400);
  });
});

describe('codes and tokens', () => {
  test('[AS-12] an access token lives a quarter of an hour', async () => {
    expect((await client.tokens(clientId, { resource })).expires_in).toBe(900);
  });

  test('[AS-01] a code needs the verifier it was asked with', async () => {
    const code = await client.code(clientId, { resource });
    expect((await client.redeem(clientId, code, { code_verifier: 'x'.repeat(43) })).body['error']).toBe('invalid_grant');
  });

  test('[AS-04] a code is bound to its client, its address and its resource', async () => {
    const other = await client.register();
    expect((await client.redeem(other.client_id, await client.code(clientId, { resource }))).body['error']).toBe('invalid_grant');
    expect((await client.redeem(clientId, await client.code(clientId, { resource }), { redirect_uri: 'http://127.0.0.1:2/callback' })).body['error']).toBe(
      'invalid_grant',
    );
    expect((await client.redeem(clientId, await client.code(clientId, { resource }), { resource: gateway.mcp('other') })).body['error']).toBe('invalid_target');
  });

  test('[AS-04] of fifty that redeem one code at once, one succeeds, and what it got is revoked', async () => {
    const code = await client.code(clientId, { resource });
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.redeem(clientId, code)));
    const [winner, ...others] = answers.filter(({ status }) => status === 200);
    expect(others).toEqual([]);
    expect(answers.filter(({ body }) => body['error'] === 'invalid_grant')).toHaveLength(49);
    expect((await client.initialize(resource, { authorization: `Bearer ${String(winner?.body['access_token'])}` })).status).toBe(401);
  });

  test('[AS-04] a second use of a code revokes what the first one gave', async () => {
    const code = await client.code(clientId, { resource });
    const { body } = await client.redeem(clientId, code);
    const authorization = `Bearer ${String(body['access_token'])}`;
    expect((await client.initialize(resource, { authorization })).status).toBe(200);
    expect((await client.redeem(clientId, code)).body['error']).toBe('invalid_grant');
    expect((await client.initialize(resource, { authorization })).status).toBe(401);
    expect((await client.refresh(clientId, String(body['refresh_token']))).body['error']).toBe('invalid_grant');
  });

  test('[AS-08] a refresh token is replaced each time, and the old one ends the whole family', async () => {
    const first = await client.tokens(clientId, { resource });
    const second = (await client.refresh(clientId, first.refresh_token)).body;
    expect(second['refresh_token']).not.toBe(first.refresh_token);
    const authorization = `Bearer ${String(second['access_token'])}`;
    expect((await client.initialize(resource, { authorization })).status).toBe(200);
    expect((await client.refresh(clientId, first.refresh_token)).body['error']).toBe('invalid_grant');
    expect((await client.initialize(resource, { authorization })).status).toBe(401);
    expect((await client.refresh(clientId, String(second['refresh_token']))).body['error']).toBe('invalid_grant');
  });

  test('[AS-08] of twenty that refresh with one token at once, at most one succeeds', async () => {
    const { refresh_token: token } = await client.tokens(clientId, { resource });
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.refresh(clientId, token)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    expect(answers.filter(({ status }) => status !== 200 && status !== 400)).toEqual([]);
  });

  test('nothing is refreshed for a user who is gone', async () => {
    const { refresh_token: token } = await client.tokens(clientId, { resource });
    gateway.signIn.user = undefined;
    const { body } = await client.refresh(clientId, token);
    gateway.signIn.user = ALICE;
    expect(body['error']).toBe('invalid_grant');
  });

  test('[AZ-16] a revoked token is refused at once, and its sessions end', async () => {
    const { access_token: token, refresh_token: refreshToken } = await client.tokens(clientId, { resource });
    const opened = await client.initialize(resource, { authorization: `Bearer ${token}` });
    const stream = await fetch(resource, {
      headers: {
        accept: 'text/event-stream',
        authorization: `Bearer ${token}`,
        'mcp-session-id': opened.headers.get('mcp-session-id') ?? '',
        'mcp-protocol-version': '2025-11-25',
      },
    });
    expect(stream.status).toBe(200);
    expect((await client.form('/oauth/revoke', { token, client_id: clientId })).status).toBe(200);
    expect((await client.initialize(resource, { authorization: `Bearer ${token}` })).status).toBe(401);
    expect((await client.refresh(clientId, refreshToken)).body['error']).toBe('invalid_grant');
    // Ends by itself: the body can be read to its end.
    await stream.text();
  });

  test('[AS-14] revocation and introspection know who asks', async () => {
    const { access_token: token } = await client.tokens(clientId, { resource });
    for (const path of ['/oauth/introspect', '/oauth/revoke']) {
      expect((await client.form(path, { token })).status, path).toBe(401);
      expect((await client.form(path, { token, client_id: 'nobody' })).status, path).toBe(401);
    }
    expect((await client.form('/oauth/introspect', { token, client_id: clientId })).status).toBe(401);
    const other = await client.register();
    await client.form('/oauth/revoke', { token, client_id: other.client_id });
    expect((await client.initialize(resource, { authorization: `Bearer ${token}` })).status).toBe(200);
  });

  test('[AS-14] a client with a secret may ask about its own tokens, and no others', async () => {
    const { client_id: id, client_secret: secret } = await client.register({ token_endpoint_auth_method: 'client_secret_basic' });
    const authorization = `Basic ${Buffer.from(`${id}:${secret ?? ''}`).toString('base64')}`;
    const redeemed = await client.form(
      '/oauth/token',
      { grant_type: 'authorization_code', code: await client.code(id, { resource }), redirect_uri: CALLBACK, code_verifier: client.verifier },
      { authorization },
    );
    const token = String(redeemed.body['access_token']);
    expect((await client.form('/oauth/introspect', { token }, { authorization })).body).toMatchObject({
      active: true,
      client_id: id,
      aud: resource,
      sub: 'usr_alice',
      scope: 'mcp',
      iss: gateway.url,
    });
    const foreign = await client.tokens(clientId, { resource });
    expect((await client.form('/oauth/introspect', { token: foreign.access_token }, { authorization })).body).toEqual({ active: false });
    const wrong = `Basic ${Buffer.from(`${id}:wrong`).toString('base64')}`;
    expect((await client.form('/oauth/introspect', { token }, { authorization: wrong })).status).toBe(401);
  });

  test('[AS-08] neither codes nor tokens nor secrets are in the database', async () => {
    const { client_secret: secret, client_id: id } = await client.register({ token_endpoint_auth_method: 'client_secret_post' });
    const code = await client.code(id, { resource });
    const { body } = await client.redeem(id, code, { client_secret: secret ?? '' });
    const files = ['metamcp.db', 'metamcp.db-wal'].map((name) => readFileSync(join(gateway.data, name)));
    for (const value of [secret ?? '', code, String(body['access_token']), String(body['refresh_token'])]) {
      expect(value.length).toBeGreaterThan(40);
      for (const file of files) expect(file.includes(value)).toBe(false);
    }
  });
});

describe('registration', () => {
  test('[AS-11] gives no more than one small scope, whatever is asked for', async () => {
    const { status, body } = await client.tryRegister({ scope: 'admin mcp:admin *', grant_types: ['authorization_code', 'client_credentials'] });
    expect(status).toBe(201);
    expect(body).toMatchObject({ scope: 'mcp', grant_types: ['authorization_code', 'refresh_token'] });
  });

  test.each([
    [{ redirect_uris: ['http://evil.example/cb'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: [] }, 'invalid_client_metadata'],
    [{ redirect_uris: undefined }, 'invalid_client_metadata'],
    [{ response_types: ['token'] }, 'invalid_client_metadata'],
    [{ grant_types: ['implicit'] }, 'invalid_client_metadata'],
    [{ token_endpoint_auth_method: 'private_key_jwt' }, 'invalid_client_metadata'],
  ])('refuses %j', async (metadata, error) => {
    const { status, body } = await client.tryRegister(metadata);
    expect([status, body['error']]).toEqual([400, error]);
  });

  test('[AS-11] is bounded in size', async () => {
    expect((await client.tryRegister({ software_statement: 'x'.repeat(20_000) })).status).toBe(413);
    expect((await client.post('/oauth/register', '{', 'application/json')).status).toBe(400);
    expect((await client.post('/oauth/register', 'a=b', 'application/x-www-form-urlencoded')).status).toBe(415);
  });
});

test('[AS-11] registration is limited by rate, and can be switched off', async () => {
  const closed = await startOAuthGateway({ flags: { 'oauth-registration': false } });
  try {
    expect((await new OAuthClient(closed.url).tryRegister()).status).toBe(404);
    expect(await (await fetch(`${closed.url}/.well-known/oauth-authorization-server`)).json()).not.toHaveProperty('registration_endpoint');
  } finally {
    await closed.close();
  }
  const open = await startOAuthGateway();
  try {
    const answers = [];
    const flooder = new OAuthClient(open.url, () => '203.0.113.7');
    for (let count = 0; count < 25; count++) answers.push((await flooder.tryRegister()).status);
    expect(answers.filter((status) => status === 201)).toHaveLength(20);
    expect(answers.at(-1)).toBe(429);
  } finally {
    await open.close();
  }
});

test('without an endpoint that takes OAuth there is no authorization server', async () => {
  const plain = await startOAuthGateway({ endpoints: { desk: { apiKey: true } } });
  try {
    expect((await fetch(`${plain.url}/.well-known/oauth-authorization-server`)).status).toBe(404);
    expect((await fetch(`${plain.url}/oauth/authorize`)).status).toBe(404);
    expect((await new OAuthClient(plain.url).tryRegister()).status).toBe(404);
    expect((await new OAuthClient(plain.url).initialize(plain.mcp('desk'), {})).headers.get('www-authenticate')).toBe('Bearer realm="MetaMCP"');
  } finally {
    await plain.close();
  }
});

test('[CD-03] [AS-07] [TR-09] behind a proxy that ends TLS, addresses and cookies follow from the public address', async () => {
  const issuer = 'https://gateway.example/base';
  const proxied = await startOAuthGateway({ flags: { 'public-url': `${issuer}/` } });
  try {
    for (const place of ['/.well-known/oauth-authorization-server', '/.well-known/oauth-authorization-server/base', '/.well-known/openid-configuration']) {
      expect(await (await fetch(proxied.url + place)).json()).toMatchObject({ issuer, token_endpoint: `${issuer}/oauth/token` });
    }
    const path = '/.well-known/oauth-protected-resource/base/metamcp/desk/mcp';
    expect(await (await fetch(proxied.url + path)).json()).toMatchObject({ resource: `${issuer}/metamcp/desk/mcp`, authorization_servers: [issuer] });
    const other = new OAuthClient(proxied.url);
    expect((await other.initialize(proxied.mcp('desk'), {})).headers.get('www-authenticate')).toContain(`resource_metadata="https://gateway.example${path}"`);
    const { client_id: id } = await other.register();
    const answer = await fetch(other.authorizeUrl(id, { resource: `${issuer}/metamcp/desk/mcp` }), { redirect: 'manual' });
    expect(answer.headers.get('location')).toMatch(/^https:\/\/gateway\.example\/base\/oauth\/consent\/[\w-]{43}$/);
    const cookies = answer.headers.getSetCookie();
    expect(cookies.map((cookie) => cookie.slice(0, cookie.indexOf('=')))).toEqual(['__Secure-metamcp_consent', '__Secure-metamcp_resume']);
    for (const cookie of cookies) expect(cookie).toMatch(/; path=\/base\/oauth\/(?:consent|authorize)\/[\w-]{43}; .*secure/i);
  } finally {
    await proxied.close();
  }
});
