import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '../base/fault.ts';
import { scanJson } from './scan.ts';

function isAccepted(text: string | Buffer): boolean {
  try {
    scanJson(Buffer.from(text));
    return true;
  } catch (thrown) {
    if (thrown instanceof Fault) return false;
    throw thrown;
  }
}

function isParsed(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('whatever JSON.stringify writes is accepted', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), (text) => {
      expect(isAccepted(text)).toBe(true);
    }),
  );
});

test('accepts exactly what JSON.parse accepts, also after random damage', () => {
  const damage = fc.tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.constantFrom('', '"', '\\', ',', '}', ']', '{', '[', ':', '-', '0', '.', 'e', '\n', '\t', '\u0001', 'true', '/')).map(([text, at, piece]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + piece + text.slice(place + (at % 3));
  });
  fc.assert(
    fc.property(damage, (text) => {
      if (/[\ud800-\udfff]/.test(text)) return;
      expect(isAccepted(text)).toBe(isParsed(text));
    }),
    { numRuns: 2000 },
  );
});

test.each(['', ' ', '01', '1.', '.5', '-', '1e', '+1', '"\\x"', '"\\u12g4"', '"a\nb"', '[1,]', '{"a":1,}', '{a:1}', "{'a':1}", 'nul', 'tru', '1 2', '[1 2]', '\ufeff1', 'NaN'])('refuses %j', (text) => {
  expect(isAccepted(text)).toBe(false);
});

test('[RL-05] bytes that are no UTF-8 are refused', () => {
  expect(isAccepted(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toBe(false);
});

test('[RL-02] nesting, nodes, keys and long strings are capped before anything is built', () => {
  const reason = (text: string): string | undefined => {
    try {
      scanJson(Buffer.from(text));
    } catch (thrown) {
      return thrown instanceof Fault ? (thrown.reason ?? thrown.code) : 'other';
    }
    return undefined;
  };
  expect(reason('['.repeat(64) + ']'.repeat(64))).toBeUndefined();
  expect(reason('['.repeat(65) + ']'.repeat(65))).toBe('json_too_deep');
  expect(reason('['.repeat(100_000))).toBe('json_too_deep');
  expect(reason(`[${'0,'.repeat(99_998)}0]`)).toBeUndefined();
  expect(reason(`[${'0,'.repeat(100_000)}0]`)).toBe('json_too_many_nodes');
  expect(reason(`{${Array.from({ length: 10_001 }, (_, index) => `"${index}":0`).join(',')}}`)).toBe('json_too_many_keys');
  expect(reason(`"${'a'.repeat((1 << 20) + 1)}"`)).toBe('json_string_too_long');
});

test('notes the keys of the first two levels, unescaped, with the places of their values', () => {
  const bytes = Buffer.from('{"a":{"b\\u0063":[{"deep":1}] , "é":2},"d":"x"}');
  const scan = scanJson(bytes);
  expect(scan.keys.map((span) => [span.depth, span.key, bytes.toString('utf8', span.valueStart, span.valueEnd)])).toEqual([
    [1, 'a', '{"b\\u0063":[{"deep":1}] , "é":2}'],
    [2, 'bc', '[{"deep":1}]'],
    [2, 'é', '2'],
    [1, 'd', '"x"'],
  ]);
});
