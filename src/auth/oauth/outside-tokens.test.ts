import { createHmac } from 'node:crypto';
import { exportJWK, exportSPKI, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { MovableClock } from '../../../test/support/movable-clock.ts';
import type { JwtRule } from '../../model/endpoint.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import { createOutsideTokens, type VerifyOutsideToken } from './outside-tokens.ts';

const ISSUER = 'https://login.example/tenant';
const RESOURCE = 'https://gateway.example/metamcp/desk/mcp';
/** Where the clock of the tests stands, seconds. */
const NOW = 1_700_000_000;
const RULE: JwtRule = {
  issuer: ISSUER,
  audience: undefined,
  jwksUri: 'https://login.example/keys',
  algorithms: ['RS256', 'ES256'],
  scopes: [],
  groupsClaim: 'groups',
  groups: [],
};

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let rsa: Pair;
let ec: Pair;
let stranger: Pair;
let fetched: string[];
let verify: VerifyOutsideToken;
let clock: MovableClock;

beforeAll(async () => {
  [rsa, ec, stranger] = await Promise.all([
    generateKeyPair('RS256', { extractable: true }),
    generateKeyPair('ES256', { extractable: true }),
    generateKeyPair('RS256', { extractable: true }),
  ]);
});

async function stage(): Promise<void> {
  fetched = [];
  clock = new MovableClock();
  const keys = [
    { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', use: 'sig' },
    { ...(await exportJWK(ec.publicKey)), kid: 'ec', use: 'sig' },
  ];
  const fetchDocument = (url: string) => {
    fetched.push(url);
    return Promise.resolve({ status: 200, body: Buffer.from(JSON.stringify({ keys })) });
  };
  verify = createOutsideTokens({ clock, findKey: createIssuerKeys({ clock, fetchDocument }) });
}

const CLAIMS: JWTPayload = {
  iss: ISSUER,
  aud: RESOURCE,
  sub: 'u1',
  client_id: 'c1',
  iat: NOW,
  exp: NOW + 300,
  scope: 'read write',
  groups: ['staff'],
  name: 'Una',
};

function sign(claims: JWTPayload = {}, header: Partial<JWTHeaderParameters> = {}, key = rsa.privateKey): Promise<string> {
  return new SignJWT({ ...CLAIMS, ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'rsa', typ: 'at+jwt', ...header }).sign(key);
}

/** A token with a header of our choice and a signature of our choice, which no library would make. */
function forge(header: object, claims: object = {}, signature = ''): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part({ ...CLAIMS, ...claims })}.${signature}`;
}

async function judge(token: string, rule: JwtRule = RULE): Promise<boolean> {
  return (await verify(token, rule, RESOURCE)) !== undefined;
}

describe('[AZ-02] a token of an outside issuer', () => {
  beforeAll(stage);

  test('says who it is, what it may and which groups', async () => {
    expect(await verify(await sign(), RULE, RESOURCE)).toEqual({
      principalId: expect.stringMatching(/^jwt:[0-9a-f]{16}:u1$/),
      credentialId: expect.stringMatching(/^jwt:[0-9a-f]{16}:u1:c1$/),
      name: 'Una',
      roles: [],
      groups: ['staff'],
      clientId: 'c1',
      scopes: ['read', 'write'],
      expiresAtMs: (NOW + 360) * 1_000,
    });
  });

  test.each<[string, JWTPayload, Partial<JWTHeaderParameters>]>([
    ['1: plain', {}, {}],
    ['2: with a list of audiences that has ours', { aud: ['https://other.example', RESOURCE] }, {}],
    ['3: expired within the skew', { exp: NOW - 59 }, {}],
    ['4: of the near future within the skew', { nbf: NOW + 59 }, {}],
    ['5: typed as JWT', {}, { typ: 'JWT' }],
    ['6: typed with the long name', {}, { typ: 'application/at+jwt' }],
  ])('is taken: case %s', async (_name, claims, header) => {
    expect(await judge(await sign(claims, header))).toBe(true);
  });

  test.each<[string, JWTPayload, Partial<JWTHeaderParameters>]>([
    ['7: for another audience', { aud: 'https://other.example/mcp' }, {}],
    ['8: for no audience', { aud: undefined } as unknown as JWTPayload, {}],
    ['9: for audiences without ours', { aud: ['https://a.example', `${RESOURCE}/`] }, {}],
    ['10: for a prefix of ours', { aud: 'https://gateway.example' }, {}],
    ['11: of another issuer', { iss: 'https://evil.example' }, {}],
    ['12: of the issuer with a slash', { iss: `${ISSUER}/` }, {}],
    ['13: of no issuer', { iss: undefined } as unknown as JWTPayload, {}],
    ['14: expired', { exp: NOW - 61 }, {}],
    ['15: without an end', { exp: undefined } as unknown as JWTPayload, {}],
    ['16: of the future', { nbf: NOW + 61 }, {}],
    ['17: without a subject', { sub: undefined } as unknown as JWTPayload, {}],
    ['18: that is an id token', {}, { typ: 'id+jwt' }],
    ['19: that is a logout token', {}, { typ: 'logout+jwt' }],
    ['20: with a key id that is a path', {}, { kid: '../../etc/passwd' }],
  ])('is refused: case %s', async (_name, claims, header) => {
    expect(await judge(await sign(claims, header))).toBe(false);
  });

  test('is refused: case 21: signed by a stranger under our key id', async () => {
    expect(await judge(await sign({}, {}, stranger.privateKey))).toBe(false);
  });

  test('is refused: case 22: signed with nothing', async () => {
    expect(await judge(forge({ alg: 'none', typ: 'at+jwt' }, {}, 'AA'))).toBe(false);
    expect(await judge(forge({ alg: 'none', typ: 'at+jwt' }))).toBe(false);
  });

  test('is refused: case 23: signed with the public key as a shared secret', async () => {
    const unsigned = forge({ alg: 'HS256', kid: 'rsa', typ: 'at+jwt' }).slice(0, -1);
    const signature = createHmac('sha256', await exportSPKI(rsa.publicKey))
      .update(unsigned)
      .digest('base64url');
    expect(await judge(`${unsigned}.${signature}`)).toBe(false);
  });

  test('is refused: case 24: naming or bringing its own key, which is never looked at', async () => {
    const before = fetched.length;
    const jwk = await exportJWK(stranger.publicKey);
    for (const header of [{ jku: 'https://evil.example/keys' }, { x5u: 'https://evil.example/cert' }, { jwk }]) {
      expect(await judge(await sign({}, header as Partial<JWTHeaderParameters>, stranger.privateKey))).toBe(false);
    }
    expect(fetched.slice(before).filter((url) => url.includes('evil'))).toEqual([]);
  });

  test('is refused with an algorithm that is not on the list, though the key is known', async () => {
    const token = await sign({}, { alg: 'ES256', kid: 'ec' }, ec.privateKey);
    expect(await judge(token)).toBe(true);
    expect(await judge(token, { ...RULE, algorithms: ['RS256'] })).toBe(false);
    expect(await judge(forge({ alg: 'RS512', kid: 'rsa', typ: 'at+jwt' }, {}, 'AAAA'))).toBe(false);
    expect(await judge(await sign({}, { kid: 'ec' }))).toBe(false);
  });

  test('is refused when its signature or its claims were changed', async () => {
    const token = await sign();
    const [header = '', , signature = ''] = token.split('.');
    const claims = Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'root' })).toString('base64url');
    expect(await judge(`${header}.${claims}.${signature}`)).toBe(false);
    expect(await judge(`${token.slice(0, -8)}AAAAAAAA`)).toBe(false);
  });

  test('[AZ-03] counts by the audience of the endpoint, or by the one that the operator wrote', async () => {
    const token = await sign({ aud: 'api://metamcp' });
    expect(await judge(token)).toBe(false);
    expect(await judge(token, { ...RULE, audience: 'api://metamcp' })).toBe(true);
  });

  test('is not worth more than its time, however lately it was seen', async () => {
    await stage();
    const token = await sign({ exp: NOW + 10 });
    expect(await judge(token)).toBe(true);
    expect(verify(token, RULE, RESOURCE)).not.toBeInstanceOf(Promise);
    await clock.move(71_000);
    expect(await judge(token)).toBe(false);
  });
});

describe('[AZ-08] keys of an issuer', () => {
  test('are fetched at most twice a minute, whatever ten thousand tokens name', async () => {
    await stage();
    expect(await judge(await sign())).toBe(true);
    for (let count = 0; count < 10_000; count++) expect(await judge(forge({ alg: 'RS256', kid: `k${count}`, typ: 'at+jwt' }, {}, 'AAAA'))).toBe(false);
    expect(fetched.length).toBeLessThanOrEqual(2);
  });

  test('are asked for anew when they are ten minutes old', async () => {
    await stage();
    await judge(await sign());
    await clock.move(9 * 60_000);
    await judge(await sign({ jti: '2', exp: NOW + 3_600 }));
    expect(fetched).toHaveLength(1);
    await clock.move(2 * 60_000);
    await judge(await sign({ jti: '3', exp: NOW + 3_600 }));
    expect(fetched).toHaveLength(2);
  });

  test('that cannot be had refuse the token as a fault that may pass, and are not asked for again at once', async () => {
    await stage();
    let asked = 0;
    const findKey = createIssuerKeys({
      clock,
      fetchDocument: () => {
        asked++;
        return Promise.reject(new Error('no route'));
      },
    });
    const broken = createOutsideTokens({ clock, findKey });
    const token = await sign({ exp: NOW + 3_600 });
    for (let count = 0; count < 5; count++) await expect(broken(token, RULE, RESOURCE)).rejects.toMatchObject({ code: 'auth.issuer_unavailable' });
    expect(asked).toBe(1);
    await clock.move(60_000);
    await expect(broken(token, RULE, RESOURCE)).rejects.toMatchObject({ code: 'auth.issuer_unavailable' });
    expect(asked).toBe(2);
  });

  test('are found by discovery in the place that fits, and only where the document names the issuer', async () => {
    await stage();
    const key = { ...(await exportJWK(rsa.publicKey)), kid: 'rsa' };
    const documents: Record<string, object> = {
      'https://login.example/tenant/.well-known/openid-configuration': { issuer: 'https://evil.example', jwks_uri: 'https://evil.example/keys' },
      'https://login.example/.well-known/oauth-authorization-server/tenant': { issuer: ISSUER, jwks_uri: 'https://keys.example/1' },
      'https://keys.example/1': { keys: [key] },
    };
    const asked: [string, string][] = [];
    const fetchDocument = (url: string, operatorUrl: string) => {
      asked.push([url, operatorUrl]);
      return Promise.resolve({ status: documents[url] === undefined ? 404 : 200, body: Buffer.from(JSON.stringify(documents[url] ?? {})) });
    };
    const found = createOutsideTokens({ clock, findKey: createIssuerKeys({ clock, fetchDocument }) });
    expect(await found(await sign(), { ...RULE, jwksUri: undefined }, RESOURCE)).toBeDefined();
    expect(asked.map(([url]) => url)).toEqual(Object.keys(documents));
    expect(new Set(asked.map(([, operatorUrl]) => operatorUrl))).toEqual(new Set([ISSUER]));
  });
});
