/** The operations of the admin API, each tried once at the program as users start it: what is asked, and what comes of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GATEWAY_FILE } from '../../src/contract/gateway-file.ts';
import { OPERATIONS } from '../../src/control-plane/operations.ts';
import { modernRequest, openSession, textOf, toolNamesOf } from '../support/http-peer.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const SAMPLE = fileURLToPath(new URL('../../src/sample/server.ts', import.meta.url));
const CANARY = 'canary-4f2e';

type Body = Readonly<Record<string, unknown>>;

interface Step {
  /** Method and address behind `/api/v1/`; `{name}` stands for what an earlier step kept. */
  readonly ask: string;
  readonly body?: Body;
  /** Default: 200. */
  readonly status?: number;
  /** What the answer has at least. */
  readonly shows?: Body;
  /** Names of the items of a list, in their order. */
  readonly items?: readonly string[];
  /** A member of the answer that later steps need. */
  readonly keep?: readonly [as: string, member: string];
}

let gateway: RunningGateway;
let token: string;
const kept = new Map<string, string>();
const asked = new Set<string>();

beforeAll(async () => {
  gateway = await startGateway();
  token = (JSON.parse(readFileSync(join(gateway.data, GATEWAY_FILE), 'utf8')) as { token: string }).token;
});

afterAll(() => gateway.stop());

/** The operation that has this address; one without parameters before one that has them. */
function operationOf(method: string, path: string): string {
  const fits = OPERATIONS.map(({ operation }) => operation).filter((one) => one.method === method && new RegExp(`^${one.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path));
  const [found] = fits.toSorted((a, b) => a.path.split('{').length - b.path.split('{').length);
  return found?.id ?? `${method} ${path}`;
}

async function ask(line: string, body?: Body): Promise<{ readonly status: number; readonly text: string; readonly body: Record<string, unknown> }> {
  const [method = '', address = ''] = line.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(kept.get(name) ?? `no ${name}`)).split(' ');
  const url = new URL(`/api/v1/${address}`, gateway.url);
  const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
  const answer = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (answer.ok) asked.add(operationOf(method, url.pathname));
  const text = await answer.text();
  return { status: answer.status, text, body: answer.headers.get('content-type')?.includes('json') === true && text.startsWith('{') && !address.startsWith('audit/export') ? (JSON.parse(text) as Record<string, unknown>) : {} };
}

async function carryOut(steps: readonly Step[]): Promise<void> {
  for (const { ask: line, body, status = 200, shows, items, keep } of steps) {
    const answer = await ask(line, body);
    expect([line, answer.status, answer.status === status ? '' : answer.text]).toEqual([line, status, '']);
    expect([line, answer.text.includes(CANARY)]).toEqual([line, false]);
    if (shows !== undefined) expect(answer.body, line).toMatchObject(shows);
    if (items !== undefined) expect([line, (answer.body['items'] as { name: string }[]).map(({ name }) => name)]).toEqual([line, items]);
    if (keep !== undefined) kept.set(keep[0], String(answer.body[keep[1]]));
  }
}

const TOOLS = { command: process.execPath, args: [SAMPLE], description: 'For trying things', tags: ['dev'], capabilities: ['echo'], costNote: 'Free of charge' };

test('servers carry owner, tags, capabilities, cost note, policies and proxy, and are found by each', () =>
  carryOut([
    { ask: 'POST servers', body: { name: 'tools', config: TOOLS }, status: 201, shows: { name: 'tools', owner: null, tags: ['dev'], capabilities: ['echo'], costNote: 'Free of charge', policies: [], proxy: null } },
    { ask: 'POST servers', body: { name: 'far', config: { url: 'http://far.example/mcp', proxy: `http://user:${CANARY}@proxy.example:3128`, enabled: false } }, status: 201, shows: { proxy: 'proxy.example:3128', status: 'stopped' } },
    { ask: 'POST policies', body: { name: 'reading', config: { rules: [{ name: 'all', effect: 'allow' }] } }, status: 201 },
    { ask: 'POST namespaces', body: { name: 'dev', config: { servers: ['tools'], policies: ['reading'] } }, status: 201, shows: { servers: ['tools'] } },
    { ask: 'GET servers?sort=name', items: ['far', 'sample', 'tools'] },
    { ask: 'GET servers?owner=public&sort=-name', items: ['tools', 'sample', 'far'] },
    { ask: 'GET servers?owner=me', items: [] },
    { ask: 'GET servers?tag=dev', items: ['tools'] },
    { ask: 'GET servers?capability=echo', items: ['tools'] },
    { ask: 'GET servers?costNote=FREE', items: ['tools'] },
    { ask: 'GET servers?policy=reading', items: ['tools'] },
    { ask: 'GET servers?proxy=proxy.example:3128', items: ['far'] },
    { ask: 'GET servers?proxy=none&sort=name', items: ['sample', 'tools'] },
    { ask: 'GET servers?type=http', items: ['far'] },
    { ask: 'GET servers?status=stopped', items: ['far'] },
    { ask: 'GET servers?q=trying', items: ['tools'] },
    { ask: 'PATCH servers/far', body: { config: { tags: ['later'] } }, shows: { tags: ['later'], version: 2 } },
    { ask: 'PUT servers/far', body: { config: { url: 'http://far.example/other', enabled: false } }, shows: { proxy: null, tags: [] } },
    { ask: 'DELETE servers/far', shows: { deleted: ['servers.far'] } },
  ]));

