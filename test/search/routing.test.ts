/** Routing: forty calls of groups with the member and the reason that are expected, and what a client sees of it. */
import { afterEach, describe, expect, test } from 'vitest';
import { type MemberFacts, routeGroup } from '../../src/data-plane/group-route.ts';
import type { GroupAsking, GroupSpec } from '../../src/model/group.ts';
import { GroupConfigSchema } from '../../src/model/group-config.ts';
import { isObject, type JsonObject } from '../../src/protocol/messages.ts';
import { compileGroups } from '../../src/snapshot/compile-groups.ts';
import { ModernClient } from '../bridge/modern-client.ts';
import { modernScript, type Script, tool } from '../support/fake-link.ts';
import { type Plane, type PlaneOptions, startPlane } from '../support/start-plane.ts';

const CONFIG = {
  'web.search': {
    members: [
      { tool: 'brave__search', priority: 1, cost: 5, tags: ['us'] },
      { tool: 'kagi__query', priority: 0, cost: 9, tags: ['us', 'private'], arguments: { query: 'q', language: false }, fixed: { safe: true } },
      { tool: 'duck__find', priority: 2, cost: 0, tags: ['eu', 'private'] },
    ],
    rules: [
      { name: 'research', agents: ['research-*'], use: 'brave__search' },
      { name: 'production', stages: ['prod'], tags: ['private'] },
      { name: 'europe', endpoints: ['eu'], tags: ['eu'] },
      { name: 'german', arguments: [{ at: '/language', equals: 'de' }], use: 'duck__find' },
      { name: 'long', arguments: [{ at: '/query', matches: '^.{50,}$' }], use: 'deep.search' },
    ],
  },
  'deep.search': { choose: 'cost', members: [{ tool: 'exa__deep', cost: 3 }, { tool: 'tavily__deep', cost: 2 }, { tool: 'brave__search', cost: 2 }] },
  'fast.search': { choose: 'latency', members: [{ tool: 'brave__search' }, { tool: 'kagi__query', priority: 1 }, { tool: 'duck__find' }] },
  'well.search': { choose: 'health', members: [{ tool: 'brave__search', cost: 1 }, { tool: 'duck__find' }] },
  'lot.search': { choose: 'weights', members: [{ tool: 'brave__search', weight: 3 }, { tool: 'duck__find', weight: 1 }, { tool: 'kagi__query', weight: 0 }] },
  'own.search': { choose: 'sticky', members: [{ tool: 'brave__search' }, { tool: 'duck__find' }, { tool: 'exa__deep' }] },
};
const GROUPS = compileGroups(Object.fromEntries(Object.entries(CONFIG).map(([name, group]) => [name, GroupConfigSchema.parse(group)])), ['brave', 'kagi', 'duck', 'exa', 'tavily'], ({ message }) => {
  throw new Error(message);
});

const GOOD: MemberFacts = { isVisible: true, isAllowed: true, isMappable: true, isReachable: true, health: 0, latencyStep: 0 };
type Changes = Readonly<Record<string, Partial<MemberFacts>>>;
type Asking = Partial<GroupAsking> & { readonly principal?: string };

function route(group: string, asking: Asking, changes: Changes) {
  const { principal = 'ann', ...asked } = asking;
  return routeGroup(GROUPS.get(group) as GroupSpec, GROUPS, {
    asking: { agent: undefined, stage: undefined, endpoint: 'dev', arguments: { query: 'x' }, ...asked },
    principalId: principal,
    of: ({ tool: name }) => ({ ...GOOD, ...changes[name] }),
  });
}

