/** What finding tools costs and finds through MCP, on catalogues of two sizes made of invented tools. */
import { afterAll, expect, test } from 'vitest';
import { isObject, type JsonObject } from '../../src/protocol/messages.ts';
import { quantile } from '../../src/search/evaluate.ts';
import { estimateTokens } from '../../src/search/token-estimate.ts';
import { ModernClient } from '../bridge/modern-client.ts';
import { legacyScript, type Script, tool } from '../support/fake-link.ts';
import { type Plane, startPlane } from '../support/start-plane.ts';
import { SAMPLE_NEEDS, UNANSWERABLE } from './sample-needs.ts';
import { SAMPLE_SERVERS, SAMPLE_TOOLS } from './sample-servers.ts';

const ACTIONS = ['create', 'delete', 'list', 'update', 'search', 'export', 'archive', 'share', 'translate', 'compare', 'count', 'approve'];
const OBJECTS =
  'invoice ticket photo recipe route contract playlist meeting backup customer flight lesson shipment patient garden vote sensor article loan puppy bridge poem concert tax ' +
  'passport vineyard aquarium telescope parcel glossary thesis orchard ferry furnace lantern saddle violin compass quarry harvest tunnel mosaic pension auction';
const QUALITIES = ['', 'draft', 'shared', 'overdue', 'public', 'annual'];

/** Servers of a dozen tools each, in an order that repeats in the same way whatever the size. */
function catalogue(size: number): ReadonlyMap<string, readonly JsonObject[]> {
  const servers = new Map<string, JsonObject[]>();
  const kinds = QUALITIES.flatMap((quality) => OBJECTS.split(' ').map((object) => [quality, object] as const));
  const all = kinds.flatMap(([quality, object]) => ACTIONS.map((action) => ({ quality, object, action }))).slice(0, size);
  for (const { quality, object, action } of all) {
    const server = `${quality === '' ? 'own' : quality}-${object}s`;
    const thing = `${quality} ${object}`.trim();
    const properties = { id: { type: 'string', description: `Number of the ${thing}` }, note: { type: 'string' }, limit: { type: 'integer', description: 'At most so many' }, isQuiet: { type: 'boolean' } };
    const made = tool(`${action}_${thing.replace(' ', '_')}`, {
      description: `Use this to ${action} one ${thing} or many of them. Only what belongs to the account of the user counts, and what was changed is told to everybody who follows it.`,
      inputSchema: { type: 'object', properties, required: ['id'] },
      annotations: { readOnlyHint: action === 'list' || action === 'search' },
    });
    servers.set(server, [...(servers.get(server) ?? []), made]);
  }
  return servers;
}

const planes = new Map<number, Promise<Plane>>();
afterAll(async () => {
  for (const plane of planes.values()) await (await plane).stop();
});

function start(size: number): Promise<Plane> {
  const before = planes.get(size);
  if (before !== undefined) return before;
  const invented = [...catalogue(size - SAMPLE_TOOLS.length)].map(([name, tools]): [string, Script] => [name, legacyScript(undefined, () => tools)]);
  const described = SAMPLE_SERVERS.map(({ name, tools }): [string, Script] => [name, legacyScript(undefined, () => tools.map(({ own, definition }) => ({ ...definition, name: own })))]);
  const serverConfig = Object.fromEntries(SAMPLE_SERVERS.map(({ name, description }) => [name, { description }]));
  const plane = startPlane({ servers: Object.fromEntries([...invented, ...described]), serverConfig, endpoint: { discovery: 'search' } });
  planes.set(size, plane);
  return plane;
}

const resultOf = (response: JsonObject | undefined): JsonObject => (isObject(response?.['result']) ? response['result'] : {});
const textOf = (response: JsonObject | undefined): string => String((resultOf(response)['content'] as { text?: string }[] | undefined)?.[0]?.text);
const clientOf = ({ url }: Plane): ModernClient => new ModernClient(url, {});
const search = async (client: ModernClient, query: string, limit = 5): Promise<string> =>
  textOf((await client.request({ method: 'tools/call', params: { name: 'search_tools', arguments: { queries: [query], limit } } })).response);