test('a running server is looked into, called, asked again and started again', async () => {
  const { readySince } = await waitForReady();
  await carryOut([
    { ask: 'GET servers/tools', shows: { status: 'ready', type: 'stdio', stderrTail: expect.any(String), usedBy: ['dev'], policies: ['reading'] } },
    { ask: 'POST servers/tools/resync', shows: { status: 'ready' } },
    { ask: 'POST servers/tools/call', body: { tool: 'echo', arguments: { message: 'over there' } }, shows: { result: { content: [{ type: 'text', text: 'over there' }] } } },
    { ask: 'GET servers/tools/catalog', shows: { isKnown: true } },
    { ask: 'POST servers/tools/drill', body: { seconds: 1 }, shows: { server: 'tools', outSeconds: 1 } },
    { ask: 'GET replicas' },
    { ask: 'POST servers/tools/restart', shows: { name: 'tools' } },
  ]);
  expect((await waitForReady()).readySince).not.toBe(readySince);
});

async function waitForReady(): Promise<{ readonly readySince: unknown }> {
  let body: Record<string, unknown> = {};
  await expect.poll(async () => ({ body } = await ask('GET servers/tools')).body['status'], { timeout: 15_000 }).toBe('ready');
  return { readySince: body['since'] };
}

test('namespaces have overrides for each thing, switches for many at once, and clones; endpoints are switched between them', async () => {
  await carryOut([
    { ask: 'PATCH namespaces/dev', body: { config: { tools: { tools__echo: { name: 'say', description: 'Says it again' } } } }, shows: { version: 2 } },
    { ask: 'POST namespaces/dev/primitives', body: { kind: 'tools', names: ['tools__add', 'tools__time', 'tools__progress'], enabled: false }, shows: { version: 3 } },
    { ask: 'GET namespaces/dev', shows: { usedBy: [], config: { tools: { tools__add: { enabled: false }, tools__time: { enabled: false } } } } },
    { ask: 'POST namespaces/dev/clone', body: { name: 'copy' }, status: 201, shows: { name: 'copy', servers: ['tools'] } },
    { ask: 'POST namespaces/copy/primitives', body: { kind: 'tools', names: ['tools__add'], enabled: true } },
    { ask: 'GET namespaces?server=tools&sort=name', items: ['copy', 'dev'] },
    { ask: 'GET namespaces/dev/catalog', shows: { silent: [], items: expect.arrayContaining([expect.objectContaining({ key: 'tools__echo', exposed: 'say', overridden: ['name', 'description'] })]) } },
    { ask: 'GET namespaces/dev/group-suggestions', shows: { items: [] } },
    { ask: 'POST endpoints', body: { name: 'dev', config: { namespace: 'dev' } }, status: 201, shows: { mcpUrl: gateway.mcp('dev'), servers: ['tools'], oldestRevision: null } },
    { ask: 'POST keys', body: { name: 'laptop', endpoints: ['dev'] }, status: 201, keep: ['key', 'id'] },
    { ask: 'POST keys/{key}/rotate', body: { overlapSeconds: 0 }, keep: ['value', 'value'] },
  ]);
  const peer = { url: gateway.mcp('dev'), key: kept.get('value') ?? '' };
  expect(toolNamesOf(await modernRequest(peer, 'tools/list'))).toEqual(['say']);
  expect(textOf((await modernRequest(peer, 'tools/call', { name: 'say', arguments: { message: 'hello' } })).message)).toBe('hello');
  await carryOut([
    { ask: 'POST endpoints/dev/switch', body: { namespace: 'copy' }, shows: { namespace: 'copy' } },
    { ask: 'GET endpoints?namespace=copy', items: ['dev'] },
    { ask: 'GET endpoints/dev', shows: { namespace: 'copy' } },
    { ask: 'PATCH endpoints/dev', body: { config: { revisions: { from: '2025-06-18' } } }, shows: { oldestRevision: '2025-06-18' } },
    { ask: 'GET endpoints/dev/context-cost', shows: { toolCount: 2 } },
    { ask: 'POST endpoints/dev/search', body: { queries: ['add two numbers'] } },
    { ask: 'POST endpoints/dev/evaluation', body: { cases: [{ query: 'add two numbers', tools: ['tools__add'] }] } },
    { ask: 'POST endpoints/dev/rule-preview', body: { rule: { max: 1 } } },
  ]);
  expect(toolNamesOf(await modernRequest(peer, 'tools/list'))).toEqual(['say', 'tools__add']);
});

