import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decoded, plainEndpoint, plainNamespace } from '../../test/support/plain-exchange.ts';
import { ANONYMOUS } from '../model/principal.ts';
import { FAULTS, Fault, type FaultCode } from '../base/fault.ts';
import { RawObject } from '../protocol/envelope.ts';
import type { JsonObject, JsonValue, Revision } from '../protocol/messages.ts';
import { createEncodeOutcome, encodeFault } from './answer.ts';
import { type MessageText, wholeText } from './reply.ts';

const encode = createEncodeOutcome({ name: 'metamcp', title: 'MetaMCP', version: '1' });
const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';
const LEGACY = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const;

function exchange(revision: Revision, method = 'tools/call') {
  return decoded({ id: 'a', method, client: { revision, capabilities: {}, info: undefined, logLevel: undefined, session: undefined } });
}

function textOfResult(revision: Revision, result: string, method?: string): string {
  return wholeText(encode(exchange(revision, method), { kind: 'result', result: RawObject.fromText(result) }).message);
}

function resultOf(revision: Revision, result: JsonObject, method?: string): JsonObject {
  return (JSON.parse(textOfResult(revision, JSON.stringify(result), method)) as { result: JsonObject }).result;
}

function errorOf(message: MessageText): { code: number; message: string; data?: JsonObject } {
  return (JSON.parse(wholeText(message)) as { error: { code: number; message: string; data?: JsonObject } }).error;
}

