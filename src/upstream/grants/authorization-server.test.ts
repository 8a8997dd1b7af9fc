import type { FetchLike } from '@modelcontextprotocol/client';
import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { createDialer } from '../dialer/dialer.ts';
import { createGuardedFetch } from '../dialer/guarded-fetch.ts';
import { discoverAuthorizationServer, isWebAddress } from './authorization-server.ts';
import { readChallenge } from './challenge.ts';
import { createOAuthFetch } from './oauth-fetch.ts';

const SERVER_URL = 'https://mcp.example/tenant/mcp';
const ISSUER = 'https://as.example/tenant';
const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: 'https://as.example/authorize',
  token_endpoint: 'https://as.example/token',
  response_types_supported: ['code'],
  code_challenge_methods_supported: ['S256'],
};
const RESOURCE = { resource: SERVER_URL, authorization_servers: [ISSUER], scopes_supported: ['read'] };

/** Answers with these documents, 404 elsewhere, and notes what was asked for. */
function web(documents: Readonly<Record<string, object>>): { readonly fetch: FetchLike; readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    fetch: async (url) => {
      asked.push(String(url));
      const found = documents[String(url)];
      return found === undefined ? new Response('', { status: 404 }) : Response.json(found);
    },
  };
}

function discover(documents: Readonly<Record<string, object>>, options: { readonly challenge?: string; readonly issuer?: string } = {}) {
  const { fetch, asked } = web(documents);
  const challenge = options.challenge === undefined ? undefined : readChallenge(401, options.challenge);
  return { asked, found: discoverAuthorizationServer({ server: 'notes', serverUrl: SERVER_URL, challenge, issuer: options.issuer, fetch }) };
}

const PRM = 'https://mcp.example/.well-known/oauth-protected-resource/tenant/mcp';
const AS = 'https://as.example/.well-known/oauth-authorization-server/tenant';

test('[OC-01] the challenge says where the metadata is, before any well-known place is tried', async () => {
  const { asked, found } = discover({ 'https://mcp.example/meta': RESOURCE, [AS]: METADATA }, { challenge: 'Bearer resource_metadata="https://mcp.example/meta"' });
  expect(await found).toMatchObject({ issuer: ISSUER, resource: SERVER_URL, scopesSupported: ['read'] });
  expect(asked).toEqual(['https://mcp.example/meta', AS]);
});

test('[OC-01] without a challenge the path comes first, then the root, and the three places of an issuer with a path', async () => {
  const appended = 'https://as.example/tenant/.well-known/openid-configuration';
  const openId = { ...METADATA, jwks_uri: 'https://as.example/jwks', subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['RS256'] };
  const { asked, found } = discover({ 'https://mcp.example/.well-known/oauth-protected-resource': RESOURCE, [appended]: openId });
  await found;
  expect(asked).toEqual([
    PRM,
    'https://mcp.example/.well-known/oauth-protected-resource',
    AS,
    'https://as.example/.well-known/openid-configuration/tenant',
    appended,
  ]);
});

test.each<[string, object]>([
  ['[OC-02] names another issuer', { ...METADATA, issuer: 'https://honest.example' }],
  ['[OC-02] differs by a slash only', { ...METADATA, issuer: `${ISSUER}/` }],
  ['[OC-03] says nothing of PKCE', { ...METADATA, code_challenge_methods_supported: undefined }],
  ['[OC-03] knows plain PKCE only', { ...METADATA, code_challenge_methods_supported: ['plain'] }],
  ...['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'vbscript:x', 'http://as.example/authorize', 'ftp://as.example/', 'about:blank', 'https://user:pass@as.example/'].map(
    (address): [string, object] => [`[OC-07] leads to ${address}`, { ...METADATA, authorization_endpoint: address }],
  ),
  ['[OC-07] has a token endpoint without TLS', { ...METADATA, token_endpoint: 'http://as.example/token' }],
  ['[OC-07] registers at a file', { ...METADATA, registration_endpoint: 'file:///tmp/x' }],
])('an authorization server that %s is refused', async (_what, metadata) => {
  await expect(discover({ [PRM]: RESOURCE, [AS]: metadata }).found).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'authorization_server' });
});

test('[OC-05] metadata about another resource is refused', async () => {
  const other = { ...RESOURCE, resource: 'https://evil.example/mcp' };
  await expect(discover({ [PRM]: other, [AS]: METADATA }).found).rejects.toMatchObject({ detail: 'the metadata of the protected resource is about another resource' });
});

test('a server that names other authorization servers than the configured one is refused', async () => {
  await expect(discover({ [PRM]: RESOURCE, [AS]: METADATA }, { issuer: 'https://ours.example' }).found).rejects.toMatchObject({ code: 'upstream.unavailable' });
});

test.each([
  'http://169.254.169.254/latest/meta-data',
  'http://127.0.0.1:1/meta',
  'http://[::1]/meta',
  'http://10.0.0.1/meta',
  'file:///etc/passwd',
  'http://user:pass@example.com/',
  'http://[::ffff:169.254.169.254]/',
  'http://100.100.100.200/',
])('[OC-08] a challenge that sends us to %s is not followed', async (address) => {
  const fetch = createOAuthFetch(createGuardedFetch({ clock: systemClock, dialer: createDialer({ clock: systemClock, ownListeners: () => [] }) }), new Set(['https://mcp.example']));
  const challenge = readChallenge(401, `Bearer resource_metadata="${address}"`);
  await expect(discoverAuthorizationServer({ server: 'notes', serverUrl: SERVER_URL, challenge, issuer: undefined, fetch })).rejects.toMatchObject({ code: 'egress.refused' });
});

test('only https, and http on this machine, are addresses for a browser', () => {
  expect(['https://a.example/', 'http://127.0.0.1:8080/x', 'http://localhost/', 'http://[::1]/'].map(isWebAddress)).toEqual([true, true, true, true]);
  expect(['http://a.example/', 'JavaScript:alert(1)', ' javascript:x', 'http://127.0.0.1.evil.example/', 'blob:https://a.example/1', ''].map(isWebAddress)).toEqual([false, false, false, false, false, false]);
});
