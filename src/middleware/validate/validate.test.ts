import { expect, test } from 'vitest';
import type { CallContext } from '../../model/middleware.ts';
import { RawObject } from '../../protocol/envelope.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { compileSchema } from './compile-schema.ts';
import { META_SCHEMA, validate } from './validate.ts';

const definition: JsonObject = {
  name: 'pay',
  inputSchema: { type: 'object', properties: { amount: { type: 'number', maximum: 100 }, code: { type: 'string', pattern: '^(a+)+$' } }, required: ['amount'], additionalProperties: false },
  outputSchema: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] },
};
const context: CallContext = { method: 'tools/call', server: 'shop', own: 'pay', definition };
const hooks = validate.create(validate.options.parse({}));

function calling(given: JsonObject, options: object = {}, described: JsonObject = definition): unknown {
  const outcome = validate.create(validate.options.parse(options)).onCall?.({ name: 'pay', arguments: given }, { ...context, definition: described });
  return outcome instanceof RawObject ? outcome.value : outcome;
}
const told = (text: string): JsonObject => ({ content: [{ type: 'text', text }], isError: true });

test('arguments that fit pass on; others are answered as a failed call that names the place and quotes no value', () => {
  expect(calling({ amount: 5 })).toEqual({ name: 'pay', arguments: { amount: 5 } });
  expect(calling({ amount: 'secret' })).toEqual(told('Invalid arguments: /amount must be number'));
  expect(calling({ amount: 5, extra: 1 })).toEqual(told('Invalid arguments: must NOT have additional properties: extra'));
  expect(calling({})).toEqual(told("Invalid arguments: must have required property 'amount'"));
});

test('[TL-12] unknown arguments are refused also where the schema is open, if the option says so', () => {
  const open: JsonObject = { ...definition, inputSchema: { type: 'object', properties: { amount: {} } } };
  expect(calling({ admin: true }, {}, open)).toMatchObject({ name: 'pay' });
  expect(calling({ admin: true }, { unknownArguments: 'refuse' }, open)).toEqual(told('Invalid arguments: unknown argument admin'));
});

test('a number that no double holds is a number', () => {
  const raw = (JSON as unknown as { rawJSON(text: string): never }).rawJSON('12.345678901234567890');
  expect(calling({ amount: raw })).toMatchObject({ name: 'pay' });
});

test('[TL-10] a structured result that does not fit becomes an error, or is flagged; errors and requests for input pass', () => {
  expect(hooks.onResult?.({ content: [], structuredContent: { id: 1 } }, context)).toEqual({ content: [], structuredContent: { id: 1 } });
  expect(hooks.onResult?.({ content: [], structuredContent: { id: 'x' } }, context)).toEqual(told('The structured result of the tool does not fit its schema: /id must be integer'));
  expect(hooks.onResult?.({ content: [] }, context)).toMatchObject({ isError: true });
  const failed: JsonObject = { content: [], isError: true };
  expect(hooks.onResult?.(failed, context)).toBe(failed);
  const asking: JsonObject = { resultType: 'input_required', inputRequests: {} };
  expect(hooks.onResult?.(asking, context)).toBe(asking);
  const flagging = validate.create(validate.options.parse({ results: 'flag' }));
  expect(flagging.onResult?.({ content: [], structuredContent: { id: 'x' } }, context)).toMatchObject({ structuredContent: { id: 'x' }, _meta: { [META_SCHEMA]: { problem: '/id must be integer' } } });
});

test('[ST-17] a pattern that would be slow elsewhere is not, and one that RE2 lacks is flagged in the definition', () => {
  const start = performance.now();
  expect(calling({ amount: 1, code: `${'a'.repeat(50_000)}!` })).toMatchObject({ isError: true });
  expect(performance.now() - start).toBeLessThan(1_000);
  const odd: JsonObject = { name: 'x', inputSchema: { type: 'object', properties: { a: { type: 'string', pattern: '(?=x)y' }, b: { type: 'string', pattern: '^b$' } } } };
  expect(hooks.onDefinition?.(odd, { primitive: 'tool', server: 'shop' })).toMatchObject({ _meta: { [META_SCHEMA]: { unchecked: ['inputSchema: pattern (?=x)y'] } } });
  expect(calling({ b: 'c' }, {}, odd), 'two patterns are told apart').toMatchObject({ isError: true });
  expect(hooks.onDefinition?.(definition, { primitive: 'tool', server: 'shop' })).toBe(definition);
});

const nested = (depth: number): JsonObject => (depth === 0 ? {} : { properties: { a: nested(depth - 1) } });
const wide: JsonObject = { properties: Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`p${index}`, { type: 'string' }])) };
const doubling: JsonObject = {
  $ref: '#/$defs/d0',
  $defs: Object.fromEntries(Array.from({ length: 24 }, (_, index) => [`d${index}`, index === 23 ? { type: 'string' } : { allOf: [{ $ref: `#/$defs/d${index + 1}` }, { $ref: `#/$defs/d${index + 1}` }] }])),
};

test.each([
  ['too deep', nested(33)],
  ['too wide', wide],
  ['doubling by references', doubling],
  ['[SF-07] of another document', { $ref: 'https://example.com/schema.json' }],
  ['of a file', { properties: { a: { $ref: 'file:///etc/passwd' } } }],
  ['no schema', { type: 'nonsense' }],
])('a schema that is %s is refused, fast, and calls fail as configured', (_, schema) => {
  const start = performance.now();
  expect(typeof compileSchema(schema)).toBe('string');
  expect(performance.now() - start).toBeLessThan(500);
  expect(() => calling({}, {}, { name: 'x', inputSchema: schema })).toThrow('the schema cannot be used');
});

test('[RL-13] a recursive schema works, and one that branches refuses values that would take exponential time', () => {
  const tree: JsonObject = { type: 'object', properties: { children: { type: 'array', items: { $ref: '#' } }, name: { type: 'string' } }, required: ['name'] };
  expect(calling({ name: 'a', children: [{ name: 'b' }] }, {}, { name: 'x', inputSchema: tree })).toMatchObject({ name: 'pay' });
  expect(calling({ name: 'a', children: [{}] }, {}, { name: 'x', inputSchema: tree })).toMatchObject({ isError: true });
  const bomb: JsonObject = { properties: { a: { anyOf: [{ $ref: '#' }, { $ref: '#' }] } }, required: ['never'], not: {} };
  let value: JsonObject = {};
  for (let depth = 0; depth < 60; depth++) value = { a: value };
  expect(() => calling(value, {}, { name: 'x', inputSchema: bomb })).toThrow('too deep');
});

test('draft-07 schemas keep their meaning', () => {
  const tuple: JsonObject = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', properties: { pair: { type: 'array', items: [{ type: 'string' }, { type: 'number' }] } } };
  expect(calling({ pair: ['a', 1] }, {}, { name: 'x', inputSchema: tuple })).toMatchObject({ name: 'pay' });
  expect(calling({ pair: [1, 'a'] }, {}, { name: 'x', inputSchema: tuple })).toMatchObject({ isError: true });
});
