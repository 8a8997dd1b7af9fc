import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeHeaderValue } from '../../protocol/header-value.ts';
import { type Message, parseMessages } from './message.ts';
import { mirrorHeaders, readParameterHeaders } from './parameter-headers.ts';

const call = (params: object): Message =>
  parseMessages(
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...params, _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } } }),
  )[0] as Message;

test('method, name and annotated arguments become headers; null and absent ones do not', () => {
  const parameters = [
    { name: 'Region', path: ['region'] },
    { name: 'Deep', path: ['a', 'b'] },
    { name: 'None', path: ['none'] },
    { name: 'Gone', path: ['gone'] },
    { name: 'Flag', path: ['flag'] },
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
      const header = mirrorHeaders(call({ name: 'x', arguments: { text } }), [{ name: 'T', path: ['text'] }])['mcp-param-t'] ?? '';
      expect(header).toMatch(/^[\x20-\x7e\t]*$/);
      // A lone surrogate has no UTF-8 form; every other text comes back.
      expect(decodeHeaderValue(header)).toBe(text.toWellFormed());
    }),
  );
});

test('annotations are read along properties, nested ones too', () => {
  const schema = {
    type: 'object',
    properties: {
      a: { type: 'string', 'x-mcp-header': 'A' },
      b: { type: 'object', properties: { c: { type: 'integer', 'x-mcp-header': 'C' } } },
      properties: { type: 'boolean', 'x-mcp-header': 'P' },
    },
  };
  expect(readParameterHeaders(schema)).toEqual([
    { name: 'A', path: ['a'] },
    { name: 'C', path: ['b', 'c'] },
    { name: 'P', path: ['properties'] },
  ]);
});

test.each([
  ['empty', { properties: { a: { type: 'string', 'x-mcp-header': '' } } }],
  ['with a line end', { properties: { a: { type: 'string', 'x-mcp-header': 'A\r\nB' } } }],
  ['not a text', { properties: { a: { type: 'string', 'x-mcp-header': 1 } } }],
  ['on a number', { properties: { a: { type: 'number', 'x-mcp-header': 'A' } } }],
  ['on an object', { properties: { a: { type: 'object', 'x-mcp-header': 'A' } } }],
  ['on the root', { type: 'string', 'x-mcp-header': 'A' }],
  ['twice, in other letters', { properties: { a: { type: 'string', 'x-mcp-header': 'A' }, b: { type: 'string', 'x-mcp-header': 'a' } } }],
  ['inside items', { properties: { a: { type: 'array', items: { type: 'string', 'x-mcp-header': 'A' } } } }],
  ['inside oneOf', { oneOf: [{ properties: { a: { type: 'string', 'x-mcp-header': 'A' } } }] }],
  ['inside $defs', { $defs: { a: { type: 'string', 'x-mcp-header': 'A' } } }],
])('an annotation that is %s makes the tool invalid', (_what, schema) => {
  expect(readParameterHeaders(schema)).toEqual({ invalid: expect.stringContaining('x-mcp-header') as string });
});

test('data that looks like an annotation is none', () => {
  expect(readParameterHeaders({ properties: { a: { type: 'string', default: { 'x-mcp-header': 1 }, examples: [{ 'x-mcp-header': 1 }] } } })).toEqual([]);
});
