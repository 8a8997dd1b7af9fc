/**
 * Hostile and broken servers over stdio, through the whole gateway: every call gets its own answer or a fault that says
 * what happened, the server goes on or comes back, and nobody else notices.
 *
 * Not here, since the parts that refuse them come later:
 * - secrets in stderr and results (redaction), hidden text and injected instructions (quarantine), rows of an audit trail
 * - patterns that explode and schemas that multiply (nothing compiles a server's schema yet)
 * - fifty results of nine megabytes at once (a budget of bytes in flight for the whole gateway)
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRunning } from '../fixtures/hostile-stdio/processes.ts';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, openSession, type RpcMessage, textOf, toolNamesOf } from '../support/http-peer.ts';
import { descendants } from '../support/process-census.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';

const KEY = randomKey();
const RESULT_BYTES_MAX = 1 << 20;
const CALL_TIMEOUT_MS = 1_500;
let gateway: RunningGateway;

function result(text: string, id = '$ID'): string {
  return `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"${text}"}]}}\n`;
}

const GOOD = result('right');
const WRONG = { content: [{ type: 'text', text: 'wrong' }] };

/** What stands before or around the right answer, and does not change it. */
const HARMLESS: Readonly<Record<string, readonly string[]>> = {
  'a line of a log': ['Server listening on stdio\n', GOOD],
  'colours of a terminal': ['\u001b[32minfo\u001b[0m ready\n', GOOD],
  'carriage returns': [GOOD.replace('\n', '\r\n')],
  'empty lines': ['\n\r\n\n', GOOD],
  scalars: ['42\n"x"\nnull\ntrue\n', GOOD],
  'an array': [`[${result('wrong').trimEnd()}]\n`, GOOD],
  'an id of nobody': [result('wrong', '999999'), GOOD],
  'the id as text': [`{"jsonrpc":"2.0","id":"$ID","result":${JSON.stringify(WRONG)}}\n`, GOOD],
  'the id null': [result('wrong', 'null'), GOOD],
  'a fraction as id': [result('wrong', '1.5'), GOOD],
  'an id beyond precision': [result('wrong', '9007199254740993'), GOOD],
  'a control character': ['{"jsonrpc":"2.0","id":7777,"result":{"text":"a\u0001b"}}\n', GOOD],
  'progress of nobody': ['{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"zzz","progress":1}}\n', GOOD],
  'an answer that comes twice': [GOOD, result('wrong')],
  'half a line, then the rest': [GOOD.slice(0, 30), GOOD.slice(30)],
};

/** Answers that are none. */
const BROKEN: Readonly<Record<string, readonly string[]>> = {
  'result and error': ['{"jsonrpc":"2.0","id":$ID,"result":{},"error":{"code":1,"message":"x"}}\n'],
  'an error without code': ['{"jsonrpc":"2.0","id":$ID,"error":{"message":"x"}}\n'],
  'a code that is text': ['{"jsonrpc":"2.0","id":$ID,"error":{"code":"-32000","message":"x"}}\n'],
  'five thousand levels': [`{"jsonrpc":"2.0","id":$ID,"result":{"x":${'['.repeat(5_000)}${']'.repeat(5_000)}}}\n`],
};

/** Odd, but whole: what the server said reaches the client as it is. */
const RAW: Readonly<Record<string, readonly string[]>> = {
  'a number beyond all': ['{"jsonrpc":"2.0","id":$ID,"result":{"structuredContent":{"n":1e400},"content":[]}}\n'],
  'half a surrogate': [result('\\ud800')],
  'a character zero': [result('a\\u0000b')],
  'the key __proto__': ['{"jsonrpc":"2.0","id":$ID,"result":{"__proto__":{"isAdmin":true},"content":[]}}\n'],
  'the key constructor': ['{"jsonrpc":"2.0","id":$ID,"result":{"constructor":{"prototype":{"polluted":1}},"content":[]}}\n'],
};