/** Of one query: what a model reads. */
const QUERIES = OBJECTS.split(' ').map((object, at) => `${ACTIONS[at % ACTIONS.length]} the ${object} of my colleague`);

test.each([257, 3_000])('in %i tools a reply of five rows costs 180 tokens at the median and 300 at the ninth tenth, the tools of ours 350 together', async (size) => {
  const client = clientOf(await start(size));
  const list = resultOf((await client.request({ method: 'tools/list' })).response)['tools'];
  expect(estimateTokens(JSON.stringify(list))).toBeLessThanOrEqual(350);
  const replies: string[] = [];
  for (const query of QUERIES) replies.push(await search(client, query));
  const rows = replies.map((text) => text.split('\n').filter((line) => /^\S+__\S+\(/.test(line)).length);
  expect(rows.filter((count) => count === 5).length).toBe(QUERIES.length);
  const tokens = replies.map(estimateTokens);
  expect(quantile(tokens, 0.5)).toBeLessThanOrEqual(180);
  expect(quantile(tokens, 0.9)).toBeLessThanOrEqual(300);
});

test('each of 257 tools is the first answer to its own name, and to its name with its server', async () => {
  const client = clientOf(await start(257));
  for (const [server, tools] of catalogue(257 - SAMPLE_TOOLS.length)) {
    for (const { name } of tools) {
      for (const query of [`${server}__${String(name)}`, `${server} ${String(name)}`, String(name)]) expect(await search(client, query, 1)).toMatch(new RegExp(`^exact:\\n${server}__${String(name)}\\(`));
    }
  }
});

test('a need is met in the first five of 257 and of 3,000 tools', async () => {
  for (const size of [257, 3_000]) {
    const client = clientOf(await start(size));
    for (const object of OBJECTS.split(' ').slice(0, 19)) expect(await search(client, `archive my ${object}`)).toContain(`own-${object}s__archive_${object}(`);
  }
});

/** The names of the rows and of what stands beside them, and how sure the first is. */
async function found(client: ModernClient, query: string): Promise<{ readonly names: readonly string[]; readonly band: string | undefined }> {
  const { response } = await client.request({ method: 'tools/call', params: { name: 'search_tools', arguments: { queries: [query] } } });
  const structured = resultOf(response)['structuredContent'] as Readonly<Record<string, { id: string; alts?: string[] }[]>>;
  const bands = ['exact', 'strong', 'weak'].filter((band) => structured[band] !== undefined);
  return { names: bands.flatMap((band) => structured[band] ?? []).flatMap(({ id, alts = [] }) => [id, ...alts]), band: bands[0] };
}

test.each([
  [257, 0.95],
  [3_000, 0.89],
])('in %i tools, %f of what people ask for in their own words is in the first five rows', async (size, share) => {
  const client = clientOf(await start(size));
  const missed: string[] = [];
  for (const [query, tools] of SAMPLE_NEEDS) {
    const { names } = await found(client, query);
    if (!tools.some((name) => names.includes(name))) missed.push(`${query}: ${names.join(', ')}`);
  }
  expect({ missed, isEnough: 1 - missed.length / SAMPLE_NEEDS.length >= share }).toMatchObject({ isEnough: true });
});

test.each([257, 3_000])('in %i tools, at most 21 of 60 queries that nothing there answers are answered as if something did', async (size) => {
  const client = clientOf(await start(size));
  const sure: string[] = [];
  for (const query of UNANSWERABLE) if ((await found(client, query)).band !== 'weak') sure.push(query);
  expect(UNANSWERABLE).toHaveLength(60);
  expect({ sure, count: sure.length <= 21 }).toMatchObject({ count: true });
});