test('sessions are listed and ended; calls are in traffic, figures, costs, audit and log', async () => {
  const session = await openSession({ url: gateway.mcp('dev'), key: kept.get('value') ?? '' });
  const [{ id }] = (await ask('GET sessions?endpoint=dev')).body['items'] as [{ id: string }];
  const [call] = (await ask('GET traffic?tool=echo')).body['items'] as [{ id: string }];
  kept.set('session', id).set('call', call.id);
  await carryOut([
    { ask: 'DELETE sessions/{session}' },
    { ask: 'GET sessions', shows: { items: [] } },
    { ask: 'GET traffic/{call}', shows: { server: 'tools', tool: 'echo', outcome: 'ok' } },
    { ask: 'GET stats', shows: { window: 'hour' } },
    { ask: 'GET costs?groupBy=server' },
    { ask: 'GET audit?action=createKey', shows: { items: [expect.objectContaining({ outcome: 'done', subject: kept.get('key') })] } },
    { ask: 'GET audit/export' },
    { ask: 'GET audit/key', keep: ['publicKey', 'publicKey'] },
    { ask: 'POST audit/verify', body: {}, shows: { isIntact: true, findings: [] } },
    { ask: 'GET logs?level=error', shows: { items: [] } },
  ]);
  expect((await session.request('tools/list')).status).toBe(404);
});

