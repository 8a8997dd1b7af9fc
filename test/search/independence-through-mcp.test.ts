/** What a client may not read from answers, asked over MCP: who connected first, and what policy hides from it. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { isObject, type JsonObject } from '../../src/protocol/messages.ts';
import { ModernClient } from '../bridge/modern-client.ts';
import { legacyScript, type Script } from '../support/fake-link.ts';
import { type Plane, type PlaneOptions, startPlane } from '../support/start-plane.ts';
import { SAMPLE_QUERIES, SAMPLE_SERVERS, SAMPLE_TOOLS } from './sample-servers.ts';

const SHUFFLES = 20;
const POLICIES = 200;
const SEED = 8;
const QUERIES = SAMPLE_QUERIES.filter((query) => query !== '');
/** In one request: as many as it may hold, so wide that every tool answers one of them. */
const WIDE = ['create open run find', 'read list get describe', 'file text image table', 'issue repository merge code', 'message mail event people', 'weather region city place', 'address route price stock', '搜索 bing search usage'];

let planes: Plane[] = [];
afterEach(async () => {
  await Promise.all(planes.map((plane) => plane.stop()));
  planes = [];
});

type Server = (typeof SAMPLE_SERVERS)[number];

async function start(servers: readonly Server[], options: Partial<PlaneOptions> = {}): Promise<Plane> {
  const scripts = servers.map(({ name, tools }): [string, Script] => [name, legacyScript(undefined, () => tools.map(({ own, definition }) => ({ ...definition, name: own })))]);
  const plane = await startPlane({ servers: Object.fromEntries(scripts), serverConfig: Object.fromEntries(servers.map(({ name, description }) => [name, { description }])), endpoint: { discovery: 'search' }, ...options });
  planes.push(plane);
  return plane;
}

const ask = (client: ModernClient, name: string, given: JsonObject) => client.request({ method: 'tools/call', params: { name, arguments: given } });

test(`${SHUFFLES} orders of servers give the same bytes`, async () => {
  const orders = fc.sample(fc.shuffledSubarray([...SAMPLE_SERVERS], { minLength: SAMPLE_SERVERS.length }), { numRuns: SHUFFLES, seed: SEED });
  let expected: readonly string[] | undefined;
  for (const servers of orders) {
    const client = new ModernClient((await start(servers)).url, {});
    const told = [(await client.request({ method: 'tools/list' })).text];
    for (const query of QUERIES) for (const detail of ['name', 'brief', 'full']) told.push((await ask(client, 'search_tools', { queries: [query], limit: 20, detail })).text);
    told.push((await ask(client, 'search_tools', { queries: QUERIES.slice(0, 8) })).text);
    told.push((await ask(client, 'describe_tools', { names: ['files__read_file', 'disk__read_file', 'read_file'] })).text);
    expected ??= told;
    expect(told).toEqual(expected);
  }
});

interface Denial {
  readonly servers: readonly string[];
  /** Own names; `*` stands for anything. */
  readonly names: readonly string[];
}

const denials = fc.array(
  fc.record({
    servers: fc.subarray(SAMPLE_SERVERS.map(({ name }) => name)),
    names: fc.subarray(['*', 'read_*', '*_issue', 'create_*', '*_message', 'get*', 'search_*', 'run_query', 'disk_usage', 'list_inbox', '*image', 'bing_search']),
  }),
  { maxLength: 4 },
);

/** The same by other means than the gateway's. */
function isDenied(server: string, own: string, rules: readonly Denial[]): boolean {
  const fits = (glob: string): boolean => (glob.startsWith('*') ? own.endsWith(glob.slice(1)) : glob.endsWith('*') ? own.startsWith(glob.slice(0, -1)) : own === glob);
  return rules.some(({ servers, names }) => servers.includes(server) && names.some(fits));
}

test(`${POLICIES} policies: neither name nor server nor number of what is forbidden is in any answer`, async () => {
  const policies = fc.sample(denials, { numRuns: POLICIES, seed: SEED }).map((rules) => rules.filter(({ servers, names }) => servers.length > 0 && names.length > 0));
  const keyOf = (at: number): string => `sk_mt_${createHash('sha256').update(`key ${at}`).digest('hex')}`;
  const plane = await start(SAMPLE_SERVERS, {
    keys: Object.fromEntries(policies.map((_, at) => [`k${at}`, { value: keyOf(at) }])),
    policies: { all: { rules: policies.flatMap((rules, at) => rules.map((what) => ({ effect: 'deny', who: { keys: [`k${at}`] }, what }))) } },
    namespace: { policies: ['all'] },
  });
  const tools = SAMPLE_SERVERS.flatMap(({ name, tools: own }) => own.map((each) => ({ server: name, ...each })));
  let forbiddenCount = 0;
  for (const [at, rules] of policies.entries()) {
    const forbidden = tools.filter(({ server, own }) => isDenied(server, own, rules));
    const allowed = tools.filter((each) => !forbidden.includes(each));
    const servers = [...new Set(allowed.map(({ server }) => server))].toSorted();
    forbiddenCount += forbidden.length;
    const client = new ModernClient(plane.url, {}, { 'x-api-key': keyOf(at) });

    const list = await client.request({ method: 'tools/list' });
    expect(/ Servers: ([^"]*)\./.exec(list.text)?.[1]).toBe(servers.length === 0 ? undefined : servers.join(', '));
    const found = await ask(client, 'search_tools', { queries: WIDE, limit: 20, detail: 'full' });
    const ids = new Set(rowsOf(found.response).flatMap(({ id, alts }) => [String(id), ...((alts ?? []) as string[])]));
    expect([...ids].toSorted()).toEqual(allowed.map(({ exposed }) => exposed).toSorted());
    for (const { exposed } of forbidden) expect(list.text + found.text).not.toContain(exposed);
    for (const { name } of SAMPLE_SERVERS) if (!servers.includes(name)) expect(found.text).not.toContain(`${name}__`);

    // Who names it is told what somebody is told who names what is nowhere.
    const [one] = forbidden;
    if (one === undefined) continue;
    for (const tool of ['describe_tools', 'call_tool', 'call_read_tool']) {
      const told = await ask(client, tool, { name: one.exposed, names: [one.exposed], arguments: {} });
      expect(told.text).toContain(`Unknown tool \\"${one.exposed}\\"`);
      for (const { exposed } of forbidden) expect(told.text.replaceAll(one.exposed, '')).not.toContain(exposed);
    }
    const direct = await ask(client, one.exposed, {});
    expect(direct.response?.['error']).toMatchObject({ message: `Unknown tool: ${one.exposed}` });
  }
  expect(forbiddenCount).toBeGreaterThan(POLICIES);
  expect(SAMPLE_TOOLS).toHaveLength(tools.length);
});

function rowsOf(response: JsonObject | undefined): readonly JsonObject[] {
  const result = response?.['result'];
  const structured = isObject(result) && isObject(result['structuredContent']) ? result['structuredContent'] : {};
  return ['exact', 'strong', 'weak'].flatMap((band) => (structured[band] ?? []) as JsonObject[]);
}
