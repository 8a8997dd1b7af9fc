import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readEnvelope } from '../protocol/envelope.ts';
import { type ClientHeaders, decodeBody, decodeModern, isModern } from './decode.ts';

const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
const NO_HEADERS: ClientHeaders = { protocolVersion: undefined, method: undefined, name: undefined, sessionId: undefined };

function bytes(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}

function request(method: string, params: object = { _meta: META }, id: string | number = 1) {
  return readEnvelope(bytes({ jsonrpc: '2.0', id, method, params }));
}

function headers(changes: Partial<ClientHeaders> = {}): ClientHeaders {
  return { ...NO_HEADERS, protocolVersion: '2026-07-28', method: 'tools/list', ...changes };
}

describe('a body', () => {
  test('is one message, or a batch of several', () => {
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
    expect(decodeBody(bytes(ping))).toMatchObject({ isBatch: false, envelopes: [{ kind: 'request', id: 1, method: 'ping' }] });
    expect(decodeBody(bytes([ping, { ...ping, id: 'b' }]))).toMatchObject({ isBatch: true, envelopes: [{ id: 1 }, { id: 'b' }] });
    expect(decodeBody(bytes(` \n\t[${JSON.stringify(ping)}]`)).isBatch).toBe(true);
  });

  test('keeps every digit and every key of the members of a batch', () => {
    const call = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"big":12345678901234567890123,"text":"],[{"}}}';
    const { envelopes } = decodeBody(bytes(`[ ${call} ,\n${call.replace('"id":1', '"id":2')}]`));
    expect(envelopes.map(({ id }) => id)).toEqual([1, 2]);
    expect(envelopes.map(({ body }) => JSON.stringify(body?.value['arguments']))).toEqual(Array(2).fill('{"big":12345678901234567890123,"text":"],[{"}'));
    expect(() => decodeBody(bytes('[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}]'))).toThrow(expect.objectContaining({ code: 'request.invalid' }));
  });

  test.each([
    ['', 'request.parse'],
    ['{', 'request.parse'],
    ['[]', 'request.invalid'],
    ['[1]', 'request.invalid'],
    ['"text"', 'request.invalid'],
    ['{"jsonrpc":"1.0","id":1,"method":"ping"}', 'request.invalid'],
  ])('%j is refused as %s', (text, code) => {
    expect(() => decodeBody(bytes(text))).toThrow(expect.objectContaining({ code }));
  });

  test('whatever it is, it is decoded or refused with a fault of the request', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.uint8Array().map((array) => Buffer.from(array).toString('latin1')),
        ),
        (text) => {
          try {
            expect(decodeBody(Buffer.from(text, 'latin1')).envelopes.length).toBeGreaterThan(0);
          } catch (thrown) {
            expect((thrown as { code: string }).code).toMatch(/^request\./);
          }
        },
      ),
    );
  });
});

describe('the family', () => {
  test.each([
    ['_meta says so', { _meta: META }, {}, true],
    ['the header says so', {}, { protocolVersion: '2026-07-28' }, true],
    ['a header of the future, without session', {}, { protocolVersion: '2099-01-01' }, true],
    ['an unknown header in a session', {}, { protocolVersion: '2099-01-01', sessionId: 's' }, false],
    ['a header of the past', {}, { protocolVersion: '2025-11-25' }, false],
    ['nothing says anything', {}, {}, false],
  ])('%s', (_title, params, changes, expected) => {
    expect(isModern(request('tools/list', params), { ...NO_HEADERS, ...changes })).toBe(expected);
  });
});

describe('a request of 2026-07-28', () => {
  test('tells who asks', () => {
    const meta = { ...META, 'io.modelcontextprotocol/clientInfo': { name: 'c' }, 'io.modelcontextprotocol/logLevel': 'info' };
    expect(decodeModern(request('tools/list', { _meta: meta }), headers())).toEqual({ capabilities: {}, info: { name: 'c' }, logLevel: 'info' });
    expect(() => decodeModern(request('tools/list', { _meta: { ...meta, 'io.modelcontextprotocol/logLevel': 'loud' } }), headers())).toThrow(expect.objectContaining({ code: 'request.params_invalid' }));
  });

  test.each([
    ['[TR-10] no version header', 'request.header_mismatch', { method: 'tools/list', params: { _meta: META }, headers: { protocolVersion: undefined } }],
    ['[TR-10] two versions', 'request.header_mismatch', { method: 'tools/list', params: { _meta: META }, headers: { protocolVersion: '2025-11-25' } }],
    ['[TR-10] no method header', 'request.header_mismatch', { method: 'tools/list', params: { _meta: META }, headers: { method: undefined } }],
    ['[TR-10] another method', 'request.header_mismatch', { method: 'tools/list', params: { _meta: META }, headers: { method: 'tools/call' } }],
    ['[TR-10] no name', 'request.header_mismatch', { method: 'tools/call', params: { name: 'a', _meta: META }, headers: { method: 'tools/call' } }],
    [
      '[TR-10] another name',
      'request.header_mismatch',
      { method: 'tools/call', params: { name: 'a', _meta: META }, headers: { method: 'tools/call', name: 'b' } },
    ],
    [
      '[TR-11] a name badly encoded',
      'request.header_mismatch',
      { method: 'tools/call', params: { name: 'a', _meta: META }, headers: { method: 'tools/call', name: '=?base64?%?=' } },
    ],
    ['[TR-14] a revision that there is not', 'request.revision_unsupported', { method: 'tools/list', params: {}, headers: { protocolVersion: '2099-01-01' } }],
    ['[TR-16] no version in _meta', 'request.params_invalid', { method: 'tools/list', params: { _meta: {} }, headers: {} }],
    [
      '[TR-16] no capabilities in _meta',
      'request.params_invalid',
      { method: 'tools/list', params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }, headers: {} },
    ],
  ])('%s is refused as %s', (_title, code, asked) => {
    expect(() => decodeModern(request(asked.method, asked.params), headers(asked.headers))).toThrow(expect.objectContaining({ code }));
  });

  test('[TR-11] a name in its encoded form is compared decoded', () => {
    const name = `=?base64?${Buffer.from('größe').toString('base64')}?=`;
    expect(() => decodeModern(request('tools/call', { name: 'größe', _meta: META }), headers({ method: 'tools/call', name }))).not.toThrow();
  });

  test('a resource is named by its URI', () => {
    const params = { uri: 'file:///x', _meta: META };
    expect(() => decodeModern(request('resources/read', params), headers({ method: 'resources/read', name: 'file:///x' }))).not.toThrow();
    expect(() => decodeModern(request('resources/read', params), headers({ method: 'resources/read', name: 'file:///y' }))).toThrow('Mcp-Name differs');
  });
});
