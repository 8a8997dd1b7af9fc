/** Code mode over MCP: scripts whose calls are calls like any other. */
import { afterEach, expect, test } from 'vitest';
import { isObject, type JsonObject } from '../../src/protocol/messages.ts';
import { createRunsInMemory } from '../../src/data-plane/scripts.ts';
import { systemClock } from '../../src/base/clock.ts';
import { LegacyClient } from '../bridge/legacy-client.ts';
import { ModernClient } from '../bridge/modern-client.ts';
import { legacyScript, modernScript, type Script, tool } from '../support/fake-link.ts';
import { type Plane, type PlaneOptions, startPlane } from '../support/start-plane.ts';

const planes: Plane[] = [];
afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.stop();
});

const TOOLS = [
  tool('list', { description: 'List the numbers', inputSchema: { type: 'object', properties: {} }, outputSchema: { type: 'object', properties: { numbers: { type: 'array', items: { type: 'number' } } }, required: ['numbers'] } }),
  tool('pay', { description: 'Pay an amount', inputSchema: { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] } }),
  tool('fail', { description: 'Fails' }),
];
const ELICITATION = { method: 'elicitation/create', params: { message: 'Pay?', requestedSchema: { type: 'object', properties: {} } } };

const doing: Script = (sent, link) => {
  const { name, arguments: given, inputResponses } = sent.params;
  if (name === 'list') link.answer(sent.id, { resultType: 'complete', content: [], structuredContent: { numbers: [1, 2, 3] } });
  else if (name === 'fail') link.answer(sent.id, { resultType: 'complete', isError: true, content: [{ type: 'text', text: 'it broke' }] });
  else if (inputResponses === undefined) link.answer(sent.id, { resultType: 'input_required', inputRequests: { sure: ELICITATION }, requestState: 'till' });
  else link.answer(sent.id, { resultType: 'complete', content: [{ type: 'text', text: `paid ${JSON.stringify(given)}` }] });
};
const bank: Script = (sent, link) => (sent.method === 'tools/list' ? link.answer(sent.id, { resultType: 'complete', tools: TOOLS }) : modernScript(doing)(sent, link));

async function start(options: Partial<PlaneOptions> = {}): Promise<Plane> {
  const plane = await startPlane({ servers: { bank }, endpoint: { discovery: 'code' }, ...options });
  planes.push(plane);
  return plane;
}

const client = ({ url }: Plane): ModernClient => new ModernClient(url, { elicitation: {} });
const runCode = (plane: Plane, code: string, more: JsonObject = {}) => client(plane).request({ method: 'tools/call', params: { name: 'run_code', arguments: { code }, ...more }, meta: { progressToken: 'p' } });
const resultOf = (response: JsonObject | undefined): JsonObject => (isObject(response?.['result']) ? response['result'] : {});
const textOf = (response: JsonObject | undefined): string => String((resultOf(response)['content'] as { text?: string }[] | undefined)?.[0]?.text);
const paid = (plane: Plane) => plane.links('bank').flatMap(({ sent }) => sent.filter(({ method, params }) => method === 'tools/call' && params['name'] === 'pay'));

test('a client lists two tools, learns declarations and runs a script', async () => {
  const plane = await start();
  const list = await client(plane).request({ method: 'tools/list' });
  expect((resultOf(list.response)['tools'] as { name: string }[]).map(({ name }) => name)).toEqual(['search_api', 'run_code']);
  const api = await client(plane).request({ method: 'tools/call', params: { name: 'search_api', arguments: { queries: ['list numbers'], limit: 1 } } });
  expect(textOf(api.response)).toBe('declare const tools: {\n  /** List the numbers */\n  bank__list(args: Record<string, unknown>): Promise<{ numbers: number[] }>;\n};');
  const { response, notices } = await runCode(plane, 'const { numbers } = await tools.bank__list(); return numbers.reduce((sum: number, each: number) => sum + each, 0);');
  expect(textOf(response)).toBe('6');
  expect(notices).toMatchObject([{ method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } }]);
  expect(plane.records.map(({ server, primitive, outcome }) => [server, primitive, outcome]).slice(-2)).toEqual([
    ['bank', 'list', 'ok'],
    [undefined, 'run_code', 'ok'],
  ]);
});

test('a failed tool is an error in the script, and an uncaught one the result', async () => {
  const { response } = await runCode(await start(), 'return await tools.bank__fail({});');
  expect(resultOf(response)).toMatchObject({ isError: true, content: [{ text: 'The script failed. ToolError: it broke' }] });
});

test('policy, limits and the rule of the endpoint hold for each call of a script', async () => {
  const denied = await start({ policies: { no: { rules: [{ effect: 'deny', what: { names: ['pay'] } }] } }, namespace: { policies: ['no'] } });
  const code = "try { return await tools.bank__pay({ amount: 1 }); } catch (error) { return [error.message, error.details.code]; }";
  expect(textOf((await runCode(denied, code)).response)).toBe('["Unknown tool: bank__pay","routing.unknown"]');
  const limited = await start({ endpoint: { discovery: 'code', limits: [{ scope: 'client', by: 'key', max: 3, seconds: 3600 }] } });
  const all = "let done = 0; try { for (;;) { await tools.bank__list(); done++; } } catch (error) { return [done, error.details.code]; }";
  expect(textOf((await runCode(limited, all)).response)).toBe('[2,"limit.rate_exceeded"]');
  const nested = await runCode(await start(), "try { return await tools.run_code({ code: 'return 1' }); } catch (error) { return error.details.code; }");
  expect(textOf(nested.response)).toBe('"routing.unknown"');
});