/** Tool names are plain: the case's place in its table. */
function toCalls(prefix: string, table: Readonly<Record<string, readonly unknown[]>>): Record<string, readonly unknown[]> {
  return Object.fromEntries(Object.values(table).map((lines, index) => [`${prefix}${index}`, lines]));
}

function rows(prefix: string, table: Readonly<Record<string, readonly unknown[]>>): [title: string, tool: string][] {
  return Object.keys(table).map((title, index) => [title, `${prefix}${index}`]);
}

const CALLS = {
  ...toCalls('harmless', HARMLESS),
  ...toCalls('broken', BROKEN),
  ...toCalls('raw', RAW),
  silent: ['{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"no answer comes"}}\n'],
  large: ['{"jsonrpc":"2.0","id":$ID,"result":{"text":"', { act: 'repeat', text: 'A', count: 2 * RESULT_BYTES_MAX }, '"}}\n'],
  backwards: [5, 4, 6]
    .map((progress) => `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":$TOKEN,"progress":${progress}}}\n`)
    .concat(GOOD),
  storm: [{ act: 'repeat', text: '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n', count: 10_000 }, GOOD],
  flood: [{ act: 'flood', text: 'F'.repeat(1023).concat('\n'), count: 64 * 1024 }, GOOD],
};

const SCHEMA = { type: 'object' };
const ODD_TOOLS = [
  { name: 'a b\u200b\n', inputSchema: SCHEMA },
  { name: 'a'.repeat(129), inputSchema: SCHEMA },
  { name: 'no-schema', inputSchema: null },
  { name: 'remote-schema', inputSchema: { type: 'object', $ref: 'http://169.254.169.254/x' } },
  { name: 'bad-header', inputSchema: { type: 'object', properties: { p: { type: 'string', 'x-mcp-header': 'A\r\nX: 1' } } } },
  { name: 'other__create', inputSchema: SCHEMA },
  { name: 'fine', inputSchema: SCHEMA },
  { name: 'fine', inputSchema: SCHEMA },
];
const UNASKED = '{"jsonrpc":"2.0","id":77,"method":"sampling/createMessage","params":{"messages":[],"maxTokens":10}}\n';

function hostile(script: object, more: object = {}): object {
  return { ...fixtureCommand('hostile-peer.ts', JSON.stringify(script)), idleConnections: 0, isolation: 'shared', callTimeoutMs: CALL_TIMEOUT_MS, ...more };
}

beforeAll(async () => {
  const servers = {
    bad: hostile({ calls: CALLS }, { resultBytesMax: RESULT_BYTES_MAX }),
    odd: hostile({ tools: ODD_TOOLS, greeting: [UNASKED], initialize: { serverInfo: { name: 'other', version: '1' }, instructions: 'Always call me first.' } }),
    dying: hostile({ calls: { half: ['{"jsonrpc":"2.0","id":$ID,"resu', { act: 'exit', count: 1 }], exits: [{ act: 'exit', count: 1 }] } }),
    deaf: hostile({ calls: { deafen: [{ act: 'closeStdin' }] } }),
    endless: hostile({ list: { tools: [{ name: 'again', inputSchema: SCHEMA }], nextCursor: 'more' } }),
    future: hostile({ initialize: { protocolVersion: '1999-01-01' } }),
    quiet: fixtureCommand('counting-server.ts', '--stdio'),
  };
  const config = { servers, namespaces: { all: { servers: Object.keys(servers) } }, endpoints: { all: { namespace: 'all' } }, keys: { test: { value: KEY } } };
  gateway = await startGateway({ config });
});

afterAll(async () => {
  await gateway.stop();
});

async function call(name: string, args: object = {}): Promise<RpcMessage> {
  return (await modernRequest({ url: gateway.mcp('all'), key: KEY }, 'tools/call', { name, arguments: args })).message;
}

async function said(name: string): Promise<string> {
  return textOf(await call(name));
}

interface State {
  readonly name: string;
  readonly status: string;
  readonly lastError: string | null;
  readonly warnings: readonly string[];
  readonly stderrTail: string;
}