const LONG = { query: 'q'.repeat(60) };
const CASES: readonly (readonly [group: string, asking: Asking, changes: Changes, member: string | undefined, reason: string | undefined])[] = [
  ['web.search', {}, {}, 'kagi__query', 'priority'],
  ['web.search', {}, { kagi__query: { isReachable: false } }, 'brave__search', 'priority'],
  ['web.search', {}, { kagi__query: { isAllowed: false } }, 'brave__search', 'priority'],
  ['web.search', {}, { kagi__query: { isMappable: false } }, 'brave__search', 'priority'],
  ['web.search', {}, { kagi__query: { isVisible: false, isAllowed: false }, brave__search: { isReachable: false } }, 'duck__find', 'only'],
  ['web.search', {}, { kagi__query: { health: 2 } }, 'kagi__query', 'priority'],
  ['web.search', {}, { kagi__query: { isReachable: false }, brave__search: { isReachable: false }, duck__find: { isReachable: false } }, undefined, undefined],
  ['web.search', { agent: 'research-7' }, {}, 'brave__search', 'rule research: only'],
  ['web.search', { agent: 'research-7' }, { brave__search: { isReachable: false } }, undefined, undefined],
  ['web.search', { agent: 'writer' }, {}, 'kagi__query', 'priority'],
  ['web.search', { agent: 'research-7', stage: 'prod' }, {}, 'brave__search', 'rule research: only'],
  ['web.search', { stage: 'prod' }, {}, 'kagi__query', 'rule production: priority'],
  ['web.search', { stage: 'prod' }, { kagi__query: { isReachable: false } }, 'duck__find', 'rule production: only'],
  ['web.search', { stage: 'staging' }, {}, 'kagi__query', 'priority'],
  ['web.search', { endpoint: 'eu' }, {}, 'duck__find', 'rule europe: only'],
  ['web.search', { endpoint: 'eu', stage: 'prod' }, {}, 'kagi__query', 'rule production: priority'],
  ['web.search', { arguments: { query: 'x', language: 'de' } }, {}, 'duck__find', 'rule german: only'],
  ['web.search', { arguments: { query: 'x', language: 'fr' } }, {}, 'kagi__query', 'priority'],
  ['web.search', { arguments: { query: 'x', language: 'de' } }, { duck__find: { isAllowed: false } }, undefined, undefined],
  ['web.search', { arguments: LONG }, {}, 'brave__search', 'rule long: deep.search, name'],
  ['web.search', { arguments: LONG }, { brave__search: { isReachable: false } }, 'tavily__deep', 'rule long: deep.search, cost'],
  ['deep.search', {}, {}, 'brave__search', 'name'],
  ['deep.search', {}, { brave__search: { health: 1 } }, 'tavily__deep', 'health'],
  ['deep.search', {}, { brave__search: { isAllowed: false }, tavily__deep: { isAllowed: false } }, 'exa__deep', 'only'],
  ['deep.search', {}, { brave__search: { health: 2 }, tavily__deep: { health: 2 } }, 'brave__search', 'name'],
  ['fast.search', {}, {}, 'brave__search', 'name'],
  ['fast.search', {}, { brave__search: { latencyStep: 2 }, duck__find: { latencyStep: 1 } }, 'kagi__query', 'latency'],
  ['fast.search', {}, { brave__search: { latencyStep: 2 }, duck__find: { latencyStep: 1 }, kagi__query: { health: 1 } }, 'duck__find', 'latency'],
  ['fast.search', {}, { brave__search: { health: 1 }, duck__find: { health: 1 } }, 'kagi__query', 'health'],
  ['well.search', {}, {}, 'duck__find', 'cost'],
  ['well.search', {}, { duck__find: { health: 1 } }, 'brave__search', 'health'],
  ['well.search', {}, { duck__find: { health: 2 }, brave__search: { health: 1 } }, 'brave__search', 'health'],
  ['lot.search', { arguments: { query: '2' } }, {}, 'brave__search', 'weights'],
  ['lot.search', { arguments: { query: '0' } }, {}, 'duck__find', 'weights'],
  ['lot.search', { arguments: { query: '0' } }, { duck__find: { health: 1 } }, 'brave__search', 'weights'],
  ['lot.search', {}, { brave__search: { isReachable: false }, duck__find: { isReachable: false } }, 'kagi__query', 'only'],
  ['own.search', { principal: 'ann' }, {}, 'brave__search', 'sticky'],
  ['own.search', { principal: 'bob' }, {}, 'brave__search', 'sticky'],
  ['own.search', { principal: 'bob', arguments: { query: 'other' } }, {}, 'brave__search', 'sticky'],
  ['own.search', { principal: 'eve' }, {}, 'exa__deep', 'sticky'],
];

