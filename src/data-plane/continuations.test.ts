import { expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { decoded, principalOf } from '../../test/support/plain-exchange.ts';
import { Continuations } from './continuations.ts';

function setUp() {
  const clock = new MovableClock();
  let count = 0;
  const table = new Continuations(clock, () => `id${++count}`);
  const reading = (uri: string, name = 'ann') => decoded({ method: 'resources/read', params: { uri }, principal: principalOf(name) });
  const read = (uri: string, name?: string): string => {
    const outcome = table.read(reading(uri, name));
    if (outcome?.kind !== 'result') throw new Error('no result');
    return (outcome.result.value['contents'] as unknown as { text: string }[])[0]?.text ?? '';
  };
  const keep = (text: string): string => /metamcp:\S+/.exec(table.keep(decoded(), text) ?? '')?.[0] ?? '';
  return { clock, table, reading, read, keep };
}

test('the rest is read page by page, every character once', () => {
  const { read, keep } = setUp();
  const text = Array.from({ length: 40_000 }, (_, index) => (index % 7 === 0 ? '😀' : 'x')).join('');
  let whole = '';
  for (let uri: string | undefined = keep(text); uri !== undefined; ) {
    const page = read(uri);
    const [shown = '', more] = page.split('\n[more: read the resource ');
    whole += shown;
    uri = more?.slice(0, -1);
  }
  expect(whole).toBe(text);
});

test('it opens for whose result it was only, and only for a while', async () => {
  const { clock, read, keep } = setUp();
  const uri = keep('secret');
  expect(() => read(uri, 'bob')).toThrow('Resource not found');
  expect(read(uri)).toBe('secret');
  expect(() => read(`${uri}?from=x`)).toThrow('Resource not found');
  await clock.move(10 * 60_000);
  expect(() => read(uri)).toThrow('Resource not found');
});

test('resources of servers are none of its business, and what is too large is not kept', () => {
  const { table, reading } = setUp();
  expect(table.read(reading('file:///a'))).toBeUndefined();
  expect(table.keep(decoded(), 'x'.repeat((16 << 20) + 1))).toBeUndefined();
});
