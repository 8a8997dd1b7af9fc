import { expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { checkArguments } from './argument-check.ts';

const schema: JsonObject = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: {
    city: { type: 'string', pattern: '^[A-Z]' },
    zip: { type: 'string', pattern: '^\\d{5}$' },
    unit: { enum: ['C', 'F'] },
    days: { $ref: '#/$defs/days' },
  },
  $defs: { days: { type: 'integer', minimum: 1 } },
  required: ['city'],
  additionalProperties: false,
};

test('valid arguments have no problems', () => {
  expect(checkArguments(schema, { city: 'Oslo', zip: '01234', unit: 'C', days: 3 })).toEqual([]);
});

test('each problem names its place and what was expected', () => {
  expect(checkArguments(schema, { zip: 'x', unit: 'K', days: 0, town: 'Oslo' }).toSorted()).toEqual([
    "arguments: must have required property 'city'",
    'arguments: unknown property "town"',
    'days: must be >= 1',
    'unit: expected one of ["C","F"]',
    'zip: must match pattern "^\\d{5}$"',
  ]);
});

test('two patterns of one schema are kept apart', () => {
  expect(checkArguments(schema, { city: '12345' })).toEqual(['city: must match pattern "^[A-Z]"']);
});

test('a pattern made to run for ever takes no time', () => {
  const startMs = systemClock.monotonicMs();
  const evil = { type: 'object', properties: { text: { type: 'string', pattern: '^(a+)+$' } } };
  expect(checkArguments(evil, { text: `${'a'.repeat(20_000)}b` })).toHaveLength(1);
  expect(systemClock.monotonicMs() - startMs).toBeLessThan(1_000);
});

test.each<[string, JsonObject]>([
  ['a reference to another host', { type: 'object', properties: { x: { $ref: 'http://127.0.0.1:9/schema.json' } } }],
  ['a reference to a file', { $ref: 'file:///etc/passwd' }],
  ['a schema of itself', { $ref: '#' }],
  ['a type that does not exist', { type: 'banana' }],
  ['a promise', { $async: true, type: 'object', required: ['y'] }],
  ['a pattern that looks ahead', { type: 'object', properties: { x: { type: 'string', pattern: '^(?=b)b' } } }],
  ['items to compare with each other', { type: 'object', properties: { list: { uniqueItems: true } } }],
])('what cannot be checked here is left to the server: %s', (_, given) => {
  expect(checkArguments(given, { x: 'a', list: [1, 1] })).toEqual([]);
});

test('a schema nested without measure and arguments nested without measure are left to the server', () => {
  let deep: JsonObject = { type: 'string' };
  for (let depth = 0; depth < 5_000; depth++) deep = { type: 'object', required: ['a'], properties: { a: deep } };
  expect(checkArguments(deep, {})).toEqual([]);
  let nested: JsonObject = {};
  for (let depth = 0; depth < 5_000; depth++) nested = { a: nested };
  expect(checkArguments({ type: 'object', required: ['b'] }, nested)).toEqual([]);
});

test('references that multiply without measure cost nothing', () => {
  const double = (number: number): JsonObject => ({ allOf: [{ $ref: `#/$defs/d${number + 1}` }, { $ref: `#/$defs/d${number + 1}` }] });
  const definitions = Object.fromEntries(Array.from({ length: 40 }, (_, number) => [`d${number}`, double(number)]));
  const startMs = systemClock.monotonicMs();
  expect(checkArguments({ $ref: '#/$defs/d0', $defs: { ...definitions, d40: { required: ['x'] } } }, {})).toEqual([]);
  expect(checkArguments({ properties: { a: { allOf: [{ $ref: '#' }, { $ref: '#' }] } } }, JSON.parse(`${'{"a":'.repeat(50)}{}${'}'.repeat(50)}`))).toEqual([]);
  expect(systemClock.monotonicMs() - startMs).toBeLessThan(1_000);
});

test('many patterns over much text stop when they have read enough', () => {
  const patterns = Array.from({ length: 400 }, (_, number) => ({ pattern: `^[a-z]*${number}?$` }));
  const startMs = systemClock.monotonicMs();
  checkArguments({ properties: { text: { allOf: patterns } } }, { text: 'a'.repeat(150_000) });
  expect(systemClock.monotonicMs() - startMs).toBeLessThan(3_000);
});

test('ids of one schema do not answer references of another', () => {
  expect(checkArguments({ $id: 'https://a.example/s', type: 'object', properties: { x: { type: 'number' } } }, { x: 1 })).toEqual([]);
  expect(checkArguments({ $id: 'https://a.example/s', type: 'object', properties: { x: { type: 'string' } } }, { x: 1 })).toEqual(['x: must be string']);
});