test('a script that needs an answer goes on after it, on another gateway too, and pays once', async () => {
  const scriptRuns = createRunsInMemory(systemClock);
  const before = await start({ deps: { scriptRuns } });
  const code = 'const { numbers } = await tools.bank__list(); const receipt = await tools.bank__pay({ amount: numbers[2] }); return [numbers.length, receipt];';
  const first = await runCode(before, code);
  const { inputRequests, requestState } = resultOf(first.response);
  expect(inputRequests).toEqual({ '2.sure': ELICITATION });
  const after = await start({ deps: { scriptRuns } });
  const more = { requestState, inputResponses: { '2.sure': { action: 'accept', content: {} } } };
  const last = await runCode(after, code, more);
  expect(textOf(last.response)).toBe('[3,"paid {\\"amount\\":3}"]');
  expect(paid(after).map(({ params }) => params['requestState'])).toEqual(['till']);
  expect(after.records.filter(({ primitive }) => primitive === 'list')).toEqual([]);
  // Whoever repeats it finds nothing.
  expect((await runCode(after, code, more)).response).toMatchObject({ error: { code: -32602 } });
  expect(paid(after)).toHaveLength(1);
});

test('what a script returns beyond its limit is read as a resource', async () => {
  const plane = await start({ endpoint: { discovery: { mode: 'code', script: { timeMs: 2_000, memoryBytes: 16 << 20, callsMax: 5, outputBytesMax: 300 } } } });
  const text = textOf((await runCode(plane, "return 'é'.repeat(400)")).response);
  const [, head, uri = ''] = /^("é+)\n\[cut: 503 of 802 bytes left out; read the resource (metamcp:\S+) for it, within 10 minutes\]$/.exec(text) ?? [];
  const rest = resultOf((await client(plane).request({ method: 'resources/read', params: { uri } })).response)['contents'] as { text: string }[];
  expect(`${head}${rest[0]?.text}`).toBe(JSON.stringify('é'.repeat(400)));
});

test('the state of one script leads nowhere for another', async () => {
  const plane = await start();
  const { requestState } = resultOf((await runCode(plane, 'return await tools.bank__pay({ amount: 1 })')).response);
  const other = await runCode(plane, 'return await tools.bank__pay({ amount: 1000 })', { requestState, inputResponses: { '1.sure': { action: 'accept' } } });
  expect(other.response).toMatchObject({ error: { code: -32602 } });
});

test('a legacy session is asked while its script waits', async () => {
  const plane = await start({ servers: { bank: legacyScript(doing, () => TOOLS), shop: bank } });
  const session = await LegacyClient.open(plane.url, '2025-11-25', { capabilities: { elicitation: {} }, answerServer: () => ({ action: 'accept', content: {} }) });
  const { response } = await session.request('tools/call', { name: 'run_code', arguments: { code: 'return await tools.shop__pay({ amount: 7 })' } });
  expect(session.asked).toMatchObject([{ method: 'elicitation/create' }]);
  expect(textOf(response)).toBe('"paid {\\"amount\\":7}"');
  await session.close();
});

test('a script whose call needs approval waits under its own words, and is taken up when it is run again', async () => {
  const rules = [{ effect: 'approve', what: { names: ['pay'] } }, { effect: 'allow' }];
  const scriptRuns = createRunsInMemory(systemClock);
  const strict = await start({ policies: { ask: { rules } }, namespace: { policies: ['ask'] }, deps: { scriptRuns } });
  const code = 'await tools.bank__list(); try { return await tools.bank__pay({ amount: 1 }); } catch (error) { return error.message; }';
  expect((await runCode(strict, code)).response).toMatchObject({ error: { code: -31010 } });
  // Approved: here, by a policy that asks no more.
  const approved = await start({ deps: { scriptRuns } });
  const { response } = await runCode(approved, code);
  expect(resultOf(response)).toMatchObject({ resultType: 'input_required' });
  expect(approved.records.filter(({ primitive }) => primitive === 'list')).toEqual([]);
});

test('closing the response ends the script and its call', async () => {
  const silent: Script = (sent, link) => {
    if (sent.method === 'tools/call') return;
    bank(sent, link);
  };
  const plane = await start({ servers: { bank: silent } });
  const abort = new AbortController();
  const asked = client(plane)
    .request({ method: 'tools/call', params: { name: 'run_code', arguments: { code: 'return await tools.bank__list()' } }, signal: abort.signal })
    .catch(() => undefined);
  await expect.poll(() => plane.links('bank').flatMap(({ sent }) => sent.filter(({ method }) => method === 'tools/call')).length, { timeout: 10_000 }).toBe(1);
  abort.abort();
  await asked;
  await expect.poll(() => plane.records.map(({ primitive, outcome }) => [primitive, outcome]), { timeout: 10_000 }).toContainEqual(['run_code', 'request.cancelled']);
});