describe('three times in a row', () => {
  test('there are forty cases', () => expect(CASES).toHaveLength(40));

  test.each(CASES)('%s %j %j → %s, %s', (...[group, asking, changes, member, reason]) => {
    for (let time = 0; time < 3; time++) {
      const { order, reason: told } = route(group, asking, changes);
      expect([order[0]?.member.tool, told]).toEqual([member, reason]);
    }
  });
});

test('a draw by weights is by weight, and a member of weight 0 only stands in', () => {
  const drawn = Array.from({ length: 4_000 }, (_, query) => route('lot.search', { arguments: { query } }, {}).order[0]?.member.tool);
  const share = drawn.filter((name) => name === 'brave__search').length / drawn.length;
  expect(share).toBeGreaterThan(0.72);
  expect(share).toBeLessThan(0.78);
  expect(drawn).not.toContain('kagi__query');
});

test('when a sticky member goes, only its own callers move', () => {
  const callers = Array.from({ length: 300 }, (_, number) => `caller-${number}`);
  for (const principal of callers) {
    const before = route('own.search', { principal }, {}).order[0]?.member.tool;
    const after = route('own.search', { principal }, { exa__deep: { isReachable: false } }).order[0]?.member.tool;
    if (before !== 'exa__deep') expect(after).toBe(before);
  }
});

test('what a principal may not see is in no explanation', () => {
  const { considered } = route('web.search', {}, { kagi__query: { isVisible: false, isAllowed: false } });
  expect(considered.map(({ tool: name }) => name)).toEqual(['brave__search', 'duck__find']);
});

const planes: Plane[] = [];
afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.stop();
});

const searcher = (name: string, param: string, deed?: Script): Script => {
  const definition = tool(name, { description: `Search the web with ${name}`, inputSchema: { type: 'object', properties: { [param]: { type: 'string' } }, required: [param], additionalProperties: false } });
  return (sent, link) => {
    if (sent.method === 'tools/list') link.answer(sent.id, { resultType: 'complete', tools: [definition] });
    else if (sent.method !== 'tools/call') modernScript()(sent, link);
    else if (deed !== undefined) deed(sent, link);
    else link.answer(sent.id, { resultType: 'complete', content: [{ type: 'text', text: JSON.stringify(sent.params) }] });
  };
};

async function start(members: JsonObject, options: Partial<PlaneOptions> = {}): Promise<Plane> {
  const plane = await startPlane({
    servers: { brave: searcher('search', 'query'), kagi: searcher('ask', 'q') },
    namespace: { groups: { 'web.search': { description: 'Search the web', inputSchema: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] }, ...members } } },
    ...options,
  });
  planes.push(plane);
  return plane;
}

const MEMBERS = [{ tool: 'kagi__ask', arguments: { query: 'q' } }, { tool: 'brave__search', priority: 1 }];
const callGroup = ({ url }: Plane, more: JsonObject = {}) => new ModernClient(url, { elicitation: {} }).request({ method: 'tools/call', params: { name: 'web.search', arguments: { query: 'tides' }, ...more } });
const resultOf = (response: JsonObject | undefined): JsonObject => (isObject(response?.['result']) ? response['result'] : {});
const textOf = (response: JsonObject | undefined): string => String((resultOf(response)['content'] as { text?: string }[] | undefined)?.[0]?.text);

