/** Two users who know each other's ids: made from the table of operations, so that one without a case fails. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolved } from '../../test/support/plain-exchange.ts';
import { startPeople, type TestPeople } from '../../test/support/start-people.ts';
import type { TestBrowser } from '../../test/support/test-browser.ts';
import { GRANTS } from '../contract/roles.ts';
import type { Operation } from '../contract/operation.ts';
import type { Admitted } from '../data-plane/exchange.ts';
import type { Approval } from '../model/approval.ts';
import type { Grant } from '../model/grant.ts';
import { ANONYMOUS, keyPrincipalId, userPrincipalId } from '../model/principal.ts';
import { WorkflowSchema } from '../model/workflow.ts';
import { RawObject } from '../protocol/envelope.ts';
import { insertApproval } from '../storage/approvals.ts';
import { upsertGrant } from '../storage/grants.ts';
import { insertOAuthClient, upsertOAuthEntity } from '../storage/oauth.ts';
import { transact } from '../storage/transaction.ts';
import { insertRun } from '../storage/workflows.ts';
import type { LiveInspection } from './live-inspections.ts';
import type { LiveSession } from './live-sessions.ts';
import type { LiveChild } from './on-demand-services.ts';
import { OPERATIONS } from './operations.ts';

const CONSENT = 'a'.repeat(64);
const GRANT_ID = `grant_${'1'.repeat(32)}`;
const APPROVAL = `approval_${'1'.repeat(32)}`;
const CALL = `call_${'1'.repeat(32)}`;
const RUN = 'anns-own-run-1';
const CHILD = 'anns-own-child-1';
/** In everything of Ann's, and so in no answer to Bob. */
const MARK = 'anns-own';

let people: TestPeople;
let ann: TestBrowser & { userId: string };
let bob: TestBrowser & { userId: string };
const sessions: LiveSession[] = [];
const children: LiveChild[] = [];
const ids: Record<string, string> = {};

beforeAll(async () => {
  people = await startPeople({
    onDemand: { hasSandbox: true, templates: () => [], importTemplate: refuse, exportTemplate: refuse, deleteTemplate: refuse, children: () => children, stopChild: () => Promise.resolve(), settleEvents: () => Promise.resolve(), followEvents: () => undefined },
    workflows: { start: refuse, resolve: refuse },
    inspections: { open: () => inspection(), list: () => [inspection()], messages: () => [], close: () => undefined },
    sessions: { list: () => sessions, end: () => true },
    grants: { begin: () => ({ url: `https://${MARK}.example` }), withdraw: () => Promise.resolve(true) },
  });
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
  const stored = await ann.ask('PUT', `/api/v1/workflows/${MARK}`, { body: { definition: WORKFLOW } });
  if (stored.status !== 200) throw new Error(stored.text);
  children.push({ id: CHILD, name: MARK, source: 'script', principal: userPrincipalId(ann.userId), status: 'ready', pid: 1, createdAtMs: 1, idleMs: 0, memoryBytes: 0, cpuMs: 0, processes: 1, calls: 0, errors: 0 });
  await recordCall();
  const { storage, envelope } = people.services;
  await transact(storage.db, async (tx) => {
    await insertApproval(tx, approvalOf(userPrincipalId(ann.userId)), 'binding');
    await insertRun(tx, { id: RUN, workflow: WorkflowSchema.parse({ ...WORKFLOW, name: MARK }), principal: { kind: 'user', id: userPrincipalId(ann.userId), credentialId: 'x', name: MARK }, inputs: {}, status: 'waiting', reason: MARK, output: undefined, startedAtMs: 1, endedAtMs: undefined, resumedAtMs: 1 }, { owner: MARK, untilMs: 1, nowMs: 1 });
    await upsertGrant(tx, envelope, grantOf(userPrincipalId(ann.userId)));
    await insertOAuthClient(tx, { id: MARK, metadata: { client_name: `${MARK} editor` }, createdAtMs: 1, expiresAtMs: Number.MAX_SAFE_INTEGER });
    await upsertOAuthEntity(tx, { model: 'Grant', digest: CONSENT, grantDigest: undefined, userId: ann.userId, clientId: MARK, payload: { resources: { 'https://gateway.example/metamcp/dev/mcp': 'mcp' } }, consumedAtMs: undefined, expiresAtMs: Date.now() + 60_000 });
  });
});

afterAll(() => people.close());

const WORKFLOW = { endpoint: MARK, steps: [{ id: 'one', tool: `${MARK}__x` }] };

function refuse(): never {
  throw new Error('asked for what is not there');
}

/** One call of Ann's through a client that she signed in to, as the data plane tells of it. */
async function recordCall(): Promise<void> {
  const rawParams = RawObject.of({ name: `${MARK}__x`, arguments: { note: MARK } });
  const principal = { kind: 'user', id: userPrincipalId(ann.userId), credentialId: 'grant:1', name: MARK } as const;
  const exchange = resolved({ correlationId: CALL, principal, rawParams, params: rawParams.value, startedMs: performance.now(), atMs: Date.now(), target: { server: MARK, as: MARK, own: 'x', entry: undefined }, upstreamParams: { ...rawParams.value, name: 'x' } }) as Admitted;
  people.recorder.begin(exchange);
  await people.recorder.intent(exchange);
  people.recorder.answered(exchange);
  people.recorder.end(exchange, { kind: 'result', result: RawObject.of({ content: [] }) });
}

