/** Two users who know each other's ids: made from the table of operations, so that one without a case fails. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPeople, type TestPeople } from '../../test/support/start-people.ts';
import type { TestBrowser } from '../../test/support/test-browser.ts';
import { GRANTS } from '../contract/roles.ts';
import type { Operation } from '../contract/operation.ts';
import type { Grant } from '../model/grant.ts';
import { ANONYMOUS, keyPrincipalId, userPrincipalId } from '../model/principal.ts';
import { upsertGrant } from '../storage/grants.ts';
import { insertOAuthClient, upsertOAuthEntity } from '../storage/oauth.ts';
import { transact } from '../storage/transaction.ts';
import type { LiveInspection } from './live-inspections.ts';
import type { LiveSession } from './live-sessions.ts';
import { OPERATIONS } from './operations.ts';

const CONSENT = 'a'.repeat(64);
const GRANT_ID = `grant_${'1'.repeat(32)}`;
/** In everything of Ann's, and so in no answer to Bob. */
const MARK = 'anns-own';

let people: TestPeople;
let ann: TestBrowser & { userId: string };
let bob: TestBrowser & { userId: string };
const sessions: LiveSession[] = [];
const ids: Record<string, string> = {};

beforeAll(async () => {
  people = await startPeople({ inspections: { open: () => inspection(), list: () => [inspection()], messages: () => [], close: () => undefined }, sessions: { list: () => sessions, end: () => true }, grants: { begin: () => ({ url: `https://${MARK}.example` }), withdraw: () => Promise.resolve(true) } });
  ann = await people.join('member', 'ann@example.com');
  bob = await people.join('member', 'bob@example.com');
  const make = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await ann.ask('POST', `/api/v1/${path}`, { body });
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.body;
  };
  await make('servers', { name: MARK, config: { url: 'https://anns-own.example/' } });
  await make('policies', { name: MARK, config: { rules: [{ effect: 'deny' }] } });
  await make('namespaces', { name: MARK, config: { servers: [MARK, 'files'] } });
  await make('endpoints', { name: MARK, config: { namespace: MARK } });
  ids['key'] = String((await make('keys', { name: MARK, endpoints: [MARK] }))['id']);
  ids['signIn'] = String(((await ann.ask('GET', '/api/v1/me/sign-ins')).body['items'] as { id: string }[])[0]?.id);
  for (const principal of [{ kind: 'user', id: userPrincipalId(ann.userId), name: MARK }, { kind: 'key', id: keyPrincipalId(ids['key']), name: MARK }]) {
    sessions.push({ id: `${MARK}-${principal.kind}`, endpoint: 'dev', principal, revision: '2025-11-25', client: undefined, openedMs: 1, lastUsedMs: 1, inFlight: 0 });
  }
  const { storage, envelope } = people.services;
  await transact(storage.db, async (tx) => {
    await upsertGrant(tx, envelope, grantOf(userPrincipalId(ann.userId)));
    await insertOAuthClient(tx, { id: MARK, metadata: { client_name: `${MARK} editor` }, createdAtMs: 1, expiresAtMs: Number.MAX_SAFE_INTEGER });
    await upsertOAuthEntity(tx, { model: 'Grant', digest: CONSENT, grantDigest: undefined, userId: ann.userId, clientId: MARK, payload: { resources: { 'https://gateway.example/metamcp/dev/mcp': 'mcp' } }, consumedAtMs: undefined, expiresAtMs: Date.now() + 60_000 });
  });
});

afterAll(() => people.close());

function inspection(): LiveInspection {
  return { id: INSPECTION, target: { kind: 'server', name: MARK }, path: '/', principal: ANONYMOUS, openedBy: ann.userId, token: MARK, expiresAtMs: 1 };
}

function grantOf(principal: string): Grant {
  return { id: GRANT_ID, server: 'files', principal, issuer: `https://${MARK}.example`, resource: 'https://files.example/mcp', scope: 'read', accessToken: 'a', refreshToken: 'r', expiresAtMs: undefined, client: { clientId: 'c', clientSecret: undefined, authMethod: undefined }, createdAtMs: 1, updatedAtMs: 1 };
}

/** Ann's, open all the while. */
const INSPECTION = `${MARK.replace(/\W/g, '_')}_inspection_1`;

interface Case {
  /** In place of the parameters. */
  readonly id: () => string;
  readonly body?: object;
}

const object = (body?: object): Case => ({ id: () => MARK, ...(body && { body }) });
const changes = { config: {} };

