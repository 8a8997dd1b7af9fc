import { describe, expect, test } from 'vitest';
import { fakeSpec, legacyScript, modernScript, type Script, tool } from '../../test/support/fake-link.ts';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { decoded, plainEndpoint, plainNamespace, plainSealer, principalOf } from '../../test/support/plain-exchange.ts';
import { startPlainUpstreams } from '../../test/support/plain-upstreams.ts';
import type { NamespaceSpec } from '../model/namespace.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { Decoded } from './exchange.ts';
import { resolve } from './resolve.ts';
import { TaskIds } from './task-ids.ts';

const lists: Script = (sent, link) => {
  if (sent.method === 'tools/list')
    link.answer(sent.id, {
      resultType: 'complete',
      tools: [tool('read'), tool('move', { inputSchema: { type: 'object', properties: { to: { type: 'string', 'x-mcp-header': 'To' } } } })],
    });
  else if (sent.method === 'prompts/list') link.answer(sent.id, { resultType: 'complete', prompts: [{ name: 'ask' }] });
  else if (sent.method === 'resources/list') link.answer(sent.id, { resultType: 'complete', resources: [{ uri: 'file:///a', name: 'a' }] });
  else if (sent.method === 'resources/templates/list')
    link.answer(sent.id, { resultType: 'complete', resourceTemplates: [{ uriTemplate: 'db://{table}', name: 't' }] });
  else if (sent.method === 'server/discover')
    link.answer(sent.id, { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {}, prompts: {}, resources: {} } });
};

const taskIds = new TaskIds(plainSealer);
const files = plainNamespace({ members: [{ server: 'files', as: 'docs' }] });

async function setUp(scripts: Readonly<Record<string, Script>> = { files: lists }) {
  const clock = new MovableClock();
  const { catalogs, upstreams, links } = await startPlainUpstreams(scripts, clock);
  const ask = async (method: string, params: JsonObject, namespace: NamespaceSpec = files, changes: Partial<Decoded> = {}) =>
    resolve(decoded({ method, params, endpoint: plainEndpoint({ namespace }), ...changes }), { catalogs, taskIds });
  return { clock, ask, links, upstreams };
}

describe('an exposed name', () => {
  test.each([
    ['tools/call', { name: 'docs__read', arguments: { a: 1 } }, 'read', { name: 'read', arguments: { a: 1 } }],
    ['prompts/get', { name: 'docs__ask' }, 'ask', { name: 'ask' }],
    ['resources/read', { uri: 'file:///a' }, 'file:///a', { uri: 'file:///a' }],
    ['resources/read', { uri: 'db://users' }, 'db://users', { uri: 'db://users' }],
    [
      'completion/complete',
      { ref: { type: 'ref/prompt', name: 'docs__ask' }, argument: {} },
      'ask',
      { ref: { type: 'ref/prompt', name: 'ask' }, argument: {} },
    ],
    ['completion/complete', { ref: { type: 'ref/resource', uri: 'db://{table}' } }, 'db://{table}', { ref: { type: 'ref/resource', uri: 'db://{table}' } }],
  ])('of %s leads to the server and its own name: %j', async (method, params, own, upstreamParams) => {
    const { ask } = await setUp();
    expect(await ask(method, params)).toMatchObject({ target: { server: 'files', as: 'docs', own }, upstreamParams });
  });

  test("takes nothing of the client's hop along", async () => {
    const { ask } = await setUp();
    const _meta = { progressToken: 1, 'io.modelcontextprotocol/clientInfo': { name: 'c' }, trace: 'kept' };
    const { upstreamParams } = await ask('tools/call', { name: 'docs__read', _meta });
    expect(upstreamParams).toEqual({ name: 'read', _meta: { trace: 'kept' } });
  });
});

describe('what the catalog does not hold does not exist:', () => {
  test.each([
    ['tools/call', { name: 'docs__gone' }, 'Unknown tool: docs__gone'],
    ['tools/call', { name: 'read' }, 'Unknown tool: read'],
    ['tools/call', { name: 'files__read' }, 'Unknown tool: files__read'],
    ['tools/call', { name: '__proto__' }, 'Unknown tool: __proto__'],
    ['prompts/get', { name: 'docs__read' }, 'Unknown prompt: docs__read'],
    ['resources/read', { uri: 'mail:b' }, 'Resource not found'],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'x' } }, 'Unknown reference'],
  ])('%s %j', async (method, params, message) => {
    const { ask } = await setUp();
    await expect(ask(method, params)).rejects.toMatchObject({ code: 'routing.unknown', rpc: -32602, message });
  });

  test('a name that a namespace does not have leads nowhere, although another has it', async () => {
    const { ask } = await setUp();
    await expect(ask('tools/call', { name: 'docs__read' }, plainNamespace({ members: [] }))).rejects.toMatchObject({ code: 'routing.unknown' });
  });
});