describe('a result', () => {
  test('goes to a client with sessions as it lies in its bytes, numbers and spaces included', () => {
    const text = '{ "content": [], "n": 12345678901234567890.10, "é": "\\u00e9" }';
    expect(textOfResult('2025-11-25', text)).toBe(`{"jsonrpc":"2.0","id":"a","result":${text}}`);
  });

  test('that is large leaves in pieces, its own bytes among them, and is the same', () => {
    const text = JSON.stringify({ content: [{ type: 'text', text: 'ö'.repeat(50_000) }] });
    const result = RawObject.fromText(text);
    const { message } = encode(exchange('2025-11-25'), { kind: 'result', result });
    expect(wholeText(message)).toBe(`{"jsonrpc":"2.0","id":"a","result":${text}}`);
    if (typeof message === 'string') throw new Error('it is in pieces');
    expect(message.map(({ buffer }) => buffer)).toContain(result.bytes.buffer);
  });

  test('of a modern client says complete and who we are, whatever the server said of itself', () => {
    expect(resultOf('2026-07-28', {})).toEqual({ resultType: 'complete', _meta: { [SERVER_INFO]: { name: 'metamcp', title: 'MetaMCP', version: '1' } } });
    const meta = { trace: 1, [SERVER_INFO]: { name: 'liar' } };
    expect(resultOf('2026-07-28', { resultType: 'input_required', _meta: meta })).toEqual({
      resultType: 'input_required',
      _meta: { trace: 1, [SERVER_INFO]: { name: 'metamcp', title: 'MetaMCP', version: '1' } },
    });
  });

  test('that is read is not to be kept, unless the server says how long', () => {
    expect(resultOf('2026-07-28', { contents: [] }, 'resources/read')).toMatchObject({ ttlMs: 0, cacheScope: 'private' });
    expect(resultOf('2026-07-28', { contents: [], ttlMs: 5, cacheScope: 'private' }, 'resources/read')).toMatchObject({ ttlMs: 5, cacheScope: 'private' });
    expect(Object.keys(resultOf('2026-07-28', { resultType: 'input_required', inputRequests: {} }, 'resources/read'))).toEqual(['_meta', 'resultType', 'inputRequests']);
    expect(resultOf('2026-07-28', { content: [] })).not.toHaveProperty('ttlMs');
  });

  test('[TR-28] that a server gives to everyone stays with its reader, where credentials or policy decide who that is', () => {
    const scopeFor = (changes: Parameters<typeof decoded>[0]): unknown => {
      const outcome = { kind: 'result', result: RawObject.of({ contents: [], ttlMs: 5, cacheScope: 'public' }) } as const;
      const { result } = JSON.parse(wholeText(encode(decoded({ method: 'resources/read', ...changes }), outcome).message)) as { result: JsonObject };
      return result['cacheScope'];
    };
    const guarded = plainEndpoint({ namespace: plainNamespace({ policy: { rules: [] } as never }) });
    expect([scopeFor({}), scopeFor({ principal: ANONYMOUS, endpoint: guarded }), scopeFor({ principal: ANONYMOUS })]).toEqual(['private', 'private', 'public']);
  });

  test.each(LEGACY)('of a modern server loses towards %s what only 2026-07-28 has', (revision) => {
    const meta = { trace: 1, [SERVER_INFO]: { name: 's' } };
    expect(resultOf(revision, { resultType: 'complete', ttlMs: 1, cacheScope: 'public', content: [], _meta: meta })).toEqual({
      content: [],
      _meta: { trace: 1 },
    });
    expect(resultOf(revision, { resultType: 'complete', messages: [], _meta: { [SERVER_INFO]: { name: 's' } } }, 'prompts/get')).not.toHaveProperty([
      '_meta',
      SERVER_INFO,
    ]);
  });

  test.each([
    ['2024-11-05', ['text', 'image', 'text', 'text', 'resource', 'novel'], false],
    ['2025-03-26', ['text', 'image', 'audio', 'text', 'resource', 'novel'], false],
    ['2025-06-18', ['text', 'image', 'audio', 'resource_link', 'resource', 'novel'], true],
    ['2025-11-25', ['text', 'image', 'audio', 'resource_link', 'resource', 'novel'], true],
    ['2026-07-28', ['text', 'image', 'audio', 'resource_link', 'resource', 'novel'], true],
  ] as const)('for %s keeps the kinds of content that it knows and turns the others into text', (revision, kinds, hasStructured) => {
    const content = [
      { type: 'text', text: 'hello' },
      { type: 'image', data: 'AA==', mimeType: 'image/png' },
      { type: 'audio', data: 'AA==', mimeType: 'audio/wav' },
      { type: 'resource_link', uri: 'file:///x', name: 'x' },
      { type: 'resource', resource: { uri: 'file:///y', text: 'y' } },
      { type: 'novel', of: 'the future' },
    ];
    const result = resultOf(revision, { content, structuredContent: { n: 1 } });
    expect((result['content'] as JsonObject[]).map(({ type }) => type)).toEqual(kinds);
    expect('structuredContent' in result).toBe(hasStructured);
    expect((result['content'] as JsonObject[])[5]).toEqual({ type: 'novel', of: 'the future' });
    if (revision === '2024-11-05') expect((result['content'] as JsonObject[])[3]).toEqual({ type: 'text', text: '[resource] x file:///x' });
  });

  test('whatever it is, every revision gets valid JSON with its id, and a legacy client whose server is legacy the very same value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(...LEGACY, '2026-07-28' as const), (value, revision) => {
        const text = JSON.stringify(value);
        const message = JSON.parse(textOfResult(revision, text)) as { id: JsonValue; result: JsonObject };
        expect(message.id).toBe('a');
        const isForeign = ['resultType', 'ttlMs', 'cacheScope'].some((key) => Object.hasOwn(value, key));
        if (revision === '2025-11-25' && !isForeign) expect(message.result).toEqual(JSON.parse(text));
      }),
    );
  });
});

