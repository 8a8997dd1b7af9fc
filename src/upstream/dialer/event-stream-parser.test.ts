import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventStreamParser } from './event-stream-parser.ts';

type Seen = { name: string; data: string } | 'oversized';

function parse(chunks: readonly Buffer[], eventBytesMax = 1 << 20) {
  const seen: Seen[] = [];
  const parser = new EventStreamParser({ event: (name, data) => seen.push({ name, data: data.toString() }), oversized: () => seen.push('oversized') }, eventBytesMax);
  for (const chunk of chunks) parser.push(chunk);
  return { seen, lastEventId: parser.lastEventId, retryMs: parser.retryMs };
}

const parseText = (text: string, eventBytesMax?: number) => parse([Buffer.from(text)], eventBytesMax);

/** The algorithm of WHATWG HTML section 9.2.6 on the whole text, as plainly as it can be written. */
function reference(text: string) {
  const seen: Seen[] = [];
  let [data, name, id, lastEventId]: [string[], string, string, string] = [[], '', '', ''];
  let retryMs: number | undefined;
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (const line of lines.slice(0, -1)) {
    if (line === '') {
      lastEventId = id;
      if (data.length > 0) seen.push({ name: name || 'message', data: data.join('\n') });
      [data, name] = [[], ''];
      continue;
    }
    const match = /^([^:]*)(?:: ?)?([^]*)$/.exec(line);
    const [field, value] = [match?.[1] ?? '', match?.[2] ?? ''];
    if (field === 'data') data.push(value);
    if (field === 'event') name = value;
    if (field === 'id' && !value.includes('\0')) id = value;
    if (field === 'retry' && /^\d+$/.test(value)) retryMs = Number(value);
  }
  return { seen, lastEventId, retryMs };
}

describe('an event stream', () => {
  test('holds events with name, lines of data, id and reconnection time', () => {
    const { seen, lastEventId, retryMs } = parseText('event: greeting\nid: 7\nretry: 1500\ndata: one\ndata: two\n\ndata: {"a":1}\n\n');
    expect(seen).toEqual([
      { name: 'greeting', data: 'one\ntwo' },
      { name: 'message', data: '{"a":1}' },
    ]);
    expect(lastEventId).toBe('7');
    expect(retryMs).toBe(1500);
  });

  test('may use CR, LF or CRLF, a byte order mark at its start, comments, and fields nobody knows', () => {
    const { seen } = parseText('\uFEFFdata: a\r\rdata: b\r\n\r\n: comment\n:\nwhatever: x\ndata:c\n\n');
    expect(seen.map((event) => event !== 'oversized' && event.data)).toEqual(['a', 'b', 'c']);
  });

  test('strips one space after the colon, no more', () => {
    expect(parseText('data:  two\n\n').seen).toEqual([{ name: 'message', data: ' two' }]);
    expect(parseText('data\n\n').seen).toEqual([{ name: 'message', data: '' }]);
  });

  test('keeps the id of an event without data: a priming event of 2025-11-25', () => {
    expect(parseText('id: 1\ndata:\n\n')).toMatchObject({ seen: [{ name: 'message', data: '' }], lastEventId: '1' });
    expect(parseText('id: 2\n\n')).toMatchObject({ seen: [], lastEventId: '2' });
    expect(parseText('id: 3\nid: \0\n\n')).toMatchObject({ lastEventId: '3' });
    expect(parseText('id: unfinished\ndata: x\n')).toMatchObject({ seen: [], lastEventId: '' });
  });

  test('ignores a reconnection time that is no number', () => {
    expect(parseText('retry: 10x\n\n').retryMs).toBeUndefined();
    expect(parseText('retry: 1e3\n\n').retryMs).toBeUndefined();
  });

  test('skips an event above the limit, in one line or many, and goes on after it', () => {
    const big = 'x'.repeat(50);
    expect(parseText(`data: ${big}\n\ndata: ok\n\n`, 40).seen).toEqual(['oversized', { name: 'message', data: 'ok' }]);
    const many = `data: ${'x'.repeat(15)}\n`.repeat(4);
    expect(parseText(`${many}\ndata: ok\n\n`, 40).seen).toEqual(['oversized', { name: 'message', data: 'ok' }]);
    expect(parse([Buffer.from(`data: ${big}`), Buffer.from(big), Buffer.from('\n\ndata: ok\n\n')], 40).seen).toEqual(['oversized', { name: 'message', data: 'ok' }]);
  });

  test('says nothing more once stopped, also within a chunk', () => {
    const seen: string[] = [];
    const parser = new EventStreamParser(
      {
        event: (_name, data) => {
          seen.push(data.toString());
          parser.stop();
        },
        oversized: () => undefined,
      },
      100,
    );
    parser.push(Buffer.from('data: 1\n\ndata: 2\n\n'));
    parser.push(Buffer.from('data: 3\n\n'));
    expect(seen).toEqual(['1']);
  });

  test('is read without copying an event that lies in one chunk', () => {
    const chunk = Buffer.from('data: {"a":1}\n\n');
    const parser = new EventStreamParser({ event: (_name, data) => expect(data.buffer).toBe(chunk.buffer), oversized: () => undefined }, 100);
    parser.push(chunk);
    expect.assertions(1);
  });
});

const line = fc.oneof(
  fc.constantFrom('', 'data', 'data:', 'data: x', ': note', 'id: 1', 'id:', 'id: a\0b', 'event: ping', 'retry: 25', 'retry: no', 'data: ä€😀', 'dat', 'datax: 1'),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => `data: ${text.replace(/[\r\n]/g, '')}`),
);
const stream = fc.tuple(fc.boolean(), fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 30 })).map(([hasMark, lines]) => (hasMark ? '\uFEFF' : '') + lines.flat().join(''));

/** Cuts the bytes at arbitrary places, also inside characters. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted].map((start, index) => bytes.subarray(start, sorted[index] ?? bytes.length));
}

test('any stream in any chunking gives what the standard says', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(400), { maxLength: 40 }), (text, places) => {
      expect(parse(cut(Buffer.from(text), places))).toEqual(reference(text));
    }),
    { numRuns: 2_000 },
  );
});

test('the limit strikes the same events in any chunking', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(400), { maxLength: 40 }), fc.integer({ min: 1, max: 30 }), (text, places, eventBytesMax) => {
      const bytes = Buffer.from(text);
      expect(parse(cut(bytes, places), eventBytesMax).seen).toEqual(parse([bytes], eventBytesMax).seen);
    }),
    { numRuns: 1_000 },
  );
});
