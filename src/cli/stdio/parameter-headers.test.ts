import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeHeaderValue } from '../../protocol/header-value.ts';
import { type Message, parseMessages } from './message.ts';
import { mirrorHeaders } from './parameter-headers.ts';

const call = (params: object): Message =>
  parseMessages(
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...params, _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } } }),
  )[0] as Message;

test('method, name and annotated arguments become headers; null and absent ones do not', () => {
  const parameters = [
    { header: 'Region', path: ['region'] },
    { header: 'Deep', path: ['a', 'b'] },
    { header: 'None', path: ['none'] },
    { header: 'Gone', path: ['gone'] },
    { header: 'Flag', path: ['flag'] },
  ];
  expect(mirrorHeaders(call({ name: 'größe', arguments: { region: ' x', a: { b: 42 }, none: null, flag: false } }), parameters)).toEqual({
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': '=?base64?Z3LDtsOfZQ==?=',
    'mcp-param-region': '=?base64?IHg=?=',
    'mcp-param-deep': '42',
    'mcp-param-flag': 'false',
  });
});

test('every header is safe to send and stands for the argument', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const header = mirrorHeaders(call({ name: 'x', arguments: { text } }), [{ header: 'T', path: ['text'] }])['mcp-param-t'] ?? '';
      expect(header).toMatch(/^[\x20-\x7e\t]*$/);
      // A lone surrogate has no UTF-8 form; every other text comes back.
      expect(decodeHeaderValue(header)).toBe(text.toWellFormed());
    }),
  );
});
