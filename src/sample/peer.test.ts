import { expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import type { JsonObject, JsonValue } from '../protocol/messages.ts';
import { SamplePeer } from './peer.ts';

const modernMeta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };

/** A peer, what it sent, and a clock whose timers run when the test says so. */
function startPeer() {
  const sent: JsonValue[] = [];
  const timers: Array<() => void> = [];
  const clock: Clock = {
    nowMs: () => Date.parse('2026-07-28T12:00:00Z'),
    monotonicMs: () => 0,
    after: (_delayMs, run) => {
      timers.push(run);
      return () => undefined;
    },
  };
  const peer = new SamplePeer({ clock, send: (message) => sent.push(JSON.parse(JSON.stringify(message)) as JsonValue) });
  const receive = (message: JsonValue): Promise<void> => peer.receive(JSON.stringify(message));
  return { peer, sent, timers, receive };
}

function request(id: string | number, method: string, params: JsonObject = {}): JsonObject {
  return { jsonrpc: '2.0', id, method, params };
}

function modern(id: string | number, method: string, params: JsonObject = {}): JsonObject {
  return request(id, method, { ...params, _meta: { ...modernMeta, ...(params['_meta'] as JsonObject | undefined) } });
}

test.each([
  ['2024-11-05', '2024-11-05'],
  ['2025-03-26', '2025-03-26'],
  ['2025-06-18', '2025-06-18'],
  ['2025-11-25', '2025-11-25'],
  ['2026-07-28', '2025-11-25'],
  ['1999-01-01', '2025-11-25'],
])('initialize with %s opens a session of %s', async (asked, given) => {
  const { sent, receive } = startPeer();
  await receive(request(1, 'initialize', { protocolVersion: asked, capabilities: {}, clientInfo: { name: 'a', version: '1' } }));
  expect(sent).toMatchObject([{ id: 1, result: { protocolVersion: given } }]);
});

test('a modern request needs no session and carries its result type and the server', async () => {
  const { sent, receive } = startPeer();
  await receive(modern(1, 'tools/list'));
  expect(sent).toMatchObject([
    {
      id: 1,
      result: { resultType: 'complete', ttlMs: 3_600_000, cacheScope: 'public', _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'metamcp-sample' } } },
    },
  ]);
});

test('a legacy result says nothing of the modern family', async () => {
  const { sent, receive } = startPeer();
  await receive(request(1, 'initialize', { protocolVersion: '2025-11-25' }));
  await receive(request(2, 'tools/call', { name: 'add', arguments: { a: 2, b: 40 } }));
  expect(sent[1]).toEqual({ jsonrpc: '2.0', id: 2, result: { content: [{ type: 'text', text: '42' }] } });
});

test.each<[string, JsonObject, number]>([
  ['a legacy request before initialize', request(1, 'tools/list'), -32602],
  ['an unknown revision', modern(1, 'tools/list', { _meta: { 'io.modelcontextprotocol/protocolVersion': '2030-01-01' } }), -32022],
  ['a modern request without client capabilities', request(1, 'tools/list', { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }), -32602],
  ['a method that the modern family dropped', modern(1, 'ping'), -32601],
  ['an unknown tool', modern(1, 'tools/call', { name: 'none' }), -32602],
  ['an unknown resource', modern(1, 'resources/read', { uri: 'sample://none' }), -32602],
  ['a message of another JSON-RPC', { jsonrpc: '1.0', id: 1, method: 'ping' }, -32600],
])('%s is refused', async (_case, message, code) => {
  const { sent, receive } = startPeer();
  await receive(message);
  expect(sent).toMatchObject([{ error: { code } }]);
});

test('a wrong argument is a result that says what is wrong', async () => {
  const { sent, receive } = startPeer();
  await receive(modern(1, 'tools/call', { name: 'time', arguments: { timezone: 'Moon/Base' } }));
  expect(sent).toMatchObject([{ result: { isError: true, content: [{ text: 'timezone must be an IANA name such as Europe/Berlin, not "Moon/Base"' }] } }]);
});

test('progress is told step by step, before the answer', async () => {
  const { sent, timers, receive } = startPeer();
  const call = receive(modern(1, 'tools/call', { name: 'progress', arguments: { steps: 2 }, _meta: { progressToken: 'p' } }));
  for (let step = 0; step < 2; step++) {
    timers.shift()?.();
    await new Promise(setImmediate);
  }
  await call;
  expect(sent.slice(0, 2)).toEqual([
    { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 'p', progress: 1, total: 2, message: 'Step 1 of 2' } },
    { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 'p', progress: 2, total: 2, message: 'Step 2 of 2' } },
  ]);
  expect(sent[2]).toMatchObject({ id: 1, result: { content: [{ text: 'Counted to 2.' }] } });
});

test('a cancelled call is never answered', async () => {
  const { sent, timers, receive } = startPeer();
  const call = receive(modern('c', 'tools/call', { name: 'progress', arguments: { steps: 2, intervalMs: 10 }, _meta: { progressToken: 'p' } }));
  await receive({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'c' } });
  for (const run of timers) run();
  await call;
  expect(sent).toEqual([]);
});

test('a subscription is acknowledged, told of each call, and ended with a result', async () => {
  const { peer, sent, receive } = startPeer();
  await receive(
    modern('s', 'subscriptions/listen', { notifications: { toolsListChanged: true, resourceSubscriptions: ['sample://calls', 'sample://guide'] } }),
  );
  await receive(modern(2, 'tools/call', { name: 'echo', arguments: { message: 'x' } }));
  peer.close();
  const _meta = { 'io.modelcontextprotocol/subscriptionId': 's' };
  expect(sent[0]).toEqual({
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { _meta, notifications: { resourceSubscriptions: ['sample://calls'] } },
  });
  expect(sent[1]).toEqual({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { _meta, uri: 'sample://calls' } });
  expect(sent[3]).toMatchObject({ id: 's', result: { resultType: 'complete', _meta } });
});

test('a subscription that did not ask for the counter is told nothing', async () => {
  const { sent, receive } = startPeer();
  await receive(modern('s', 'subscriptions/listen', { notifications: { toolsListChanged: true } }));
  await receive(modern(2, 'tools/call', { name: 'echo', arguments: { message: 'x' } }));
  expect(sent.map((message) => (message as JsonObject)['method'] ?? 'answer')).toEqual(['notifications/subscriptions/acknowledged', 'answer']);
});

test('a batch in a session of 2025-03-26 gets one array of answers', async () => {
  const { sent, receive } = startPeer();
  await receive(request(1, 'initialize', { protocolVersion: '2025-03-26' }));
  await receive([request(2, 'ping'), { jsonrpc: '2.0', method: 'notifications/initialized' }, request(3, 'ping')]);
  expect(sent[1]).toEqual([
    { jsonrpc: '2.0', id: 2, result: {} },
    { jsonrpc: '2.0', id: 3, result: {} },
  ]);
});
