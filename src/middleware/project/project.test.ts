import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CallContext } from '../../model/middleware.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { META_PROJECTED, project } from './project.ts';

const context: CallContext = { method: 'tools/call', server: 'shop', own: 'orders' };
const ORDERS = { total: 2, items: [{ id: 1, note: 'a', lines: [{ sku: 'x', price: 3 }] }, { id: 2, note: 'b', lines: [] }] };

function projected(options: { readonly keep?: string[]; readonly drop?: string[]; readonly bytesMin?: number }, result: JsonObject, services?: CallContext['services']): JsonObject {
  return project.create({ bytesMin: 0, ...options }).onResult?.(result, { ...context, services }) as JsonObject;
}

const structuredOf = (options: Parameters<typeof projected>[0]): unknown => projected(options, { structuredContent: ORDERS, content: [] })['structuredContent'];

test('what is kept stays where it was, what is dropped goes, at every item', () => {
  expect(structuredOf({ keep: ['/items/*/id'] })).toEqual({ items: [{ id: 1 }, { id: 2 }] });
  expect(structuredOf({ drop: ['/items/*/lines', '/total'] })).toEqual({ items: [{ id: 1, note: 'a' }, { id: 2, note: 'b' }] });
  expect(structuredOf({ keep: ['/items'], drop: ['/items/*/note', '/items/*/lines/*/price'] })).toEqual({ items: [{ id: 1, lines: [{ sku: 'x' }] }, { id: 2, lines: [] }] });
  expect(structuredOf({ keep: ['/items/0', '/total/not-there'] })).toEqual({ items: [ORDERS.items[0]] });
  expect(structuredOf({ drop: ['/items/1'] })).toEqual({ total: 2, items: [ORDERS.items[0]] });
});

test('the result says that fields are gone and how the whole is read; texts that are JSON are projected like it, large numbers as they are', () => {
  const keptWhole: string[] = [];
  const services = { clock: { nowMs: () => 0, monotonicMs: () => 0, after: () => () => undefined }, failed: () => undefined, keepRest: (text: string) => (keptWhole.push(text), 'read the resource metamcp://continuation/1 for it') };
  const text = '{"id":9007199254740993,"note":"long"}';
  expect(projected({ keep: ['/id'] }, { content: [{ type: 'text', text }, { type: 'text', text: 'plain' }] }, services)).toEqual({
    content: [
      { type: 'text', text: '{"id":9007199254740993}' },
      { type: 'text', text: 'plain' },
      { type: 'text', text: '[projected: fields were left out; read the resource metamcp://continuation/1 for it]' },
    ],
    _meta: { [META_PROJECTED]: true },
  });
  expect(keptWhole).toEqual([text]);
});

test('small results, errors, and results without any of the fields stay the same object', () => {
  const result = { structuredContent: ORDERS, content: [{ type: 'text', text: '[1]' }] };
  expect(projected({ keep: ['/total'], bytesMin: 10_000 }, result)).toBe(result);
  expect(projected({ drop: ['/nothing'] }, result)).toBe(result);
  const failed = { ...result, isError: true };
  expect(projected({ keep: ['/total'] }, failed)).toBe(failed);
});

test('options that name nothing, or no path, are refused', () => {
  for (const options of [{}, { keep: [] }, { keep: ['id'] }, { drop: ['/a~2'] }]) expect(project.options.safeParse(options).success).toBe(false);
});

const SCHEMA = {
  type: 'object',
  properties: {
    total: { type: 'integer' },
    items: { type: 'array', items: { type: 'object', properties: { id: { type: 'integer' }, note: { type: 'string' }, lines: { type: 'array', items: { type: 'object', properties: { sku: { type: 'string' }, price: { type: 'number' } }, required: ['sku', 'price'] } } }, required: ['id', 'note', 'lines'] } },
  },
  required: ['total', 'items'],
};

test('whatever is kept and dropped, what is left fits the schema that clients see, or they see none', () => {
  const path = fc.constantFrom('/total', '/items', '/items/*', '/items/0', '/items/*/id', '/items/*/note', '/items/*/lines', '/items/*/lines/*/sku', '/total/deeper', '/*/*/lines');
  const paths = fc.option(fc.array(path, { minLength: 1, maxLength: 4 }), { nil: undefined });
  const ajv = new Ajv2020();
  let seen = 0;
  fc.assert(
    fc.property(paths, paths, (keep, drop) => {
      fc.pre(keep !== undefined || drop !== undefined);
      const options = { ...(keep && { keep }), ...(drop && { drop }) };
      const definition = project.create({ bytesMin: 0, ...options }).onDefinition?.({ name: 'orders', outputSchema: SCHEMA }, { primitive: 'tool', server: 'shop' });
      const schema = definition?.['outputSchema'];
      if (schema === undefined) return;
      seen++;
      const validate = ajv.compile(schema as object);
      expect([validate(structuredOf(options)), validate.errors, schema]).toEqual([true, null, schema]);
    }),
    { numRuns: 500 },
  );
  expect(seen).toBeGreaterThan(100);
});

test('a schema with references or alternatives cannot say what is left, and is left out', () => {
  const definitionOf = (schema: JsonObject): unknown => project.create({ keep: ['/a'], bytesMin: 0 }).onDefinition?.({ name: 'x', outputSchema: schema }, { primitive: 'tool', server: 'shop' });
  expect(definitionOf({ type: 'object', properties: { a: { type: 'string' }, b: {} }, required: ['a', 'b'] })).toEqual({ name: 'x', outputSchema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] } });
  for (const schema of [{ $ref: '#/$defs/x', $defs: {} }, { type: 'object', oneOf: [] }, { type: 'object', minProperties: 2 }]) expect(definitionOf(schema)).toEqual({ name: 'x' });
});