test.each([
  ['tools/call', {}],
  ['tools/call', { name: 7 }],
  ['prompts/get', { name: null }],
  ['resources/read', { uri: {} }],
  ['completion/complete', {}],
  ['completion/complete', { ref: { type: 'ref/other' } }],
  ['completion/complete', { ref: { type: 'ref/resource' } }],
])('%s with %j is refused as invalid', async (method, params) => {
  const { ask } = await setUp();
  await expect(ask(method, params)).rejects.toMatchObject({ code: 'request.params_invalid', rpc: -32602 });
});

test('[TR-10] a mirrored argument of a modern client must agree with its header; the server gets a header made anew', async () => {
  const { ask } = await setUp();
  const params = { name: 'docs__move', arguments: { to: 'b' } };
  await expect(ask('tools/call', params)).rejects.toMatchObject({ code: 'request.header_mismatch', rpc: -32020 });
  expect(await ask('tools/call', params, files, { paramHeaders: { 'mcp-param-to': 'b' } })).toMatchObject({ paramHeaders: { 'mcp-param-to': 'b' } });
});

test('[TR-13] headers of a client with sessions are not asked: its body alone says what is meant', async () => {
  const { ask } = await setUp();
  const client = { revision: '2025-11-25', capabilities: {}, info: undefined, logLevel: undefined, session: undefined } as const;
  const found = await ask('tools/call', { name: 'docs__move', arguments: { to: 'b' } }, files, { client, paramHeaders: { 'mcp-param-to': 'elsewhere' } });
  expect(found).toMatchObject({ target: { own: 'move' }, paramHeaders: { 'mcp-param-to': 'b' } });
});

describe('a server that still starts', () => {
  const slow = (answerAt: { now: boolean }): Script => {
    const waiting: (() => void)[] = [];
    return (sent, link) => {
      if (sent.method !== 'server/discover' && sent.method !== 'initialize') lists(sent, link);
      else if (answerAt.now) modernScript()(sent, link);
      else waiting.push(() => undefined);
    };
  };

  test('is waited for, and its failure is then told as its own, with its name', async () => {
    const { ask, clock } = await setUp({ files: slow({ now: false }) });
    const asked = ask('tools/call', { name: 'docs__read' });
    const outcome = expect(asked).rejects.toMatchObject({ code: 'upstream.unavailable', server: 'docs' });
    await clock.move(60_000);
    await outcome;
  });

  test('that has nothing to do with the name is not waited for', async () => {
    const { ask } = await setUp({ files: slow({ now: false }), other: legacyScript() });
    const both = plainNamespace({
      members: [
        { server: 'files', as: 'docs' },
        { server: 'other', as: 'other' },
      ],
    });
    await expect(ask('tools/call', { name: 'other__gone' }, both)).rejects.toMatchObject({ code: 'routing.unknown' });
    expect(await ask('tools/call', { name: 'other__echo' }, both)).toMatchObject({ target: { server: 'other', own: 'echo' } });
  });
});

describe('[SS-10] the handle of a task', () => {
  const own = { endpoint: 'dev', principal: 'key:ann' };

  test.each(['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update'])(
    'leads %s to its server, for its own principal at its own endpoint',
    async (method) => {
      const { ask } = await setUp();
      const taskId = taskIds.toExposed('files', 't1', own);
      expect(await ask(method, { taskId })).toMatchObject({ target: { server: 'files', own: 't1' }, upstreamParams: { taskId: 't1' } });
    },
  );

  test.each(['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update'])('of another is to %s what one is that never was', async (method) => {
    const { ask } = await setUp();
    const foreign = await ask(method, { taskId: taskIds.toExposed('files', 't1', own) }, files, { principal: principalOf('bob') }).catch(
      (thrown: unknown) => thrown,
    );
    const unknown = await ask(method, { taskId: 'never' }).catch((thrown: unknown) => thrown);
    const told = (fault: unknown): unknown[] => ['code', 'message', 'data', 'effect'].map((name) => (fault as Record<string, unknown>)[name]);
    expect(told(foreign)).toEqual(['routing.unknown', 'Unknown task', undefined, 'not_executed']);
    expect(told(foreign)).toEqual(told(unknown));
  });

  test.each([undefined, 7, '', 't1'])('%j is none', async (taskId) => {
    const { ask } = await setUp();
    await expect(ask('tasks/get', taskId === undefined ? {} : { taskId })).rejects.toMatchObject({ code: 'routing.unknown' });
  });

  test('of a server that left the namespace is unknown', async () => {
    const { ask } = await setUp();
    await expect(ask('tasks/get', { taskId: taskIds.toExposed(fakeSpec('gone').name, 't1', own) })).rejects.toMatchObject({ code: 'routing.unknown' });
  });
});
