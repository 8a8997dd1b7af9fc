import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from './messages.ts';
import { checkMirroredParams, mirroredParams, mirrorProblem, toParamHeaders } from './mirrored-params.ts';

const REGION = [{ header: 'Region', path: ['region'] }] as const;

function check(args: JsonObject, headers: Readonly<Record<string, string>>, mirrored: Parameters<typeof checkMirroredParams>[0] = REGION): void {
  checkMirroredParams(mirrored, { arguments: args }, headers);
}

const mismatch = expect.objectContaining({ code: 'request.header_mismatch' });

test('what a schema wants mirrored is found at any depth, in its order', () => {
  const schema = {
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      deep: { type: 'object', properties: { id: { type: 'integer', 'x-mcp-header': 'Id' } } },
      properties: { type: 'boolean', 'x-mcp-header': 'P' },
      plain: { type: 'string' },
      odd: true,
    },
  };
  expect(mirroredParams(schema)).toEqual([
    { header: 'Region', path: ['region'] },
    { header: 'Id', path: ['deep', 'id'] },
    { header: 'P', path: ['properties'] },
  ]);
  expect(mirrorProblem(schema)).toBeUndefined();
  expect([mirroredParams(undefined), mirroredParams(true), mirroredParams({ properties: [] })]).toEqual([[], [], []]);
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
  expect(mirrorProblem(schema)).toContain('x-mcp-header');
});

test('data that looks like an annotation is none', () => {
  expect(mirrorProblem({ properties: { a: { type: 'string', default: { 'x-mcp-header': 1 }, examples: [{ 'x-mcp-header': 1 }] } } })).toBeUndefined();
});

test('a schema without an end is refused before the stack is', () => {
  let schema: JsonObject = {};
  for (let depth = 0; depth < 5_000; depth++) schema = { not: schema };
  expect(mirrorProblem(schema)).toContain('too deep');
});

test('[TR-10] any text passes where its header says the same, and no other header does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (region, other) => {
      const headers = toParamHeaders(REGION, { arguments: { region } }, {});
      expect(() => check({ region }, headers)).not.toThrow();
      if (other !== region) expect(() => check({ region: other }, headers)).toThrow(mismatch);
    }),
  );
});

test.each([
  [{ region: 42 }, '42.0', true],
  [{ region: 42 }, '42', true],
  [{ region: 42 }, '43', false],
  [{ region: '42' }, '42.0', true],
  [{ region: true }, 'true', true],
  [{ region: null }, undefined, true],
  [{}, undefined, true],
  [{ region: 'eu' }, undefined, false],
  [{}, 'eu', false],
  [{ region: 'eu' }, '=?base64?ZXU=?=', true],
  [{ region: 'eu' }, '=?base64?ZXU?=', false],
  [{ region: 'eu' }, 'EU', false],
])('[TR-10] [TR-11] the arguments %j beside the header %j: %s', (args, header, isSame) => {
  const headers: Record<string, string> = header === undefined ? {} : { 'mcp-param-region': header };
  if (isSame) expect(() => check(args, headers)).not.toThrow();
  else expect(() => check(args, headers)).toThrow(mismatch);
});

test('[TR-10] numbers are compared whole, also where a double would round them', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), fc.bigInt({ min: -3n, max: 3n }), (number, difference) => {
      const headers = { 'mcp-param-region': `${number + difference}.0` };
      if (difference === 0n) expect(() => check({ region: `${number}` }, headers)).not.toThrow();
      else expect(() => check({ region: `${number}` }, headers)).toThrow(mismatch);
    }),
  );
});

test('an argument that is named like a member of every object is absent unless it is given', () => {
  const mirrored = [{ header: 'C', path: ['constructor'] }];
  expect(() => check({}, {}, mirrored)).not.toThrow();
  expect(toParamHeaders(mirrored, { arguments: {} }, {})).toEqual({});
});

test('the headers for the server are made from the arguments that are sent; unknown ones pass on', () => {
  const headers = toParamHeaders(REGION, { arguments: { region: 'größe' } }, { 'mcp-param-region': 'old', 'mcp-param-other': 'x' });
  expect(headers).toEqual({ 'mcp-param-region': `=?base64?${Buffer.from('größe').toString('base64')}?=`, 'mcp-param-other': 'x' });
  expect(toParamHeaders(REGION, { arguments: {} }, { 'mcp-param-region': 'old' })).toEqual({});
  expect(toParamHeaders([], {}, { 'mcp-param-x': '1' })).toEqual({ 'mcp-param-x': '1' });
});