test('policies, limits, prices, middleware and definitions', () =>
  carryOut([
    { ask: 'GET policies', items: ['reading'] },
    { ask: 'GET policies/reading', shows: { usedBy: ['dev', 'copy'] } },
    { ask: 'PUT policies/reading', body: { config: { rules: [{ name: 'all', effect: 'allow' }, { name: 'adding', effect: 'deny', what: { names: ['add'] } }] } } },
    { ask: 'PATCH policies/reading', body: { config: { description: 'Who may what' } } },
    { ask: 'POST policies/explain', body: { endpoint: 'dev', name: 'tools__add' }, shows: { effect: 'deny', rule: 'reading/adding', isHidden: true } },
    { ask: 'POST policies/test', body: { namespace: 'dev', cases: [{ name: 'say', facts: { server: 'tools', name: 'echo' }, expect: 'allow' }] }, shows: { passed: 1, failed: 0 } },
    { ask: 'POST policies/replay', body: { since: '2026-01-01T00:00:00Z', policies: { reading: { rules: [{ effect: 'deny' }] } } } },
    { ask: 'GET policy-templates' },
    { ask: 'GET policy-shadow', shows: { differences: [] } },
    { ask: 'PATCH namespaces/dev', body: { config: { policies: null } } },
    { ask: 'PATCH namespaces/copy', body: { config: { policies: null } } },
    { ask: 'DELETE policies/reading', shows: { deleted: ['policies.reading'] } },
    { ask: 'POST limits', body: { name: 'all', config: { scope: 'client', max: 1_000, seconds: 60 } }, status: 201 },
    { ask: 'GET limits', items: ['all'] },
    { ask: 'GET limits/all' },
    { ask: 'PUT limits/all', body: { config: { scope: 'client', max: 2_000, seconds: 60 } } },
    { ask: 'PATCH limits/all', body: { config: { max: 3_000 } }, shows: { config: { max: 3_000 } } },
    { ask: 'GET limit-usage' },
    { ask: 'POST limit-usage/reset', body: { limit: 'limit:all' }, shows: { limit: 'limit:all' } },
    { ask: 'DELETE limits/all' },
    { ask: 'POST prices', body: { name: 'echoes', config: { server: 'tools', perCall: 0.5 } }, status: 201 },
    { ask: 'GET prices', items: ['echoes'] },
    { ask: 'GET prices/echoes' },
    { ask: 'PUT prices/echoes', body: { config: { server: 'tools', perCall: 1 } } },
    { ask: 'PATCH prices/echoes', body: { config: { perCall: 2 } } },
    { ask: 'DELETE prices/echoes' },
    { ask: 'GET middleware' },
    { ask: 'POST middleware/try', body: { middleware: [{ use: 'truncate', with: { bytesMax: 1_000 } }] }, shows: { fault: null, failures: [] } },
    { ask: 'GET definitions?namespace=dev' },
    { ask: 'POST definitions/reject', body: { namespace: 'dev', server: 'tools', kind: 'tool', name: 'time' } },
    { ask: 'POST definitions/approve', body: { namespace: 'dev' } },
    { ask: 'GET approvals', shows: { items: [] } },
  ]));

test('users, invitations, keys, secrets, grants, consents and settings', () =>
  carryOut([
    { ask: 'POST invitations', body: { role: 'auditor' }, status: 201, keep: ['invitation', 'id'] },
    { ask: 'GET invitations', shows: { items: [expect.objectContaining({ role: 'auditor' })] } },
    { ask: 'DELETE invitations/{invitation}' },
    { ask: 'GET replicas', shows: { items: [expect.objectContaining({ isSelf: true, isLeader: true, status: 'alive' })] } },
    { ask: 'GET settings', shows: { version: 0 } },
    { ask: 'PATCH settings', body: { settings: { logLevel: 'info' } }, shows: { settings: { logLevel: 'info' } } },
    { ask: 'GET settings/registration', shows: { formSignUp: false } },
    { ask: 'PUT settings/registration', body: { formSignUp: true, ssoSignUp: false, passwordSignIn: true } },
    { ask: 'POST sign-up', body: { email: 'ann@example.com', name: 'Ann', password: 'correct horse battery' }, status: 201 },
    { ask: 'GET users', items: ['Ann'] },
  ]).then(async () => {
    const [{ id }] = (await ask('GET users')).body['items'] as [{ id: string }];
    kept.set('user', id);
    await carryOut([
      { ask: 'PATCH users/{user}', body: { role: 'admin' }, shows: { role: 'admin' } },
      { ask: 'POST users/{user}/reset-link', status: 201 },
      { ask: 'DELETE users/{user}/sign-ins' },
      { ask: 'DELETE users/{user}', shows: { objects: [] } },
      { ask: 'PUT secrets/TOKEN', body: { value: CANARY }, shows: { name: 'TOKEN' } },
      { ask: 'GET secrets', items: ['TOKEN'] },
      { ask: 'POST secrets/rotate', shows: { secrets: 1 } },
      { ask: 'DELETE secrets/TOKEN' },
      { ask: 'GET keys' },
      { ask: 'DELETE keys/{key}' },
      { ask: 'GET grants', shows: { items: [] } },
      { ask: 'GET consents', shows: { items: [] } },
    ]);
  }));

