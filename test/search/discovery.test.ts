/** Discovery modes over MCP: what is listed, and that a call through a tool of ours is in everything the call of the real one. */
import { afterEach, expect, test } from 'vitest';
import { isObject, type JsonObject, type Revision } from '../../src/protocol/messages.ts';
import { LegacyClient } from '../bridge/legacy-client.ts';
import { ModernClient } from '../bridge/modern-client.ts';
import { legacyScript, modernScript, type Script, tool } from '../support/fake-link.ts';
import { type Plane, type PlaneOptions, startPlane } from '../support/start-plane.ts';
import { SAMPLE_SERVERS } from './sample-servers.ts';

const planes: Plane[] = [];
afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.stop();
});

const ownTools = (server: string): JsonObject[] => (SAMPLE_SERVERS.find(({ name }) => name === server)?.tools ?? []).map(({ own, definition }) => ({ ...definition, name: own }));

const doing: Script = (sent, link) => {
  const { progressToken } = isObject(sent.params['_meta']) ? sent.params['_meta'] : {};
  if (progressToken !== undefined) link.say({ method: 'notifications/progress', params: { progressToken, progress: 1 } }, Number(sent.id));
  if (sent.params['name'] === 'accept_merge_request' && sent.params['inputResponses'] === undefined) {
    link.answer(sent.id, { resultType: 'input_required', inputRequests: { sure: { method: 'elicitation/create', params: { message: 'sure?', requestedSchema: { type: 'object', properties: {} } } } }, requestState: 'theirs' });
    return;
  }
  link.answer(sent.id, { resultType: 'complete', content: [{ type: 'text', text: JSON.stringify({ name: sent.params['name'], arguments: sent.params['arguments'], state: sent.params['requestState'] }) }] });
};

const listing =
  (tools: () => readonly JsonObject[]): Script =>
  (sent, link) =>
    sent.method === 'tools/list' ? link.answer(sent.id, { resultType: 'complete', tools: tools() }) : modernScript(doing)(sent, link);

async function start(options: Partial<PlaneOptions> = {}): Promise<Plane> {
  const plane = await startPlane({
    servers: { github: legacyScript(doing, () => ownTools('github')), gitlab: listing(() => ownTools('gitlab')), files: legacyScript(doing, () => ownTools('files')) },
    endpoint: { discovery: 'search' },
    ...options,
  });
  planes.push(plane);
  return plane;
}

const modern = ({ url }: Plane, capabilities: JsonObject = { elicitation: {} }): ModernClient => new ModernClient(url, capabilities);
const legacy = ({ url }: Plane, revision: Revision): Promise<LegacyClient> => LegacyClient.open(url, revision, { capabilities: { elicitation: {} }, answerServer: () => ({ action: 'accept', content: {} }) });
const resultOf = (response: JsonObject | undefined): JsonObject => (isObject(response?.['result']) ? response['result'] : {});
const textOf = (response: JsonObject | undefined): string => String((resultOf(response)['content'] as { text?: string }[] | undefined)?.[0]?.text);
const namesOf = (response: JsonObject | undefined): string[] => (resultOf(response)['tools'] as { name: string }[]).map(({ name }) => name);
const META = ['search_tools', 'describe_tools', 'call_read_tool', 'call_tool'];

test.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const)('a client of %s finds a tool and calls it', async (revision) => {
  const plane = await start();
  const client = await legacy(plane, revision);
  expect(namesOf((await client.request('tools/list')).response)).toEqual(META);
  const found = (await client.request('tools/call', { name: 'search_tools', arguments: { queries: ['open an issue in a repository'] } })).response;
  expect(textOf(found)).toMatch(/^strong:\ngithub__create_issue\(owner, repo, title, body\?\)/);
  expect('structuredContent' in resultOf(found)).toBe(revision >= '2025-06-18');
  const called = (await client.request('tools/call', { name: 'call_tool', arguments: { name: 'github__create_issue', arguments: { owner: 'a', repo: 'b', title: 'c' } } })).response;
  expect(JSON.parse(textOf(called))).toEqual({ name: 'create_issue', arguments: { owner: 'a', repo: 'b', title: 'c' } });
  await client.close();
});