test('a call of a group is the call of its member, with the arguments that one has', async () => {
  const plane = await start({ members: MEMBERS });
  expect(JSON.parse(textOf((await callGroup(plane)).response))).toMatchObject({ name: 'ask', arguments: { q: 'tides' } });
  expect(plane.records).toMatchObject([{ server: 'kagi', primitive: 'ask', outcome: 'ok' }]);
});

test('a dry run explains and calls nothing', async () => {
  const plane = await start({ members: MEMBERS });
  const { response } = await callGroup(plane, { _meta: { 'metamcp/dryRun': true } });
  expect(response).toBeDefined();
  const asked = new ModernClient(plane.url, {});
  const explained = await asked.request({ method: 'tools/call', params: { name: 'web.search', arguments: { query: 'tides' } }, meta: { 'metamcp/dryRun': true } });
  expect(resultOf(explained.response)['structuredContent']).toMatchObject({ member: 'kagi__ask', reason: 'priority', order: ['kagi__ask', 'brave__search'], arguments: { q: 'tides' } });
  expect(plane.links('brave').flatMap(({ sent }) => sent.filter(({ method }) => method === 'tools/call'))).toEqual([]);
});

test.each([
  [true, 'ok'],
  [false, 'upstream.timeout'],
])('a member that fails is followed by the next where a second call does no harm: %s', async (idempotent, outcome) => {
  const silent = searcher('ask', 'q', () => undefined);
  const plane = await start(
    { members: MEMBERS.map((member) => ({ ...member, idempotent })) },
    { servers: { brave: searcher('search', 'query'), kagi: silent }, serverConfig: { kagi: { callTimeoutMs: 50 } } },
  );
  await callGroup(plane);
  expect(plane.records.at(-1)).toMatchObject({ server: idempotent ? 'brave' : 'kagi', outcome });
  expect(plane.records).toHaveLength(idempotent ? 2 : 1);
});

test('an answer that a tool failed is its answer: no other member is tried', async () => {
  const failing = searcher('ask', 'q', (sent, link) => link.answer(sent.id, { resultType: 'complete', isError: true, content: [] }));
  const plane = await start({ members: MEMBERS.map((member) => ({ ...member, idempotent: true })) }, { servers: { brave: searcher('search', 'query'), kagi: failing } });
  await callGroup(plane);
  expect(plane.records).toMatchObject([{ server: 'kagi', outcome: 'tool_error' }]);
});

test('policy of the member holds, and hides what is denied from the list of the group', async () => {
  const plane = await start(
    { members: MEMBERS, description: '', inputSchema: undefined },
    { policies: { no: { rules: [{ effect: 'deny', what: { servers: ['kagi'] } }] } }, namespace: { policies: ['no'], groups: { 'web.search': { members: MEMBERS } } } },
  );
  const list = await new ModernClient(plane.url, {}).request({ method: 'tools/list' });
  expect(list.text).toContain('"web.search"');
  expect(list.text).not.toContain('ask');
  expect(JSON.parse(textOf((await callGroup(plane)).response))).toMatchObject({ name: 'search', arguments: { query: 'tides' } });
});

test('a search shows a group as one row with its members beside it', async () => {
  const plane = await start({ members: MEMBERS }, { endpoint: { discovery: 'search' } });
  const client = new ModernClient(plane.url, {});
  const found = await client.request({ method: 'tools/call', params: { name: 'search_tools', arguments: { queries: ['search the web'] } } });
  expect(textOf(found.response)).toMatch(/:\nweb\.search\(query\) Search the web alts: brave__search, kagi__ask$/);
  const called = await client.request({ method: 'tools/call', params: { name: 'call_tool', arguments: { name: 'web.search', arguments: { query: 'tides' } } } });
  expect(JSON.parse(textOf(called.response))).toMatchObject({ name: 'ask', arguments: { q: 'tides' } });
});