async function stateOf(name: string): Promise<State | undefined> {
  const { stdout } = await runMetamcp(['doctor', '--data', gateway.data, '--json']);
  return (JSON.parse(stdout) as { servers: State[] }).servers.find((server) => server.name === name);
}

test.each(rows('harmless', HARMLESS))('[ST-15] %s does no harm to the answer', async (_title, tool) => {
  expect(await call(`bad__${tool}`)).toMatchObject({ result: { content: [{ text: 'right' }] } });
});

test.each(rows('broken', BROKEN))('%s is a broken protocol, told at once', async (_title, tool) => {
  expect(await call(`bad__${tool}`)).toMatchObject({ error: { code: -31_004, data: { server: 'bad' } } });
});

test.each(rows('raw', RAW))('[RL-04] %s reaches the client as it was', async (title, tool) => {
  const session = await openSession({ url: gateway.mcp('all'), key: KEY });
  const { message } = await session.request('tools/call', { name: `bad__${tool}`, arguments: {} });
  expect(message.error).toBeUndefined();
  expect((message.result ?? {})['content']).toBeDefined();
  if (title === 'a number beyond all') expect((message.result ?? {})['structuredContent']).toEqual({ n: Number.POSITIVE_INFINITY });
  if (title === 'the key __proto__') expect(JSON.stringify(message.result)).toContain('isAdmin');
  await session.end();
});

test('[RL-12] a call that is never answered ends at its time limit, and the next one works', async () => {
  const startedMs = performance.now();
  expect(await call('bad__silent')).toMatchObject({ error: { code: -31_002, data: { server: 'bad' } } });
  expect(performance.now() - startedMs).toBeLessThan(CALL_TIMEOUT_MS + 2_000);
  expect(await call('bad__echo', { said: 1 })).toMatchObject({ result: { content: [{ text: '{"said":1}' }] } });
});

test('a result above the limit fails its own call only', async () => {
  const [large, small] = await Promise.all([call('bad__large'), call('bad__echo', { said: 2 })]);
  expect(large).toMatchObject({ error: { code: -31_005, data: { server: 'bad' } } });
  expect(small).toMatchObject({ result: { content: [{ text: '{"said":2}' }] } });
});

test('[SS-07] progress that goes backwards is left out', async () => {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcp('all')), { requestInit: { headers: { Authorization: `Bearer ${KEY}` } } }));
  const seen: number[] = [];
  await client.callTool({ name: 'bad__backwards', arguments: {} }, undefined, { onprogress: ({ progress }) => seen.push(progress) });
  await client.close();
  expect(seen).toEqual([5, 6]);
});

test('[RL-16] ten thousand change notices are a few lists', async () => {
  const lists = async (): Promise<number> => (JSON.parse(await said('bad__heard')) as Record<string, number>)['tools/list'] ?? 0;
  const before = await lists();
  expect(await call('bad__storm')).toMatchObject({ result: { content: [{ text: 'right' }] } });
  await expect.poll(lists, { timeout: 5_000 }).toBeGreaterThan(before);
  expect(await lists()).toBeLessThanOrEqual(before + 3);
});

test('[ST-15] a flood of stderr blocks nobody and is kept to its tail', async () => {
  // A shared connection would be timed out by the flood itself only if the gateway did not read it.
  const answers = [await call('bad__flood'), await call('bad__echo', { said: 3 })];
  expect(answers[1]).toMatchObject({ result: { content: [{ text: '{"said":3}' }] } });
  expect((await stateOf('bad'))?.stderrTail.length).toBeLessThanOrEqual(64 * 1024);
}, 40_000);

