import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { type ResponseServer, startResponses } from '../../test/support/open-response.ts';
import { systemClock } from '../base/clock.ts';
import { EventStream } from './event-stream.ts';

let http: ResponseServer;
beforeAll(async () => {
  http = await startResponses();
});
afterAll(() => http.close());

interface Event {
  readonly id: string | undefined;
  readonly data: string;
}

/** As a client reads them; comments are none. */
function eventsIn(text: string): Event[] {
  return text
    .split('\n\n')
    .filter((frame) => /^data:/m.test(frame))
    .map((frame) => {
      const lines = frame.split('\n');
      const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice('data: '.length));
      return { id: lines.find((line) => line.startsWith('id: '))?.slice('id: '.length), data: data.join('\n') };
    });
}

test('[TR-25] the head forbids buffering and caching, and a comment keeps the stream alive every 15 s', async () => {
  const clock = new MovableClock();
  const { response, head, text } = await http.open();
  const stream = new EventStream({ clock });
  stream.attach(response, { 'mcp-session-id': 's' });
  expect((await head()).headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'mcp-session-id': 's',
  });
  await clock.move(45_000);
  stream.end();
  expect(await text()).toBe(': keep-alive\n\n'.repeat(3));
});

test('events have no id where the stream cannot be resumed, and then nothing is kept for later', async () => {
  const stream = new EventStream({ clock: systemClock });
  expect(stream.send('lost')).toBe(false);
  const { response, text } = await http.open();
  stream.attach(response);
  expect(stream.send('{"a":1}')).toBe(true);
  stream.end();
  expect(await text()).toBe('event: message\ndata: {"a":1}\n\n');
  expect(stream.send('late')).toBe(false);
});

test('a message with line breaks of any kind is one event', async () => {
  const stream = new EventStream({ clock: systemClock });
  const { response, text } = await http.open();
  stream.attach(response);
  stream.send('a\nb\r\nc\rd');
  stream.end();
  expect(eventsIn(await text())).toEqual([{ id: undefined, data: 'a\nb\nc\nd' }]);
});

test('a primed stream begins with an event that has an id and no message', async () => {
  const stream = new EventStream({ clock: systemClock, name: 's1', isPrimed: true });
  const { response, text } = await http.open();
  stream.attach(response);
  stream.end();
  expect(await text()).toBe('retry: 1000\nid: s1_0\ndata:\n\n');
});

describe('a resumable stream', () => {
  test('gives a client that comes back exactly what it has not seen, in order, wherever it was cut off', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 }), fc.nat(12), fc.nat(12), async (messages, cut, seen) => {
        const texts = messages.map((message) => JSON.stringify(message));
        const before = Math.min(cut, texts.length);
        const since = Math.min(seen, before);
        const stream = new EventStream({ clock: systemClock, name: 's1' });
        const first = await http.open();
        stream.attach(first.response);
        for (const message of texts.slice(0, before)) stream.send(message);
        await first.leave();
        for (const message of texts.slice(before)) expect(stream.send(message)).toBe(true);
        const second = await http.open();
        stream.attach(second.response, {}, since);
        stream.end();
        expect(eventsIn(await second.text())).toEqual(texts.slice(since).map((data, index) => ({ id: `s1_${since + index + 1}`, data })));
      }),
      { numRuns: 40 },
    );
  });

  test('can be fetched after its end', async () => {
    let ends = 0;
    const stream = new EventStream({ clock: systemClock, name: 's1', onEnd: () => ends++ });
    stream.send('1');
    stream.end();
    stream.end();
    const { response, text } = await http.open();
    stream.attach(response);
    expect(eventsIn(await text())).toEqual([{ id: 's1_1', data: '1' }]);
    expect([stream.isEnded, ends]).toEqual([true, 1]);
  });

  test('keeps the last thousand events, and no more than a mebibyte of them', async () => {
    const many = new EventStream({ clock: systemClock, name: 's1' });
    for (let count = 1; count <= 1_500; count++) many.send(String(count));
    many.end();
    const one = await http.open();
    many.attach(one.response);
    expect(eventsIn(await one.text()).map(({ data }) => Number(data))).toEqual(Array.from({ length: 1_000 }, (_, index) => 501 + index));

    const large = new EventStream({ clock: systemClock, name: 's2' });
    for (const letter of ['a', 'b', 'c']) large.send(letter.repeat(600_000));
    large.end();
    const other = await http.open();
    large.attach(other.response);
    expect(eventsIn(await other.text()).map(({ data }) => data[0])).toEqual(['c']);
  });

  test('that is fetched twice at once goes on over the newer connection, and the older one ends', async () => {
    const stream = new EventStream({ clock: systemClock, name: 's1' });
    let gone = 0;
    stream.onGone = () => gone++;
    const [older, newer] = [await http.open(), await http.open()];
    stream.attach(older.response);
    stream.send('1');
    stream.attach(newer.response, {}, 1);
    stream.send('2');
    expect(eventsIn(await older.text()).map(({ data }) => data)).toEqual(['1']);
    stream.end();
    expect(eventsIn(await newer.text()).map(({ data }) => data)).toEqual(['2']);
    expect(gone).toBe(0);
  });
});

test('[RL-07] a reader that stopped is cut off before it fills the memory, and the stream tells that it is gone', async () => {
  const stream = new EventStream({ clock: systemClock });
  const gone = new Promise<void>((resolve) => {
    stream.onGone = resolve;
  });
  const { response, head } = await http.open(false);
  stream.attach(response);
  await head();
  const message = 'x'.repeat(64 * 1024);
  let unreadMax = 0;
  for (let count = 0; count < 1_000 && !response.destroyed; count++) {
    stream.send(message);
    unreadMax = Math.max(unreadMax, response.writableLength);
  }
  await gone;
  expect(response.destroyed).toBe(true);
  expect(unreadMax).toBeLessThan(2 * (1 << 20));
  expect(stream.isAttached).toBe(false);
});

test('a client that leaves is told once; a stream that ends is not gone', async () => {
  const stream = new EventStream({ clock: systemClock });
  let gone = 0;
  stream.onGone = () => gone++;
  const first = await http.open();
  stream.attach(first.response);
  await first.leave();
  expect(gone).toBe(1);
  const second = await http.open();
  stream.attach(second.response);
  stream.end();
  await second.text();
  expect(gone).toBe(1);
});

test('[F-38] [RL-07] a reader that takes nothing for two beats is cut off, one that reads is not', async () => {
  const clock = new MovableClock();
  const stalled = await http.open(false);
  const reading = await http.open();
  const [lost, kept] = [new EventStream({ clock }), new EventStream({ clock })];
  lost.attach(stalled.response);
  kept.attach(reading.response);
  await stalled.head();
  // Past what the system itself holds for a reader, below what is cut off at once.
  while (stalled.response.writableLength === 0) {
    lost.send('x'.repeat(200_000));
    await new Promise((resolve) => setImmediate(resolve));
  }
  kept.send('y'.repeat(200_000));
  await reading.text((text) => text.includes('yyy\n\n'));
  await clock.move(15_000);
  expect(stalled.response.destroyed).toBe(false);
  await clock.move(15_000);
  expect(stalled.response.destroyed).toBe(true);
  await clock.move(15_000);
  expect(reading.response.destroyed).toBe(false);
  kept.end();
});