test('a modern client hears the progress of the real call and is asked what the real tool asks', async () => {
  const plane = await start();
  const client = modern(plane);
  expect(namesOf((await client.request({ method: 'tools/list' })).response)).toEqual(META);
  const params = { name: 'call_tool', arguments: { name: 'gitlab__accept_merge_request', arguments: { project: 'p', number: '1' } } };
  const first = await client.request({ method: 'tools/call', params, meta: { progressToken: 'mine' } });
  expect(first.notices).toMatchObject([{ method: 'notifications/progress', params: { progressToken: 'mine', progress: 1 } }]);
  const { inputRequests, requestState } = resultOf(first.response);
  expect(inputRequests).toMatchObject({ sure: { method: 'elicitation/create' } });
  const second = await client.request({ method: 'tools/call', params: { ...params, requestState, inputResponses: { sure: { action: 'accept', content: {} } } } });
  expect(JSON.parse(textOf(second.response))).toEqual({ name: 'accept_merge_request', arguments: { project: 'p', number: '1' }, state: 'theirs' });
});

test('a legacy session is asked over its own stream by the tool behind call_tool', async () => {
  const client = await legacy(await start(), '2025-11-25');
  const called = await client.request('tools/call', { name: 'call_tool', arguments: { name: 'gitlab__accept_merge_request', arguments: { project: 'p', number: '1' } } });
  expect(client.asked).toMatchObject([{ method: 'elicitation/create' }]);
  expect(textOf(called.response)).toContain('accept_merge_request');
  await client.close();
});

test('records name the real tool, and the tool of ours where no other was called', async () => {
  const plane = await start();
  const client = modern(plane);
  await client.request({ method: 'tools/call', params: { name: 'search_tools', arguments: { queries: ['issue'] } } });
  await client.request({ method: 'tools/call', params: { name: 'call_tool', arguments: { name: 'github__create_issue', arguments: { owner: 'a', repo: 'b', title: 'c' } } } });
  expect(plane.records.map(({ server, primitive, outcome }) => [server, primitive, outcome])).toEqual([
    [undefined, 'search_tools', 'ok'],
    ['github', 'create_issue', 'ok'],
  ]);
});

