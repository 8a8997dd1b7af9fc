import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainEndpoint, plainHttp, plainSnapshot, received } from '../../test/support/plain-exchange.ts';
import type { HttpRequest } from '../base/http.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { KeySpec } from '../model/key.ts';
import type { Principal } from '../model/principal.ts';
import { compileEndpointAuth } from '../snapshot/compile-endpoint-auth.ts';
import { createIdentify } from './identify.ts';

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const NOW_MS = 1_000;
const USER: Principal = { kind: 'user', id: 'user:1', credentialId: 'grant_1', name: 'Ann' };

function key(changes: Partial<KeySpec> = {}): KeySpec {
  return { id: 'key_1', name: 'laptop', endpoints: ['dev'], expiresAtMs: undefined, ...changes };
}

interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly auth?: Partial<EndpointSpec['auth']>;
  readonly key?: KeySpec;
  readonly identify?: ReturnType<typeof setUp>['identify'];
}

function setUp() {
  const failed: HttpRequest[] = [];
  const identify = createIdentify({
    digestOf,
    operatorDigest: digestOf('operator'),
    nowMs: () => NOW_MS,
    failed: (http) => failed.push(http),
    verifyToken: (token) =>
      token === 'token' ? USER : token === 'slow-token' ? Promise.resolve(USER) : token === 'slow-wrong' ? Promise.resolve(undefined) : undefined,
  });
  return { failed, identify };
}

function ask({ headers = {}, query = '', auth = {}, key: known = key(), identify = setUp().identify }: Asked): Principal {
  const snapshot = plainSnapshot({ keys: new Map([[digestOf('good'), known]]) });
  const endpoint = plainEndpoint({ auth: { apiKey: true, oauth: false, query: false, ...auth } });
  const found = identify(received({ http: plainHttp(headers), query, endpoint, snapshot }));
  if (found instanceof Promise) throw new Error('a key takes no waiting');
  return found.principal;
}

const refused = (code: string): unknown => expect.objectContaining({ code });

describe('a key', () => {
  test.each([
    ['X-API-Key', { headers: { 'x-api-key': 'good' } }],
    ['Authorization', { headers: { authorization: 'Bearer good' } }],
    ['Authorization, in other case and with more spaces', { headers: { authorization: 'bearer   good' } }],
    ['the address, where the endpoint opted in', { query: 'api_key=good', auth: { query: true } }],
    ['the address by its older name', { query: 'apikey=good', auth: { query: true } }],
  ])('is found in %s', (_where, asked) => {
    expect(ask(asked)).toEqual({ kind: 'key', id: 'key:key_1', credentialId: 'key_1', name: 'laptop' });
  });

  test.each([
    ['of another endpoint', key({ endpoints: ['prod'] })],
    ['of no endpoint', key({ endpoints: [] })],
    ['that expires this very moment', key({ expiresAtMs: NOW_MS })],
  ])('%s is as wrong as one that never was', (_what, known) => {
    expect(() => ask({ headers: { 'x-api-key': 'good' }, key: known })).toThrow(refused('auth.credential_invalid'));
  });

  test('that opens all endpoints, and is valid for another millisecond, opens this one with its labels', () => {
    const known = key({ endpoints: ['*'], expiresAtMs: NOW_MS + 1, labels: { agent: 'ci' } });
    expect(ask({ headers: { 'x-api-key': 'good' }, key: known })).toMatchObject({ labels: { agent: 'ci' } });
  });

  test('that was revoked is refused at once, although its digest is remembered', () => {
    const { identify } = setUp();
    expect(ask({ headers: { 'x-api-key': 'good' }, identify }).kind).toBe('key');
    const snapshot = plainSnapshot();
    expect(() => identify(received({ http: plainHttp({ 'x-api-key': 'good' }), snapshot }))).toThrow(refused('auth.credential_invalid'));
  });
});

describe('[AZ-01] without a valid credential', () => {
  test.each([
    ['none at all', {}, 'auth.credential_missing'],
    ['a session id alone', { headers: { 'mcp-session-id': 'abc' } }, 'auth.credential_missing'],
    ['a cookie', { headers: { cookie: 'session=1' } }, 'auth.credential_missing'],
    ['an unknown key', { headers: { 'x-api-key': 'bad' } }, 'auth.credential_invalid'],
    ['an empty key', { headers: { 'x-api-key': '' } }, 'auth.credential_invalid'],
    ['a scheme that is not Bearer', { headers: { authorization: 'Basic Z29vZA==' } }, 'auth.credential_invalid'],
    ['Bearer without anything', { headers: { authorization: 'Bearer ' } }, 'auth.credential_invalid'],
    ['two words after Bearer', { headers: { authorization: 'Bearer good good' } }, 'auth.credential_invalid'],
    ['a key longer than any', { headers: { 'x-api-key': 'x'.repeat(4_097) } }, 'auth.credential_invalid'],
  ])('%s', (_what, asked, code) => {
    expect(() => ask(asked)).toThrow(refused(code));
  });

  test('whatever stands in the headers, nobody but the holder of the key is let in', () => {
    fc.assert(
      fc.property(fc.constantFrom('x-api-key', 'authorization'), fc.string(), (name, value) => {
        fc.pre(value !== 'good' && value !== 'operator');
        expect(() => ask({ headers: { [name]: value } })).toThrow(/is not valid here/);
      }),
    );
  });

  test('a guess is counted, a missing credential is not', () => {
    const { failed, identify } = setUp();
    expect(() => ask({ headers: { 'x-api-key': 'bad' }, identify })).toThrow();
    expect(failed).toHaveLength(1);
    expect(() => ask({ identify })).toThrow();
    expect(failed).toHaveLength(1);
  });
});