test('the configuration is planned, applied, exported, compared and taken back', async () => {
  const text = JSON.stringify({ servers: { more: { url: 'https://more.example/mcp', bearerToken: CANARY } } });
  await carryOut([
    { ask: 'GET config' },
    { ask: 'POST config/plan', body: { text, source: 'team.json' }, shows: { items: [expect.objectContaining({ action: 'create', name: 'more' })] } },
    { ask: 'GET servers/more', status: 404 },
    { ask: 'POST config/apply', body: { text, source: 'team.json', reason: 'more' }, keep: ['version', 'version'] },
    { ask: 'POST config/release', body: { source: 'team.json' }, shows: { released: ['servers.more'] } },
    { ask: 'GET config/export?format=portable', shows: { variables: ['MORE_BEARERTOKEN'] } },
    { ask: 'GET config/versions' },
    { ask: 'GET config/versions/1/diff/{version}' },
  ]);
  await carryOut([
    { ask: 'POST config/rollback', body: { number: Number(kept.get('version')) - 1, reason: 'less' } },
    { ask: 'GET servers/more', status: 404 },
  ]);
});

test('inspections, servers on demand, workflows and the catalogue', () =>
  carryOut([
    { ask: 'POST inspections', body: { target: { kind: 'server', name: 'tools' } }, status: 201, keep: ['inspection', 'id'] },
    { ask: 'GET inspections' },
    { ask: 'GET inspections/{inspection}/messages' },
    { ask: 'DELETE inspections/{inspection}' },
    { ask: 'GET templates' },
    { ask: 'GET children', shows: { items: [] } },
    { ask: 'GET child-events', shows: { items: [] } },
    { ask: 'PUT workflows/twice', body: { definition: { endpoint: 'dev', steps: [{ id: 'one', tool: 'say', arguments: { message: 'x' }, idempotent: true }] } }, shows: { name: 'twice', version: 1 } },
    { ask: 'GET workflows', items: ['twice'] },
    { ask: 'POST workflows/twice/runs', body: {}, status: 201, keep: ['run', 'id'] },
    { ask: 'GET workflow-runs' },
    { ask: 'GET workflow-runs/{run}' },
    { ask: 'DELETE workflows/twice' },
    { ask: 'GET registry' },
    { ask: 'PUT playground', body: { url: 'http://127.0.0.1:9/v1', model: 'small', key: CANARY }, shows: { model: { model: 'small', hasKey: true } } },
    { ask: 'GET playground', shows: { model: { hasKey: true } } },
    { ask: 'DELETE playground', shows: { model: null } },
  ]));

test('what is made is deleted with what uses it', () =>
  carryOut([
    { ask: 'DELETE namespaces/copy', status: 409 },
    { ask: 'PUT endpoints/dev', body: { config: { namespace: 'dev' } } },
    { ask: 'DELETE endpoints/dev', shows: { deleted: ['endpoints.dev'] } },
    { ask: 'DELETE namespaces/copy' },
    { ask: 'PUT namespaces/dev', body: { config: { servers: [] } }, shows: { servers: [] } },
    { ask: 'DELETE servers/tools' },
  ]));

/** Tried elsewhere, with people who sign in, servers that ask for it, calls that wait, or the program's own files. */
const ELSEWHERE = [
  'approveCall', 'beginGrant', 'withdrawGrant', 'withdrawConsent', 'getApproval', 'denyCall', 'getHealth', 'getReady', 'explainRoute', 'watchTraffic', 'watchChildEvents', 'stopChild', 'importTemplate', 'exportTemplate',
  'deleteTemplate', 'resolveWorkflowStep', 'resolveRegistryServer', 'completeChat',
];

test('no operation is left out but those of sign-in and those that other tests try', () => {
  const ofSignIn = (path: string): boolean => /^\/api\/(?:v1\/(?:sign-|links|me|password)|auth)/.test(path);
  const missed = OPERATIONS.map(({ operation }) => operation).filter(({ id, path }) => !asked.has(id) && !ofSignIn(path) && !ELSEWHERE.includes(id));
  expect(missed.map(({ id }) => id)).toEqual([]);
});
