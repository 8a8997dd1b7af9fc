/** Everything that governs a call, all at once at one gateway: key, policies, approvals, middleware, limits, strict record, metrics. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openInstanceKey } from '../../src/auth/instance-key.ts';
import { createKeyedDigest } from '../../src/base/keyed-digest.ts';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, type RawAnswer, textOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';

const KEYS = { plain: randomKey(), agent: randomKey(), checker: randomKey() };
const SECRET = `ghp_${'a1B2c3D4e5F6'.repeat(3)}`;
const RULES = [
  { name: 'agents-do-not-see-counts', effect: 'deny', who: { labels: { agent: ['*'] } }, what: { names: ['counts'] } },
  { name: 'forbidden-keys', effect: 'deny', what: { names: ['count'] }, arguments: [{ at: '/key', matches: '^forbidden' }] },
  { name: 'a-person', effect: 'approve', what: { names: ['count'] }, arguments: [{ at: '/key', matches: '^risky' }] },
];
const DRAFT = [
  { name: 'agents-do-not-count', effect: 'deny', who: { labels: { agent: ['*'] } }, what: { names: ['count'] } },
  { name: 'forbidden-keys', effect: 'deny', what: { names: ['count'] }, arguments: [{ at: '/key', matches: '^(forbidden|odd)' }] },
];

const config = (rules: readonly object[], more: { readonly isOff?: boolean; readonly tools?: object } = {}): object => ({
  servers: { count: { ...fixtureCommand('counting-server.ts', '--stdio'), enabled: more.isOff !== true } },
  policies: { guard: { rules }, trial: { mode: 'shadow', rules: [{ name: 'nobody', effect: 'deny' }] } },
  namespaces: { all: { servers: ['count'], tools: more.tools ?? {}, policies: ['guard', 'trial'], middleware: [{ use: 'validate' }, { use: 'redact', with: { personal: ['email'] } }, { use: 'provenance' }] } },
  prices: { counted: { server: 'count', tool: 'counts', perCall: 0.5 } },
  endpoints: { scripts: { namespace: 'all', discovery: 'code' }, found: { namespace: 'all', discovery: 'search' }, all: { namespace: 'all', limits: [{ scope: 'tool', match: { tool: 'count__canary' }, max: 2, seconds: 3_600 }] } },
  keys: { plain: { value: KEYS.plain }, agent: { value: KEYS.agent, labels: { agent: 'coder' } }, checker: { value: KEYS.checker } },
});
const folder = mkdtempSync(join(tmpdir(), 'metamcp-governance-'));
const data = join(folder, 'data');
let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway({ config: config(RULES), data, args: ['--audit', 'strict', '--audit-results'] });
});

afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

function call(key: keyof typeof KEYS, tool: string, given: object): Promise<RawAnswer> {
  return callAt('all', key, `count__${tool}`, given);
}

function callAt(endpoint: string, key: keyof typeof KEYS, name: string, given: object): Promise<RawAnswer> {
  return modernRequest({ url: gateway.mcp(endpoint), key: KEYS[key] }, 'tools/call', { name, arguments: given });
}

async function admin(method: string, path: string, body?: object): Promise<string> {
  const { token } = JSON.parse(await readFile(join(data, 'gateway.json'), 'utf8')) as { token: string };
  const answer = await fetch(`${gateway.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) });
  return answer.text();
}

interface Recorded {
  readonly kind: string;
  readonly callId: string;
  readonly tool: string | null;
  readonly argumentsDigest: string | null;
  readonly cost: number | null;
  readonly outcome: string | null;
  readonly principal: { readonly name: string };
  readonly decision: { readonly effect: string; readonly rule: string; readonly approval: string | null; readonly shadowRule: string | null } | null;
  /** As it is chained. */
  readonly record: { readonly keptArguments?: { readonly redactions: number } };
}

/** Oldest first. */
async function recorded(): Promise<Recorded[]> {
  const lines = (await admin('GET', '/audit/export?server=count')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Omit<Recorded, 'record'> & { record: string | Recorded['record'] }).map((one) => ({ ...one, record: typeof one.record === 'string' ? (JSON.parse(one.record) as Recorded['record']) : one.record })).toReversed();
}

async function total(metric: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(metric));
  return line === undefined ? Number.NaN : Number(line.split(' ').at(-1));
}