describe('an error of the server', () => {
  test.each([
    ['2026-07-28', -32002, -32602, 200],
    ['2026-07-28', -32601, -32601, 404],
    ['2026-07-28', -32020, -32020, 400],
    ['2026-07-28', -32022, -32022, 400],
    ['2026-07-28', -32019, -32019, 200],
    ['2026-07-28', -32023, -32603, 200],
    ['2026-07-28', -32042, -32603, 200],
    ['2026-07-28', -32099, -32603, 200],
    ['2026-07-28', -32100, -32100, 200],
    ['2025-11-25', -32002, -32002, 200],
    ['2025-11-25', -32601, -32601, 200],
    ['2025-11-25', -32020, -32603, 200],
    ['2025-11-25', -32021, -32603, 200],
    ['2025-11-25', -32022, -32603, 200],
    ['2025-11-25', -32019, -32019, 200],
    ['2025-11-25', -32023, -32023, 200],
    ['2025-11-25', 7, 7, 200],
  ] as const)('[TR-20] towards %s the code %i is %i', (revision, code, expected, httpStatus) => {
    const encoded = encode(exchange(revision), { kind: 'error', error: { code, message: 'm', data: { kept: true } } });
    expect(encoded.httpStatus).toBe(httpStatus);
    expect(errorOf(encoded.message)).toEqual({ code: expected, message: 'm', data: { kept: true } });
  });
});

describe('a fault', () => {
  const codes = Object.keys(FAULTS) as FaultCode[];

  test.each(codes)('%s says where, why, whether to try again, what is known of the effect, and how to find it', (code) => {
    const { data, message } = errorOf(encodeFault(1, '2026-07-28', new Fault(code, { detail: 'host db.internal' }), 'req_9').message);
    const kind = FAULTS[code];
    expect(data).toEqual({
      source: 'gateway',
      reason: code,
      failedAt: kind.failedAt,
      retryable: 'isRetryable' in kind,
      outcome: kind.effect,
      correlationId: 'req_9',
    });
    expect(message).not.toContain('db.internal');
  });

  test.each(codes)('[TR-20] the code of %s is of JSON-RPC, one of the three of MCP, or ours', (code) => {
    const { rpc } = FAULTS[code];
    expect([-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022].includes(rpc) || (rpc <= -31001 && rpc >= -31099)).toBe(true);
  });

  test('that may be sent again was never executed, but for the store, which says so', () => {
    const retryable = codes.filter((code) => 'isRetryable' in FAULTS[code] && FAULTS[code].effect !== 'not_executed');
    expect(retryable).toEqual(['storage.unavailable']);
  });

  test('narrows its reason, names its server and says when to come back', () => {
    const fault = new Fault('limit.overloaded', { reason: 'too_many_sessions', server: 'files', retryAfterSeconds: 30, effect: 'unknown' });
    const encoded = encodeFault('x', '2025-11-25', fault, 'req_1');
    expect(encoded).toMatchObject({ httpStatus: 503, headers: { 'retry-after': '30' } });
    expect(errorOf(encoded.message).data).toMatchObject({ reason: 'too_many_sessions', server: 'files', outcome: 'unknown' });
  });

  test('carries what the protocol defines, which cannot replace what we say', () => {
    const fault = new Fault('request.revision_unsupported', { data: { supported: ['2026-07-28'], source: 'forged', correlationId: 'forged' } });
    expect(errorOf(encodeFault(1, undefined, fault, 'req_1').message).data).toMatchObject({
      supported: ['2026-07-28'],
      source: 'gateway',
      correlationId: 'req_1',
    });
  });

  test('has no id where none could be read', () => {
    expect(JSON.parse(encodeFault(undefined, undefined, new Fault('request.parse'), 'r').message.toString())).not.toHaveProperty('id');
  });

  test.each([
    ['request.method_unknown', '2026-07-28', 404],
    ['request.method_unknown', '2025-11-25', 200],
    ['request.params_invalid', '2026-07-28', 400],
    ['request.params_invalid', '2025-11-25', 200],
    ['upstream.timeout', '2026-07-28', 200],
  ] as const)('%s is told to %s with HTTP status %i', (code, revision, status) => {
    expect(encodeFault(1, revision, new Fault(code), 'r').httpStatus).toBe(status);
  });

  test.each(LEGACY)('[TR-20] towards %s none has a code that this revision lacks', (revision) => {
    for (const code of codes) {
      const { code: rpc } = errorOf(encodeFault(1, revision, new Fault(code), 'r').message);
      expect([-32020, -32021, -32022], code).not.toContain(rpc);
    }
  });
});