test('invalid arguments are answered with the schema and nothing is called', async () => {
  const plane = await start();
  const { response } = await modern(plane).request({ method: 'tools/call', params: { name: 'call_tool', arguments: { name: 'github__create_issue', arguments: { owner: 'a' } } } });
  expect(resultOf(response)['isError']).toBe(true);
  expect(textOf(response)).toMatch(/Not called.*Schema of github__create_issue: \{/s);
  expect(plane.links('github').flatMap(({ sent }) => sent.filter(({ method }) => method === 'tools/call'))).toEqual([]);
});

test('middleware and argument rules of the real tool hold behind call_tool', async () => {
  const plane = await start({ namespace: { tools: { 'github__list_issues': { arguments: { fixed: { owner: 'us' } } } } } });
  const { response } = await modern(plane).request({ method: 'tools/call', params: { name: 'call_tool', arguments: { name: 'github__list_issues', arguments: { repo: 'r' } } } });
  expect(JSON.parse(textOf(response))).toMatchObject({ arguments: { owner: 'us', repo: 'r' } });
});

test('what policy denies is neither found nor called', async () => {
  const plane = await start({ policies: { readers: { rules: [{ effect: 'deny', what: { servers: ['github'], names: ['create_issue'] } }] } }, namespace: { policies: ['readers'] } });
  const client = modern(plane);
  const found = await client.request({ method: 'tools/call', params: { name: 'search_tools', arguments: { queries: ['create_issue', 'open an issue in a repository'], limit: 20 } } });
  expect(found.text).not.toContain('github__create_issue');
  const called = await client.request({ method: 'tools/call', params: { name: 'call_tool', arguments: { name: 'github__create_issue', arguments: { owner: 'a', repo: 'b', title: 'c' } } } });
  expect(textOf(called.response)).toMatch(/^Unknown tool "github__create_issue"\./);
});

test('call_read_tool believes a tool only where the configuration believes its server or says so itself', async () => {
  const trusting = await start({ serverConfig: { github: { trustAnnotations: true } }, namespace: { tools: { files__read_file: { annotations: { readOnlyHint: true } } } } });
  const call = async (name: string, args: JsonObject): Promise<string> =>
    textOf((await modern(trusting).request({ method: 'tools/call', params: { name: 'call_read_tool', arguments: { name, arguments: args } } })).response);
  expect(await call('github__list_issues', { owner: 'a', repo: 'b' })).toContain('list_issues');
  expect(await call('files__read_file', { path: 'a' })).toContain('read_file');
  expect(await call('files__search_files', { path: 'a', pattern: 'b' })).toContain('use call_tool');
  expect(await call('github__merge_pull_request', { owner: 'a', repo: 'b', number: '1' })).toContain('use call_tool');
});

test('a tool whose name no client could use is found, described and called under a name that every client can', async () => {
  const odd = [tool('Get Weather', { description: 'Forecast for a place' }), tool('get_weather'), tool('天气', { description: 'Forecast in Chinese' })];
  const plane = await start({ servers: { old: legacyScript(doing, () => odd), new: listing(() => odd) }, endpoint: {} });
  const client = modern(plane);
  const names = namesOf((await client.request({ method: 'tools/list' })).response);
  expect(names).toEqual(['old__Get_Weather', 'old__get_weather', 'old__4d947325', 'new__Get_Weather', 'new__get_weather', 'new__4d947325']);
  for (const server of ['old', 'new']) {
    const called = await client.request({ method: 'tools/call', params: { name: `${server}__Get_Weather`, arguments: {} } });
    expect(JSON.parse(textOf(called.response))).toMatchObject({ name: 'Get Weather' });
  }
  const searched = await start({ servers: { old: legacyScript(doing, () => odd) } });
  for (const query of ['Get Weather', 'old__Get_Weather', '天气', 'old__4d947325']) {
    const found = await modern(searched).request({ method: 'tools/call', params: { name: 'search_tools', arguments: { queries: [query], limit: 1 } } });
    expect(textOf(found.response)).toMatch(query.includes('eather') ? /^exact:\nold__Get_Weather\(/ : /^exact:\nold__4d947325\(/);
  }
});

test('what a list read again says as before is the same object, so nothing is made of it anew', async () => {
  const tools = [tool('stays'), tool('changes')];
  const plane = await start({ servers: { files: legacyScript(doing, () => tools) } });
  const before = plane.upstreams.lists('files')?.tools ?? [];
  tools.splice(0, 2, tool('changes', { description: 'now otherwise' }), tool('stays'));
  plane.links('files').at(-1)?.say({ method: 'notifications/tools/list_changed' });
  await expect.poll(() => plane.upstreams.lists('files')?.tools[0]?.['description'], { timeout: 10_000 }).toBe('now otherwise');
  expect(plane.upstreams.lists('files')?.tools[1]).toBe(before[0]);
});

const LONG = Array.from({ length: 5_000 }, (_, line) => `line ${line}`).join('\n');
const reading: Script = (sent, link) => link.answer(sent.id, { resultType: 'complete', content: [{ type: 'text', text: LONG }] });
const BOOKS = [tool('book', { annotations: { readOnlyHint: true } })];
const books: Script = legacyScript(reading, () => BOOKS);
const callThrough = async (plane: Plane, name: string, through = 'call_tool'): Promise<string> => textOf((await modern(plane).request({ method: 'tools/call', params: { name: through, arguments: { name, arguments: {} } } })).response);

test('a long result is cut to what the endpoint allows, and its rest is read with call_read_tool or as a resource', async () => {
  const plane = await start({ servers: { books }, endpoint: { discovery: { mode: 'search', resultTokens: 1_000 } } });
  const [, head = '', uri = ''] = /^([^[]*)\n\[cut: \d+ of \d+ bytes left out; call_read_tool with the name (metamcp:\S+), or reading that resource, gives it for 10 minutes\]$/.exec(await callThrough(plane, 'books__book')) ?? [];
  expect(Buffer.byteLength(head)).toBeLessThanOrEqual(4_000);
  expect(Buffer.byteLength(head)).toBeGreaterThan(3_900);
  let whole = head;
  for (let next: string | undefined = uri; next !== undefined; ) {
    const page = await callThrough(plane, next, 'call_read_tool');
    const [mark = '', more] = /\n\[more: read the resource (\S+)\]$/.exec(page) ?? [];
    whole += page.slice(0, page.length - mark.length);
    next = more;
  }
  expect(whole).toBe(LONG);
  const read = resultOf((await modern(plane).request({ method: 'resources/read', params: { uri } })).response)['contents'] as { text: string }[];
  expect(LONG.slice(head.length).startsWith(read[0]?.text.split('\n[more')[0] ?? '?')).toBe(true);
  expect((await modern(plane).request({ method: 'tools/call', params: { name: 'call_read_tool', arguments: { name: 'metamcp://continuation/nobodys' } } })).response).toMatchObject({ error: { code: -32602 } });
});

test('results have a budget of 2,000 tokens unless the endpoint says otherwise, none where a tool is called by its own name', async () => {
  const plane = await start({ servers: { books } });
  expect(Buffer.byteLength((await callThrough(plane, 'books__book')).split('\n[cut')[0] ?? '')).toBeLessThanOrEqual(8_000);
  expect(textOf((await modern(plane).request({ method: 'tools/call', params: { name: 'books__book', arguments: {} } })).response)).toBe(LONG);
  expect(await callThrough(await start({ servers: { books }, endpoint: { discovery: { mode: 'search', resultTokens: 0 } } }), 'books__book')).toBe(LONG);
});

test('auto lists everything while it is cheap, and searches when it is not', async () => {
  const cheap = await start({ endpoint: { discovery: 'auto' } });
  expect(namesOf((await modern(cheap).request({ method: 'tools/list' })).response)).toContain('github__create_issue');
  const dear = await start({ endpoint: { discovery: { mode: 'auto', budgetTokens: 100, pins: ['files__read_file'] } } });
  expect(namesOf((await modern(dear).request({ method: 'tools/list' })).response)).toEqual([...META, 'files__read_file']);
});

test('hidden tools stay callable by their name', async () => {
  const { response } = await modern(await start()).request({ method: 'tools/call', params: { name: 'files__read_file', arguments: { path: 'a' } } });
  expect(JSON.parse(textOf(response))).toMatchObject({ name: 'read_file' });
});

test('keywords of an override find a tool by words that it does not have', async () => {
  const plane = await start({ namespace: { tools: { files__search_files: { keywords: ['zugferd'] } } } });
  const { response } = await modern(plane).request({ method: 'tools/call', params: { name: 'search_tools', arguments: { queries: ['zugferd'] } } });
  expect(textOf(response)).toContain('files__search_files');
});

test('a changed list is searched in soon, is indexed once for many changes, and announces nothing where the list stays', async () => {
  let tools = ownTools('github');
  const plane = await start({ servers: { github: legacyScript(doing, () => tools) } });
  const client = await legacy(plane, '2025-11-25');
  const search = async (): Promise<string> => textOf((await client.request('tools/call', { name: 'search_tools', arguments: { queries: ['brew coffee'] } })).response);
  expect(await search()).not.toContain('brew_coffee');
  for (let change = 0; change < 20; change++) {
    tools = [...ownTools('github'), tool('brew_coffee', { description: `Brew coffee number ${change}` })];
    await plane.upstreams.resync('github');
  }
  await expect.poll(search, { timeout: 5_000 }).toContain('Brew coffee number 19');
  expect(plane.dataPlane.counts().indexBuilds).toBeLessThan(12);
  expect(client.notices.filter(({ method }) => method === 'notifications/tools/list_changed')).toEqual([]);
  await client.close();
});

test('an endpoint with a rule lists, finds and calls only what fits it', async () => {
  const tagged = await start({ endpoint: { tools: { tags: ['code'] } }, serverConfig: { github: { tags: ['code'] } }, namespace: { tools: { files__read_file: { tags: ['code'] } } } });
  const client = modern(tagged);
  expect(namesOf((await client.request({ method: 'tools/list' })).response).toSorted()).toEqual(['files__read_file', 'github__create_issue', 'github__list_issues', 'github__merge_pull_request', 'github__search_code']);
  const outside = await client.request({ method: 'tools/call', params: { name: 'gitlab__create_issue', arguments: { project: 'p', title: 't' } } });
  expect(outside.response).toMatchObject({ error: { code: -32602 } });
  const asked = await start({ endpoint: { tools: { query: 'open an issue', max: 2 }, discovery: 'search' } });
  const found = await modern(asked).request({ method: 'tools/call', params: { name: 'search_tools', arguments: { queries: ['read a file', 'open an issue'], limit: 20 } } });
  expect(found.text).not.toContain('files__');
  expect(found.text).toContain('github__create_issue');
});