/** Whatever has an id in its address and may be asked by a member. */
const CASES: Readonly<Record<string, Case>> = {
  getServer: object(),
  replaceServer: object(changes),
  patchServer: object(changes),
  deleteServer: object(),
  restartServer: object(),
  resyncServer: object(),
  callServer: object({ tool: 'x' }),
  getPolicy: object(),
  replacePolicy: object(changes),
  patchPolicy: object(changes),
  deletePolicy: object(),
  getNamespace: object(),
  replaceNamespace: object(changes),
  patchNamespace: object(changes),
  deleteNamespace: object(),
  cloneNamespace: object({ name: 'stolen' }),
  switchPrimitives: object({ kind: 'tools', names: [`${MARK}__x`], enabled: false }),
  getEndpoint: object(),
  replaceEndpoint: object(changes),
  patchEndpoint: object(changes),
  deleteEndpoint: object(),
  switchEndpoint: object({ namespace: 'dev' }),
  rotateKey: { id: () => ids['key'] ?? '', body: {} },
  revokeKey: { id: () => ids['key'] ?? '' },
  endSession: { id: () => `${MARK}-key` },
  endOwnSignIn: { id: () => ids['signIn'] ?? '' },
  withdrawGrant: { id: () => GRANT_ID },
  withdrawConsent: { id: () => CONSENT },
  getPrice: object(),
  getTrafficCall: { id: () => `call_${'1'.repeat(32)}` },
  listInspectionMessages: { id: () => INSPECTION },
  closeInspection: { id: () => INSPECTION },
};

const isForMembers = ({ access }: Operation): boolean => access !== 'public' && GRANTS[access].roles.includes('member');
const withId = OPERATIONS.map(({ operation }) => operation).filter((operation) => operation.params !== undefined && operation.access !== 'public');

describe('[TN-01] another user’s id', () => {
  test.each(withId.map((operation) => [operation.id, operation] as const))('%s', async (id, operation) => {
    if (!isForMembers(operation)) {
      const answer = await bob.ask(operation.method, operation.path.replace(/\{\w+\}/g, ann.userId), operation.body === undefined ? {} : { body: {} });
      expect([answer.status, answer.body['code']]).toEqual([403, 'auth.scope_missing']);
      return;
    }
    const found = CASES[id];
    expect(found, `${id} has an id in its address: it needs a case here`).toBeDefined();
    const path = operation.path.replace(/\{\w+\}/, found?.id() ?? '');
    const answer = await bob.ask(operation.method, path, found?.body === undefined ? {} : { body: found.body });
    expect([answer.status, answer.text.includes('example')]).toEqual([404, false]);
    // The same words as for what never was there.
    const nothing = await bob.ask(operation.method, path.replace(found?.id() ?? '', (whole) => whole.replace(/1$|^a{64}/, (end) => end.replaceAll(/[1a]/g, '2')).replace('anns', 'ann2')), found?.body === undefined ? {} : { body: found.body });
    expect([nothing.status, nothing.body['code']]).toEqual([404, answer.body['code']]);
  });

  test('[TN-05] [TN-06] is in no list, and logs and audit events are not for members at all', async () => {
    const lists = OPERATIONS.map(({ operation }) => operation).filter((operation) => operation.method === 'GET' && operation.params === undefined && operation.stream === undefined && isForMembers(operation));
    expect(lists.length).toBeGreaterThan(8);
    for (const { path } of lists) {
      const answer = await bob.ask('GET', path);
      expect([path, answer.status, answer.text.includes(MARK)]).toEqual([path, 200, false]);
    }
    for (const path of ['logs', 'audit', 'config', 'config/export', 'config/versions']) expect((await bob.ask('GET', `/api/v1/${path}`)).status).toBe(403);
  });

  test('[TN-05] begins no sign-in at a private server, and none for everybody at a public one', async () => {
    expect((await bob.ask('POST', '/api/v1/grants', { body: { server: MARK } })).status).toBe(404);
    expect((await ann.ask('POST', '/api/v1/grants', { body: { server: MARK } })).status).toBe(201);
  });
});

test('[CD-07] what is one’s own is listed, and withdrawn with all that came of it', async () => {
  const own = async (path: string): Promise<string> => (await ann.ask('GET', `/api/v1/${path}`)).text;
  for (const path of ['servers', 'policies', 'namespaces', 'endpoints', 'keys', 'sessions', 'grants', 'consents']) expect([path, (await own(path)).includes(MARK)]).toEqual([path, true]);

  const consent = { id: CONSENT, user: ann.userId, client: { id: MARK, name: `${MARK} editor` }, resources: ['https://gateway.example/metamcp/dev/mcp'], expiresAt: expect.any(String) };
  expect((await ann.ask('GET', '/api/v1/consents?user=me')).body).toEqual({ items: [consent] });
  expect((await people.operator.ask('GET', `/api/v1/consents?user=${ann.userId}`)).body).toEqual({ items: [consent] });
  const auditor = await people.join('auditor');
  expect((await auditor.ask('DELETE', `/api/v1/consents/${CONSENT}`)).status).toBe(403);
  expect((await ann.ask('DELETE', `/api/v1/consents/${CONSENT}`)).body).toEqual(consent);
  expect(people.calls).toContainEqual(['withdrawn', CONSENT]);
  expect((await ann.ask('GET', '/api/v1/consents')).body).toEqual({ items: [] });
  expect((await ann.ask('DELETE', `/api/v1/consents/${CONSENT}`)).status).toBe(404);

  expect((await ann.ask('DELETE', `/api/v1/grants/${GRANT_ID}`)).body).toEqual({ id: GRANT_ID, isRevoked: true });
  expect((await people.events()).map(({ action }) => action)).toEqual(expect.arrayContaining(['withdrawConsent', 'withdrawGrant']));
});