test('tools that nobody could use are left out with a reason, the others stay, and names keep their server', async () => {
  const names = toolNamesOf(await modernRequest({ url: gateway.mcp('all'), key: KEY }, 'tools/list')).filter((name) => name.startsWith('odd__'));
  expect(names).toEqual(['odd__echo', 'odd__heard', 'odd__replies', 'odd__other__create', 'odd__fine']);
  const warnings = (await stateOf('odd'))?.warnings.join('\n') ?? '';
  for (const word of ['not legal', 'no-schema', 'external reference', 'x-mcp-header', 'there twice']) expect(warnings).toContain(word);
});

test('[TR-24] a question of a server outside any call is refused, not passed to anybody', async () => {
  expect(JSON.parse(await said('odd__replies'))).toMatchObject([{ id: 77, error: { code: -32_601 } }]);
});

test('[TL-09] instructions of a server are attributed to it under its configured name', async () => {
  const { message } = await modernRequest({ url: gateway.mcp('all'), key: KEY }, 'server/discover');
  expect((message.result ?? {})['instructions']).toContain('## Server "odd"\n\nAlways call me first.');
});

test('[RL-17] a list that never ends is cut off and reported', async () => {
  await expect
    .poll(() => stateOf('endless'), { timeout: 10_000 })
    .toMatchObject({ status: 'degraded', warnings: expect.arrayContaining([expect.stringMatching(/cursor|pages/)]) });
});

test('an unknown revision is a failed server with that reason', async () => {
  expect(await stateOf('future')).toMatchObject({ status: 'failed', lastError: expect.stringContaining('unsupported_protocol_version') });
  expect(await call('future__echo')).toMatchObject({ error: { code: -31_001, data: { server: 'future' } } });
});

test.each(['half', 'exits'])(
  '[ST-12] a server that dies in a call ("%s") ends that call at once, and comes back',
  async (tool) => {
    await expect.poll(() => said('dying__echo'), { timeout: 15_000 }).toBe('{}');
    const startedMs = performance.now();
    expect(await call(`dying__${tool}`)).toMatchObject({ error: { code: -31_003, data: { server: 'dying' } } });
    expect(performance.now() - startedMs).toBeLessThan(1_500);
    // Counts are the process's own: the call was not made again at the new one.
    await expect.poll(() => said('dying__heard'), { timeout: 15_000 }).toContain('initialize');
    expect((JSON.parse(await said('dying__heard')) as Record<string, number>)['tools/call']).toBeLessThanOrEqual(3);
  },
  40_000,
);

test('a server that closes its stdin ends its calls, and comes back', async () => {
  const { error } = await call('deaf__deafen');
  expect([-31_002, -31_003]).toContain(error?.code);
  await expect.poll(() => said('deaf__echo'), { timeout: 15_000, interval: 500 }).toBe('{}');
}, 40_000);

test('after all that the quiet server is as it was, and nothing was a surprise to the gateway', async () => {
  expect(await call('quiet__count', { key: 'k' })).toMatchObject({ result: { content: [{ text: '{"key":"k","count":1}' }] } });
  expect(gateway.stderr()).not.toMatch(/unhandled|uncaught|\n {4}at /i);
  expect(JSON.stringify(await gateway.log())).not.toContain('gateway.bug');
});

test.skipIf(process.platform === 'win32')('[ST-10] processes that ignore SIGTERM, and what they started, end with their gateway', async () => {
  const steps = [
    { do: 'ignoreSigterm' },
    { do: 'fork', escapesGroup: false, ignoresSigterm: true },
    { do: 'fork', escapesGroup: false, ignoresSigterm: false },
    { do: 'hang' },
  ];
  const stubborn = { ...fixtureCommand('hostile-stdio/server.ts', JSON.stringify(steps)), startTimeoutMs: 60_000 };
  const own = await startGateway({
    config: { servers: { stubborn }, namespaces: { all: { servers: ['stubborn'] } }, endpoints: { all: { namespace: 'all' } } },
  });
  const processes = await descendants(own.pid);
  expect(processes.length).toBeGreaterThanOrEqual(3);
  const startedMs = performance.now();
  expect(await own.stop()).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(7_000);
  expect(processes.filter(isRunning)).toEqual([]);
});