test('[AU-01] [DL-03] the record of an approved call names rule, approval and shadow rule, and what was taken out of its arguments', async () => {
  const given = { key: 'risky-1', password: 'hunter2hunter2', note: `mail ada@example.org with ${SECRET}` };
  const asked = await call('plain', 'count', given);
  expect(asked.message.error?.code).toBe(-31010);
  const approval = String(asked.message.error?.data?.['approval']);
  await admin('POST', `/approvals/${approval}/approve`, {});
  const made = await call('plain', 'count', given);
  expect(made.message.result).toMatchObject({ _meta: { 'metamcp/provenance': { server: 'count', name: 'count' } } });
  const mine = (await recorded()).filter(({ tool, principal }) => tool === 'count' && principal.name === 'plain');
  // Refused while it waited for a person; then in strict mode an intent before it was sent, and its outcome.
  expect(mine.map(({ kind, outcome }) => [kind, outcome])).toEqual([
    ['call', 'policy.approval_needed'],
    ['intent', null],
    ['outcome', 'ok'],
  ]);
  for (const { decision } of mine) expect(decision).toMatchObject({ effect: 'approve', rule: expect.stringContaining('a-person'), shadowRule: expect.stringContaining('nobody') });
  expect(mine.slice(1).map(({ decision }) => decision?.approval)).toEqual([approval, approval]);
  expect(mine[1]?.record.keptArguments?.redactions).toBe(1);
  const shown = await admin('GET', `/traffic/${mine[1]?.callId ?? ''}`);
  for (const taken of ['hunter2', SECRET, 'ada@example.org']) expect(shown).not.toContain(taken);
  expect(shown).toContain('[redacted github-token]');
});

test('[RL-08] a limit that is hit is recorded, answered and counted', async () => {
  const answers = [await call('plain', 'canary', {}), await call('agent', 'canary', {}), await call('plain', 'canary', {})];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
  const last = (await recorded()).filter(({ tool }) => tool === 'canary').at(-1);
  expect(last).toMatchObject({ kind: 'call', outcome: 'limit.rate_exceeded', decision: { effect: 'allow' } });
  expect(await total('metamcp_limits_hit_total{code="limit.rate_exceeded"}')).toBe(1);
  expect(await total('metamcp_requests_total{method="tools/call",outcome="limit.rate_exceeded"}')).toBe(1);
  expect([await total('metamcp_audit_queue'), await total('metamcp_audit_lost_total'), await total('metamcp_audit_failing'), await total('metamcp_scripts_running')]).toEqual([0, 0, 0, 0]);
});

test('[AU-01] [AU-06] calls of scripts and through tools of ours are recorded, decided and counted as what they are', async () => {
  const before = (await recorded()).length;
  const counted = await total('metamcp_requests_total{method="tools/call",outcome="ok"}');
  const code = "await tools.count__count({ key: 'scripted' }); try { await tools.count__count({ key: 'forbidden-script' }); } catch {} return await tools.count__counts({});";
  expect(textOf((await callAt('scripts', 'checker', 'run_code', { code })).message)).toContain('scripted');
  expect((await callAt('found', 'checker', 'call_tool', { name: 'count__count', arguments: { key: 'through-ours' } })).message.result).toBeDefined();
  const keyed = createKeyedDigest(openInstanceKey(data, randomBytes).digesting);
  const digest = (key: string): string => keyed(JSON.stringify({ key }));
  const made = (await recorded()).slice(before).filter(({ tool }) => tool === 'count');
  expect(made.map(({ kind, outcome, argumentsDigest }) => [kind, outcome, argumentsDigest])).toEqual([
    ['intent', null, digest('scripted')],
    ['outcome', 'ok', digest('scripted')],
    ['call', 'policy.denied', digest('forbidden-script')],
    ['intent', null, digest('through-ours')],
    ['outcome', 'ok', digest('through-ours')],
  ]);
  // Two calls of the script, the script, and the call through ours.
  expect((await total('metamcp_requests_total{method="tools/call",outcome="ok"}')) - counted).toBe(4);
});

test('priced calls stand with their price in the record, and added up in the ledger', async () => {
  await call('plain', 'counts', {});
  const ends = (await recorded()).filter(({ kind, tool, outcome }) => kind === 'outcome' && tool === 'counts' && outcome === 'ok');
  expect(new Set(ends.map(({ cost }) => cost))).toEqual(new Set([0.5]));
  const { items } = JSON.parse(await admin('GET', '/costs?groupBy=server,tool')) as { items: { server: string; tool: string; cost: number }[] };
  expect(items.find(({ tool }) => tool === 'counts')?.cost).toBe(ends.length * 0.5);
  expect(items.find(({ tool }) => tool === 'count')?.cost).toBe(0);
});