function approvalOf(principal: string): Approval {
  const terms = { users: [], groups: [], isSelfApprovalAllowed: true, validMs: 60_000 };
  return { id: APPROVAL, state: 'pending', principal, principalKind: 'user', principalName: MARK, credential: 'x', endpoint: MARK, namespace: MARK, server: MARK, method: 'tools/call', name: 'x', argumentsDigest: '0'.repeat(64), arguments: { note: MARK }, rule: MARK, reason: undefined, terms, requestedAtMs: Date.now(), expiresAtMs: Date.now() + 60_000, decidedAtMs: undefined, decidedBy: undefined, note: undefined, usedAtMs: undefined };
}

function inspection(): LiveInspection {
  return { id: INSPECTION, target: { kind: 'server', name: MARK }, path: '/', principal: ANONYMOUS, openedBy: ann.userId, token: MARK, expiresAtMs: 1 };
}

function grantOf(principal: string): Grant {
  return { id: GRANT_ID, server: 'files', principal, issuer: `https://${MARK}.example`, resource: 'https://files.example/mcp', scope: 'read', accessToken: 'a', refreshToken: 'r', expiresAtMs: undefined, client: { clientId: 'c', clientSecret: undefined, authMethod: undefined }, createdAtMs: 1, updatedAtMs: 1 };
}

/** Ann's, open all the while. */
const INSPECTION = `${MARK.replace(/\W/g, '_')}_inspection_1`;

interface Case {
  /** Where another's name shows in one thing: that it is taken. */
  readonly status?: number;
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
  drillServer: object({}),
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
  getLimit: object(),
  getServerCatalog: object(),
  getNamespaceCatalog: object(),
  suggestGroups: object(),
  getContextCost: object(),
  searchTools: object({ queries: ['x'] }),
  evaluateSearch: object({ cases: [{ query: 'x', tools: ['y'] }] }),
  explainRoute: object({ group: 'x' }),
  previewToolRule: object({ rule: { max: 1 } }),
  getApproval: { id: () => APPROVAL },
  approveCall: { id: () => APPROVAL, body: {} },
  denyCall: { id: () => APPROVAL, body: { reason: 'no' } },
  putWorkflow: { ...object({ definition: { endpoint: 'dev', steps: [{ id: 'one', tool: 'x' }] } }), status: 409 },
  deleteWorkflow: object(),
  startWorkflowRun: object({}),
  getWorkflowRun: { id: () => RUN },
  resolveWorkflowStep: { id: () => RUN, body: { key: 'one', decision: 'failed' } },
  stopChild: { id: () => CHILD },
  getTrafficCall: { id: () => CALL },
  listInspectionMessages: { id: () => INSPECTION },
  closeInspection: { id: () => INSPECTION },
};

/** Of the instance, nobody's: whoever may read servers may read them. */
const OF_NOBODY = new Set(['exportTemplate']);

const isForMembers = ({ access }: Operation): boolean => access !== 'public' && GRANTS[access].roles.includes('member');
const withId = OPERATIONS.map(({ operation }) => operation).filter((operation) => operation.params !== undefined && operation.access !== 'public' && !OF_NOBODY.has(operation.id));

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
    expect([answer.status, answer.text.includes('example')]).toEqual([found?.status ?? 404, false]);
    if (found?.status !== undefined) return;
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
  for (const path of ['servers', 'policies', 'namespaces', 'endpoints', 'keys', 'sessions', 'grants', 'consents', 'approvals', 'workflows', 'workflow-runs', 'children', 'traffic', 'stats', 'costs?groupBy=server']) expect([path, (await own(path)).includes(MARK)]).toEqual([path, true]);

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

test('[TN-01] one’s own call is found with its parts, and counts for nobody else', async () => {
  const asked = async (browser: TestBrowser, path: string): Promise<Record<string, unknown>> => (await browser.ask('GET', `/api/v1/${path}`)).body;
  expect(await asked(ann, `traffic/${CALL}`)).toMatchObject({ id: CALL, server: MARK, tool: 'x' });
  expect(await asked(ann, 'stats')).toMatchObject({ calls: 1, servers: [{ server: MARK, calls: 1 }] });
  expect(await asked(ann, 'costs')).toMatchObject({ total: { calls: 1 } });
  expect(await asked(bob, 'stats')).toMatchObject({ calls: 0, servers: [], tools: [], endpoints: [] });
  expect(await asked(bob, 'costs')).toMatchObject({ items: [], total: { calls: 0 } });
  // Asking for another's by name narrows to nothing, it does not widen.
  for (const path of ['traffic', 'costs']) expect((await asked(bob, `${path}?principal=${userPrincipalId(ann.userId)}`))['items']).toEqual([]);
  expect(await asked(people.operator, `traffic/${CALL}`)).toMatchObject({ id: CALL });
});
