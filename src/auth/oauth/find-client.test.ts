import { expect, test } from 'vitest';
import { MovableClock } from '../../../test/support/movable-clock.ts';
import { Fault } from '../../base/fault.ts';
import { createFindClient, type FetchDocument, isClientIdUrl } from './find-client.ts';

const ID = 'https://app.example/oauth/client.json';
const DOCUMENT = { client_id: ID, client_name: 'App', redirect_uris: ['https://app.example/cb', 'http://127.0.0.1/cb'] };

function stage(answer: { readonly body?: unknown; readonly status?: number; readonly headers?: Record<string, string>; readonly url?: string } | Error = {}) {
  const clock = new MovableClock();
  const seen = { fetches: 0, reasons: [] as string[] };
  const fetchDocument: FetchDocument = (url) => {
    seen.fetches++;
    if (answer instanceof Error) return Promise.reject(answer);
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? DOCUMENT);
    return Promise.resolve({ url: answer.url ?? url, status: answer.status ?? 200, headers: answer.headers ?? {}, body: Buffer.from(text) });
  };
  const find = createFindClient({
    store: { findClient: () => Promise.resolve(undefined) },
    clock,
    fetchDocument,
    redirectSchemes: ['cursor'],
    refused: (_id, reason) => seen.reasons.push(reason),
  });
  return { find, clock, seen };
}

test('[AS-09] a client is what the document at its id says, as a public client', async () => {
  expect(await stage().find(ID)).toEqual({
    client_id: ID,
    client_name: 'App',
    redirect_uris: DOCUMENT.redirect_uris,
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    response_modes: ['query'],
  });
});

test('[SF-08] addresses in a document of a client are neither fetched nor passed on', async () => {
  const { find, seen } = stage({ body: { ...DOCUMENT, logo_uri: 'https://canary.example/logo.png', client_uri: 'https://canary.example/', policy_uri: 'https://canary.example/p', jwks_uri: 'https://canary.example/jwks' } });
  expect(JSON.stringify(await find(ID))).not.toContain('canary');
  expect(seen.fetches).toBe(1);
});

test.each<[string, Parameters<typeof stage>[0]]>([
  ['of another client', { body: { ...DOCUMENT, client_id: 'https://app.example/other.json' } }],
  ['without a name', { body: { ...DOCUMENT, client_name: undefined } }],
  ['without redirects', { body: { ...DOCUMENT, redirect_uris: [] } }],
  ['whose redirects are all forbidden', { body: { ...DOCUMENT, redirect_uris: ['http://evil.example/cb', 'javascript:x'] } }],
  ['with a secret', { body: { ...DOCUMENT, client_secret: 'x' } }],
  ['that wants to authenticate with a secret', { body: { ...DOCUMENT, token_endpoint_auth_method: 'client_secret_basic' } }],
  ['that is no JSON', { body: '<html>' }],
  ['that is a list', { body: [DOCUMENT] }],
  ['that is not there', { status: 404 }],
  ['that came from elsewhere', { url: 'https://evil.example/client.json' }],
  ['above 64 KiB', { body: { ...DOCUMENT, filler: 'x'.repeat(65 * 1024) } }],
  ['that the dialer refuses to fetch', new Fault('egress.refused')],
])('[AS-09] a document %s makes no client, and the log hears why', async (_name, answer) => {
  const { find, seen } = stage(answer);
  expect(await find(ID)).toBeUndefined();
  expect(seen.reasons).toHaveLength(1);
});

test('[AS-09] forbidden redirects of a document are left out', async () => {
  const { find } = stage({ body: { ...DOCUMENT, redirect_uris: ['https://app.example/cb', 'http://evil.example/cb', 'cursor://x/cb', 'evil://x'] } });
  expect(await find(ID)).toMatchObject({ redirect_uris: ['https://app.example/cb', 'cursor://x/cb'] });
});

test.each([
  ['no header', {}, 5],
  ['max-age=10', { 'cache-control': 'max-age=10' }, 5],
  ['no-store', { 'cache-control': 'no-store' }, 5],
  ['max-age=3600', { 'cache-control': 'public, max-age=3600' }, 60],
  ['a year', { 'cache-control': 'max-age=31536000' }, 24 * 60],
])('[AS-09] with %s a document is kept for so many minutes', async (_name, headers, minutes) => {
  const { find, clock, seen } = stage({ headers });
  await Promise.all([find(ID), find(ID), find(ID)]);
  expect(seen.fetches).toBe(1);
  await clock.move(minutes * 60_000 - 1);
  await find(ID);
  expect(seen.fetches).toBe(1);
  await clock.move(1);
  await find(ID);
  expect(seen.fetches).toBe(2);
});

test('[AS-09] a document that could not be had is not asked for again within a minute', async () => {
  const { find, clock, seen } = stage({ status: 500 });
  for (let count = 0; count < 100; count++) await find(ID);
  expect(seen.fetches).toBe(1);
  await clock.move(60_000);
  await find(ID);
  expect(seen.fetches).toBe(2);
});

test('[AS-09] only plain https addresses with a path are fetched', async () => {
  const ids = [
    'http://app.example/c',
    'https://app.example',
    'https://app.example/',
    'https://app.example/c#x',
    'https://user@app.example/c',
    'https://app.example/a/../c',
    'https://APP.example/c',
    `https://app.example/${'x'.repeat(3_000)}`,
  ];
  const { find, seen } = stage();
  for (const id of ids) expect([id, isClientIdUrl(id), await find(id)]).toEqual([id, false, undefined]);
  expect(seen.fetches).toBe(0);
  expect(isClientIdUrl(ID)).toBe(true);
});