test('what the list of tools costs a client in tokens is in the ledger, of each client its own', async () => {
  const costOf = async (): Promise<Map<string, number>> => {
    const { items } = JSON.parse(await admin('GET', '/costs?groupBy=principal')) as { items: { principal: string; catalogTokens: number }[] };
    return new Map(items.map(({ principal, catalogTokens }) => [principal, catalogTokens]));
  };
  const before = await costOf();
  const { message } = await modernRequest({ url: gateway.mcp('all'), key: KEYS.checker }, 'tools/list', {});
  const tokens = Buffer.byteLength(JSON.stringify(message.result)) / 4;
  const after = [...(await costOf())].map(([principal, now]) => [principal, now - (before.get(principal) ?? 0)] as const).filter(([, more]) => more > 0);
  expect(after).toHaveLength(1);
  // A quarter of the bytes, with or without what stands around the result.
  expect(Math.abs((after[0]?.[1] ?? 0) - tokens)).toBeLessThan(50);
});

const CALLS = Array.from({ length: 60 }, (_, index) => ({ key: index % 3 === 0 ? ('agent' as const) : ('checker' as const), tool: index % 5 === 4 ? 'counts' : 'count', given: index % 5 === 4 ? {} : { key: `${['even', 'odd', 'forbidden', 'risky'][index % 4]}-${index}` } }));

/** How often each decision fell on the calls of one round. */
async function decisionsOfRound(): Promise<string[]> {
  const before = (await recorded()).length;
  for (const { key, tool, given } of CALLS) await call(key, tool, given);
  const round = (await recorded()).slice(before).filter(({ kind }) => kind !== 'intent');
  expect(round).toHaveLength(CALLS.length);
  return round.map(({ decision }) => decision?.effect ?? 'none');
}

test('a replay of what is recorded says of each call what the live engine says after the change, and changed nothing itself', async () => {
  const since = new Date().toISOString();
  const before = await decisionsOfRound();
  const draft = join(folder, 'guard.json');
  writeFileSync(draft, JSON.stringify({ rules: DRAFT }));
  const unchanged = await runMetamcp(['policy', 'replay', '--since', '1h', '--data', data]);
  expect([unchanged.code, unchanged.stdout.trim().split('\n').at(-1)]).toEqual([0, expect.stringContaining('nothing would change')]);
  const replayed = JSON.parse(await admin('POST', '/policies/replay', { since, policies: { guard: { rules: DRAFT } } })) as { total: number; inexact: number; changes: Record<string, number>; differences: { name: string; principal: string; before: { effect: string }; after: { effect: string } }[] };
  expect([replayed.total, replayed.inexact]).toEqual([CALLS.length, 0]);
  const told = await runMetamcp(['policy', 'replay', '--since', '1h', '--policy', draft, '--data', data]);
  // The hour before holds the calls of the other tests too.
  for (const change of Object.keys(replayed.changes)) expect(told.stdout).toContain(` ${change}`);

  await gateway.reconfigure(config(DRAFT));
  await expect.poll(async () => (await call('agent', 'count', { key: 'even-probe' })).message.error?.code, { timeout: 10_000, interval: 50 }).toBe(-32602);
  const after = await decisionsOfRound();
  const changed = CALLS.flatMap(({ tool }, index) => (before[index] === after[index] ? [] : [`${tool} ${before[index]}→${after[index]}`]));
  expect(changed.length).toBeGreaterThan(20);
  expect(replayed.differences.map(({ name, before: then, after: now }) => `${name} ${then.effect}→${now.effect}`)).toEqual(changed);
}, 60_000);

test('[AU-03] after all of that the record is intact', async () => {
  const verified = await runMetamcp(['audit', 'verify', '--data', data]);
  expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining('The record is intact.')]);
  expect(textOf((await call('checker', 'counts', {})).message)).not.toContain('forbidden');
});

test('[TL-15] a tool, and then its server, is switched off from outside and gone within five seconds', async () => {
  const isGone = async (tool: string): Promise<boolean> => (await call('checker', tool, { key: 'even-last' })).message.error?.code === -32602;
  expect(await isGone('count')).toBe(false);
  await gateway.reconfigure(config(DRAFT, { tools: { count__count: { enabled: false } } }));
  await expect.poll(() => isGone('count'), { timeout: 5_000, interval: 50 }).toBe(true);
  expect((await call('checker', 'counts', {})).message.result).toBeDefined();
  await gateway.reconfigure(config(DRAFT, { isOff: true }));
  await expect.poll(() => isGone('counts'), { timeout: 5_000, interval: 50 }).toBe(true);
});
