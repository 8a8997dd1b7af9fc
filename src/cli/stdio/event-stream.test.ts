import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEventStream, type StreamEvent } from './event-stream.ts';
import { readLines } from './lines.ts';

test('events are the same however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ id: fc.stringMatching(/^[a-z0-9]{1,5}$/), data: fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)) }), {
        maxLength: 8,
      }),
      fc.constantFrom('\n', '\r\n'),
      fc.integer({ min: 1, max: 7 }),
      async (sent, lineEnd, size) => {
        const bytes = Buffer.from(sent.map((event) => `id: ${event.id}${lineEnd}data: ${event.data}${lineEnd}${lineEnd}`).join(''));
        expect(await collect(slices(bytes, size))).toEqual(sent);
      },
    ),
  );
});

test('a long event in many pieces takes time in proportion to its length', async () => {
  const data = 'x'.repeat(16 << 20);
  const bytes = Buffer.from(`data: ${data}\n\n`);
  const startMs = performance.now();
  const [event] = await collect(slices(bytes, 16_384));
  expect(event?.data.length).toBe(data.length);
  // Rescanning the unfinished line with each of the 1,024 pieces would read 8 GiB.
  expect(performance.now() - startMs).toBeLessThan(3000);
});

test('the wished delay is heard and an unfinished event at the end is dropped', async () => {
  const delays: number[] = [];
  const events: StreamEvent[] = [];
  for await (const event of readEventStream(slices(Buffer.from('retry: 250\ndata: a\n\ndata: cut'), 3), (delayMs) => delays.push(delayMs))) events.push(event);
  expect([delays, events.map((event) => event.data)]).toEqual([[250], ['a']]);
});

test('lines are the same however the bytes are cut, with or without a last line end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
        { maxLength: 8 },
      ),
      fc.constantFrom('\n', '\r\n'),
      fc.integer({ min: 1, max: 7 }),
      fc.boolean(),
      async (sent, lineEnd, size, isOpen) => {
        const text = sent.join(lineEnd) + (isOpen ? '' : lineEnd);
        const lines: string[] = [];
        for await (const line of readLines(Readable.from(slices(Buffer.from(text), size)))) lines.push(line);
        expect(lines).toEqual(sent);
      },
    ),
  );
});

async function* slices(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield await Promise.resolve(bytes.subarray(start, start + size));
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of readEventStream(chunks, () => undefined)) events.push(event);
  return events;
}
