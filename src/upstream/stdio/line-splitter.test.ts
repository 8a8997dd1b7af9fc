import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

function split(chunks: readonly Buffer[], lineBytesMax = 64, discardBytesMax = 1 << 20): string[] {
  const seen: string[] = [];
  const splitter = new LineSplitter(
    { lineBytesMax, discardBytesMax },
    {
      line: (bytes) => seen.push(`line ${bytes.toString('latin1')}`),
      outgrown: (head) => seen.push(`outgrown ${head.toString('latin1', 0, 8)}`),
      discarded: (head, tail, hasEnded) => seen.push(`discarded ${head.toString('latin1', 0, 8)} ${tail.toString('latin1').slice(-8)} ${hasEnded}`),
    },
  );
  for (const chunk of chunks) splitter.push(chunk);
  return seen;
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const piece = fc.oneof(
  fc.string({ maxLength: 20 }).map((text) => Buffer.from(text)),
  fc.constantFrom('\n', '\r\n', '\r', '\n\n', 'é', '\u0000').map((text) => Buffer.from(text)),
  fc.integer({ min: 55, max: 90 }).map((length) => Buffer.alloc(length, 'x')),
);

test('[ST-15] however a stream is cut into chunks, the same lines come out', () => {
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1 }), (pieces, sizes) => {
      const bytes = Buffer.concat(pieces);
      expect(split(cut(bytes, sizes))).toEqual(split([bytes, Buffer.from('')]));
    }),
    { numRuns: 500 },
  );
});

/** No two places of it are alike, so that parts in the wrong order show. */
const counting = Array.from({ length: 10_000 }, (_, index) => `${index},`).join('');
const anyLine = fc.oneof(
  fc.string({ maxLength: 30 }).map((text) => text.replaceAll(/[\r\n]/g, '')),
  fc.integer({ min: 2000, max: 40_000 }).map((length) => counting.slice(0, length)),
);
const anySize = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1000, max: 9000 }));

test('lines within the bound are what splitting the text gives, for big and small lines and chunks', () => {
  fc.assert(
    fc.property(fc.array(anyLine, { maxLength: 8 }), fc.array(anySize, { minLength: 1 }), (lines, sizes) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const expected = lines.map((line) => `line ${Buffer.from(line).toString('latin1')}`);
      expect(split(cut(bytes, sizes), 100_000)).toEqual(expected);
    }),
  );
});

test('a line keeps its bytes while later ones are read', () => {
  const kept: Buffer[] = [];
  const splitter = new LineSplitter({ lineBytesMax: 64, discardBytesMax: 64 }, { line: (bytes) => kept.push(bytes), outgrown: () => undefined, discarded: () => undefined });
  const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}`);
  for (const chunk of cut(Buffer.from(lines.map((line) => `${line}\n`).join('')), [3, 4])) splitter.push(Buffer.from(chunk));
  expect(kept.map(String)).toEqual(lines);
});

test('CRLF ends a line as LF does, and a line of exactly the bound is not too long', () => {
  const exact = 'x'.repeat(64);
  expect(split([Buffer.from(`a\r\n${exact}\r\n${exact}\nb\n`)])).toEqual(['line a', `line ${exact}`, `line ${exact}`, 'line b']);
});

test('[ST-15] a line above the bound is reported at once, thrown away, and the next one is read', () => {
  const long = `HEAD${'x'.repeat(200)}TAIL`;
  expect(split(cut(Buffer.from(`${long}\nnext\n`), [10]))).toEqual(['outgrown HEADxxxx', 'discarded HEADxxxx xxxxTAIL true', 'line next']);
});

test('a line that never ends is given up at the discard bound', () => {
  expect(split(cut(Buffer.alloc(5000, 'x'), [100]), 64, 1000)).toEqual(['outgrown xxxxxxxx', 'discarded xxxxxxxx xxxxxxxx false']);
});

test('nothing is emitted after stop, also within one chunk', () => {
  const seen: string[] = [];
  const splitter: LineSplitter = new LineSplitter(
    { lineBytesMax: 64, discardBytesMax: 64 },
    {
      line: (bytes) => {
        seen.push(bytes.toString());
        splitter.stop();
      },
      outgrown: () => seen.push('outgrown'),
      discarded: () => seen.push('discarded'),
    },
  );
  splitter.push(Buffer.from(`one\ntwo\n${'x'.repeat(100)}`));
  splitter.push(Buffer.from('three\n'));
  expect(seen).toEqual(['one']);
});
