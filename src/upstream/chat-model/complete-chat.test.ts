import { expect, test } from 'vitest';
import { eventStream, json, type Script, startScriptedServer } from '../../../test/support/scripted-server.ts';
import { systemClock } from '../../base/clock.ts';
import type { ChatEvent, ChatModel } from '../../model/chat.ts';
import { createDialer } from '../dialer/dialer.ts';
import { createCompleteChat } from './complete-chat.ts';

const complete = createCompleteChat({ clock: systemClock, dialer: createDialer({ clock: systemClock, ownListeners: () => [] }) });
const HELLO = { messages: [{ role: 'user', text: 'hello' }], tools: [] } as const;

async function modelBehind(script: Script, more: Partial<ChatModel> = {}) {
  const server = await startScriptedServer(script);
  return { server, model: { url: new URL('/v1/', server.url).href, model: 'small', key: 'sk-canary-7f3a', isOperators: true, ...more } };
}

async function all(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const found: ChatEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}

const chunk = (delta: object, finish: string | null = null): string => `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

test('asks in the form of chat completions and hands text on as it comes, calls of tools once they are whole', async () => {
  const { server, model } = await modelBehind((_request, response) => {
    eventStream(response);
    response.write(chunk({ role: 'assistant', content: 'Let me ' }));
    response.write(chunk({ content: 'look.' }));
    response.write(chunk({ tool_calls: [{ index: 0, id: 'call_a', type: 'function', function: { name: 'add', arguments: '{"a":1' } }] }));
    response.write(chunk({ tool_calls: [{ index: 1, id: 'call_b', function: { name: 'time', arguments: '{}' } }] }));
    response.write(chunk({ tool_calls: [{ index: 0, function: { arguments: ',"b":2}' } }] }));
    response.write(chunk({}, 'tool_calls'));
    response.end('data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7}}\n\ndata: [DONE]\n\n');
  });
  const request = {
    messages: [
      { role: 'system', text: 'be brief' },
      { role: 'user', text: 'hello' },
      { role: 'assistant', text: '', calls: [{ id: 'call_0', name: 'add', arguments: '{}' }] },
      { role: 'tool', call: 'call_0', text: '3' },
    ],
    tools: [{ name: 'add', description: 'Adds', inputSchema: { type: 'object' } }],
  } as const;
  expect(await all(await complete(model, request))).toEqual([
    { kind: 'text', text: 'Let me ' },
    { kind: 'text', text: 'look.' },
    { kind: 'call', call: { id: 'call_a', name: 'add', arguments: '{"a":1,"b":2}' } },
    { kind: 'call', call: { id: 'call_b', name: 'time', arguments: '{}' } },
    { kind: 'done', reason: 'tool_calls', tokensIn: 11, tokensOut: 7 },
  ]);
  const [asked] = server.requests;
  expect(asked).toMatchObject({ method: 'POST', url: '/v1/chat/completions', headers: { authorization: 'Bearer sk-canary-7f3a' } });
  expect(JSON.parse(asked?.body ?? '')).toEqual({
    model: 'small',
    stream: true,
    messages: [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: null, tool_calls: [{ id: 'call_0', type: 'function', function: { name: 'add', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'call_0', content: '3' },
    ],
    tools: [{ type: 'function', function: { name: 'add', description: 'Adds', parameters: { type: 'object' } } }],
  });
  await expect.poll(() => server.openSockets.size).toBe(0);
});

test('takes a whole answer too, from services that do not stream', async () => {
  const { model } = await modelBehind((_request, response) => json(response, { choices: [{ message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }] }));
  expect(await all(await complete(model, HELLO))).toEqual([
    { kind: 'text', text: 'hi' },
    { kind: 'done', reason: 'stop', tokensIn: null, tokensOut: null },
  ]);
});

test('says what the service said when it refuses, without the key', async () => {
  const { model } = await modelBehind((_request, response) => json(response, { error: { message: 'Incorrect API key provided: sk-canary-7f3a' } }, 401));
  const fault = await complete(model, HELLO).catch((thrown: unknown) => thrown);
  expect(fault).toMatchObject({ code: 'upstream.protocol_error', reason: 'model_refused', message: 'The service of the model refused (HTTP 401).', data: { errors: [{ message: 'Incorrect API key provided: …' }] } });
  expect(JSON.stringify(fault)).not.toContain('sk-canary-7f3a');
});

test.each([
  ['an answer that ends in the middle', (_request, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(chunk({ content: 'so' })), { code: 'upstream.closed' }],
  ['a page that is no completion', (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), { code: 'upstream.protocol_error', reason: 'model_unreadable' }],
  ['a failure in the stream', (_request, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {"error":{"message":"overloaded"}}\n\n'), { reason: 'model_refused', data: { errors: [{ message: 'overloaded' }] } }],
  ['an answer without end', (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.alloc(9 << 20)), { code: 'upstream.too_large' }],
  ['a redirect', (_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(), { code: 'upstream.protocol_error', message: 'The service of the model refused (HTTP 302).' }],
] satisfies [string, Script, object][])('%s is a fault with a name', async (_name, script, expected) => {
  const { server, model } = await modelBehind(script);
  const fault = await complete(model, HELLO).then(all).catch((thrown: unknown) => thrown);
  expect(fault).toMatchObject(expected);
  expect(server.requests).toHaveLength(1);
  await expect.poll(() => server.openSockets.size).toBe(0);
});

test('whoever stops reading ends the connection to the model, before the first part too', async () => {
  const { server, model } = await modelBehind((_request, response) => {
    eventStream(response);
    response.write(chunk({ content: 'on and on' }));
  });
  const unread = await complete(model, HELLO);
  await unread[Symbol.asyncIterator]().return?.();
  await expect.poll(() => server.openSockets.size).toBe(0);
  for await (const event of await complete(model, HELLO)) {
    expect(event).toEqual({ kind: 'text', text: 'on and on' });
    break;
  }
  await expect.poll(() => server.openSockets.size).toBe(0);
});

test('[SF-01] an address that no operator wrote leads into no private network, and says no more than that', async () => {
  const { server, model } = await modelBehind((_request, response) => json(response, {}), { isOperators: false });
  await expect(complete(model, HELLO)).rejects.toMatchObject({ code: 'egress.refused' });
  expect(server.requests).toHaveLength(0);
});
