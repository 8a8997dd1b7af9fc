import { expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { tool } from '../../test/support/fake-link.ts';
import { Fault } from '../base/fault.ts';
import { RawObject } from '../protocol/envelope.ts';
import type { JsonObject, JsonValue } from '../protocol/messages.ts';
import { type ListSource, readList, type ReadList } from './list-pages.ts';
import { toolProblem } from './tool-rules.ts';

const TOOLS: ListSource = { method: 'tools/list', member: 'tools', key: 'name' };

async function read(answer: (cursor: JsonValue | undefined, count: number) => JsonObject): Promise<{ list: ReadList; asked: number }> {
  const clock = new MovableClock();
  let asked = 0;
  const reading = readList(TOOLS, { clock, random: () => 0.5, ask: async (_method, params) => RawObject.of(answer(params['cursor'], asked++)) });
  reading.catch(() => undefined);
  await clock.move(10_000);
  return { list: await reading, asked };
}

test('all pages are read, the empty cursor leads to one like any other', async () => {
  const { list, asked } = await read((cursor) => (cursor === undefined ? { tools: [tool('a')], nextCursor: '' } : { tools: [tool('b')] }));
  expect(list).toMatchObject({ items: [{ name: 'a' }, { name: 'b' }], isCut: false, warnings: [] });
  expect(asked).toBe(2);
});

test('a cursor that comes back ends the reading and is told', async () => {
  const { list, asked } = await read((_cursor, count) => ({ tools: [tool(`t${count}`)], nextCursor: `c${count % 2}` }));
  expect(asked).toBe(3);
  expect(list.isCut).toBe(true);
});

test('endless pages end after 100, endless tools after 1,000', async () => {
  const pages = await read((_cursor, count) => ({ tools: [tool(`t${count}`)], nextCursor: String(count) }));
  expect([pages.asked, pages.list.items.length, pages.list.isCut]).toEqual([100, 100, true]);
  const many = await read(() => ({ tools: Array.from({ length: 5_000 }, (_, index) => tool(`t${index}`)) }));
  expect([many.list.items.length, many.list.isCut]).toEqual([1_000, true]);
});

test('what got lost is asked again twice, what was refused is not', async () => {
  const lost = await read((_cursor, count) => {
    if (count < 2) throw new Fault('upstream.closed');
    return { tools: [] };
  });
  expect(lost.asked).toBe(3);
  let refusals = 0;
  await expect(
    read(() => {
      refusals++;
      throw new Fault('upstream.protocol_error');
    }),
  ).rejects.toMatchObject({ code: 'upstream.protocol_error' });
  expect(refusals).toBe(1);
});

test('[TL-05] [TN-08] tools that break a rule are left out with a reason, the others stay', async () => {
  const { list } = await read(() => ({ tools: [tool('good'), tool('a b\n'), tool('good'), { name: 'x', inputSchema: null }, 7, tool('also.good-1')] }));
  expect(list.items.map((item) => item['name'])).toEqual(['good', 'also.good-1']);
  expect(list.warnings).toHaveLength(4);
});

const annotated = (property: JsonObject): JsonObject => tool('t', { inputSchema: { type: 'object', properties: { p: property } } });

test.each<[string, JsonObject, boolean]>([
  ['a plain tool', tool('t'), true],
  ['a name of 128', tool('n'.repeat(128)), true],
  ['a name of 129', tool('n'.repeat(129)), false],
  ['a schema of a string', tool('t', { inputSchema: { type: 'string' } }), false],
  ['a local reference', tool('t', { inputSchema: { type: 'object', properties: { a: { $ref: '#/$defs/b' } }, $defs: { b: {} } } }), true],
  ['an external reference', tool('t', { inputSchema: { type: 'object', $ref: 'http://169.254.169.254/x' } }), false],
  ['a default that looks like an external reference', tool('t', { inputSchema: { type: 'object', properties: { a: { default: { $ref: 'http://x/' } } } } }), true],
  ['a header on a string', annotated({ type: 'string', 'x-mcp-header': 'Region' }), true],
  ['a header on a number', annotated({ type: 'number', 'x-mcp-header': 'Region' }), false],
  ['a header with a line break', annotated({ type: 'string', 'x-mcp-header': 'A\r\nX: 1' }), false],
  ['an empty header', annotated({ type: 'string', 'x-mcp-header': '' }), false],
  ['a header in a nested object', annotated({ type: 'object', properties: { q: { type: 'integer', 'x-mcp-header': 'Q' } } }), true],
  ['a header below items', annotated({ type: 'array', items: { type: 'string', 'x-mcp-header': 'Q' } }), false],
  ['a header below anyOf', annotated({ anyOf: [{ type: 'string', 'x-mcp-header': 'Q' }] }), false],
  ['the same header in two cases', tool('t', { inputSchema: { type: 'object', properties: { a: { type: 'string', 'x-mcp-header': 'Q' }, b: { type: 'string', 'x-mcp-header': 'q' } } } }), false],
])('%s', (_what, definition, isOffered) => {
  expect(toolProblem(definition, new Set()) === undefined).toBe(isOffered);
});

test('a schema that is very deep is left out without exhausting the stack', () => {
  let schema: JsonObject = { type: 'string' };
  for (let depth = 0; depth < 200; depth++) schema = { type: 'object', properties: { p: schema } };
  expect(toolProblem(tool('t', { inputSchema: schema }), new Set())).toContain('deeper');
});