describe('[AZ-06] a credential in the address', () => {
  test.each([
    ['api_key', 'api_key=good', {}],
    ['access_token', 'access_token=good', {}],
    ['access_token, even where keys are accepted there', 'access_token=good', { query: true }],
    ['api_key at an open endpoint', 'api_key=good', { apiKey: false }],
  ])('%s is refused', (_what, query, auth) => {
    expect(() => ask({ query, auth })).toThrow(refused('auth.credential_in_query'));
  });
});

describe('[AZ-01] an access token', () => {
  const asking = (headers: Readonly<Record<string, string>>, auth: Partial<EndpointSpec['auth']> = { oauth: true }) =>
    setUp().identify(received({ http: plainHttp(headers), endpoint: plainEndpoint({ auth: { apiKey: true, oauth: false, query: false, ...auth } }) }));

  test('that is worth something opens an endpoint that takes tokens, at once or once it was looked up', async () => {
    expect(asking({ authorization: 'Bearer token' })).toMatchObject({ principal: USER });
    expect(await asking({ authorization: 'Bearer slow-token' })).toMatchObject({ principal: USER });
    await expect(asking({ authorization: 'Bearer slow-wrong' })).rejects.toMatchObject({ code: 'auth.credential_invalid' });
  });

  test('opens no endpoint that takes none, and is never taken for a key', () => {
    expect(() => asking({ authorization: 'Bearer token' }, { oauth: false })).toThrow(refused('auth.credential_invalid'));
    expect(() => asking({ 'x-api-key': 'token' })).toThrow(refused('auth.credential_invalid'));
    expect(() => asking({ authorization: 'Bearer token', 'x-api-key': 'bad' })).toThrow(refused('auth.credential_invalid'));
    expect(() => asking({ authorization: `Bearer ${'t'.repeat(8_193)}` })).toThrow(refused('auth.credential_invalid'));
  });
});

describe('labels of an OAuth client', () => {
  const auth = compileEndpointAuth({ apiKey: true, query: false, oauth: true, clients: [{ client: 'https://cursor.example/*', labels: { agent: 'cursor', stage: 'dev' } }, { client: '*', labels: { agent: 'unknown' } }] });
  const through = async (client: string | undefined): Promise<Principal> => {
    const user: Principal = { ...USER, client };
    const identify = createIdentify({ digestOf, operatorDigest: '', nowMs: () => NOW_MS, failed: () => undefined, verifyToken: () => user });
    const found = await identify(received({ http: plainHttp({ authorization: 'Bearer token' }), endpoint: plainEndpoint({ auth }) }));
    expect((await identify(received({ http: plainHttp({ authorization: 'Bearer token' }), endpoint: plainEndpoint({ auth }) }))).principal).toBe(found.principal);
    return found.principal;
  };

  test('are those that the endpoint gives to its id; the first that fits counts, and who came through none has none', async () => {
    expect((await through('https://cursor.example/client.json')).labels).toEqual({ agent: 'cursor', stage: 'dev' });
    expect((await through('https://other.example/client.json')).labels).toEqual({ agent: 'unknown' });
    expect((await through(undefined)).labels).toBeUndefined();
    expect(compileEndpointAuth({ apiKey: true, query: false, oauth: true }).clientLabels).toBeUndefined();
  });
});

describe('an open endpoint', () => {
  test('takes everybody as anonymous, also with a credential that means nothing there', () => {
    expect(ask({ auth: { apiKey: false } })).toMatchObject({ kind: 'anonymous', id: 'anonymous' });
    expect(ask({ auth: { apiKey: false }, headers: { 'x-api-key': 'good' } }).kind).toBe('anonymous');
  });
});

test('the operator is known everywhere', () => {
  expect(ask({ headers: { authorization: 'Bearer operator' } }).kind).toBe('operator');
  expect(ask({ headers: { authorization: 'Bearer operator' }, auth: { apiKey: false } }).kind).toBe('operator');
});
