import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { type OpenResponse, type ResponseServer, startResponses } from '../../test/support/open-response.ts';
import { systemClock } from '../base/clock.ts';
import { EventStream } from './event-stream.ts';
import { Outbox } from './outbox.ts';
import { HttpReply, type HttpReplyOptions, StreamReply } from './reply.ts';

let http: ResponseServer;
beforeAll(async () => {
  http = await startResponses();
});
afterAll(() => http.close());

async function replyTo(changes: Partial<HttpReplyOptions> = {}): Promise<OpenResponse & { readonly reply: HttpReply }> {
  const open = await http.open();
  const reply = new HttpReply({
    http: open.response,
    clock: systemClock,
    outbox: new Outbox(changes.clock ?? systemClock),
    canStream: true,
    openStream: undefined,
    headers: {},
    answers: 1,
    isBatch: false,
    ...changes,
  });
  return { ...open, reply };
}

/** The messages of an answer in either form. */
function messagesIn(text: string): unknown[] {
  if (!text.startsWith('event:') && !text.startsWith('retry:')) return [JSON.parse(text)].flat() as unknown[];
  return [...text.matchAll(/^data: (.+)$/gm)].map((match) => JSON.parse(match[1] ?? '') as unknown);
}

describe('a lone answer', () => {
  test('leaves as JSON with its length, its status and its headers, not to be kept', async () => {
    const { reply, head, text } = await replyTo({ headers: { 'mcp-session-id': 's' } });
    reply.end('{"ö":1}', 404, { 'retry-after': '3' });
    const { statusCode, headers } = await head();
    expect(statusCode).toBe(404);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': '8',
      'cache-control': 'no-store',
      'mcp-session-id': 's',
      'retry-after': '3',
    });
    expect(await text()).toBe('{"ö":1}');
  });

  test('in pieces leaves with the length of all of them, or as one event', async () => {
    const pieces = ['{"', 'ö', '":1}'].map((piece) => Buffer.from(piece));
    const alone = await replyTo();
    alone.reply.end(pieces, 200);
    expect((await alone.head()).headers['content-length']).toBe('8');
    expect(await alone.text()).toBe('{"ö":1}');
    const streamed = await replyTo();
    streamed.reply.send('{"n":1}');
    streamed.reply.end(pieces, 200);
    expect(await streamed.text()).toMatch(/\ndata: {"ö":1}\n\n$/);
  });

  test('after a message is the last event of a stream', async () => {
    const { reply, head, text } = await replyTo();
    expect(reply.send('{"n":1}')).toBe(true);
    reply.end('{"n":2}', 500);
    expect((await head()).headers['content-type']).toBe('text/event-stream');
    expect(await text()).toBe('event: message\ndata: {"n":1}\n\nevent: message\ndata: {"n":2}\n\n');
  });

  test('that takes over 15 s begins as a stream, so that nothing on the way gives up', async () => {
    const clock = new MovableClock();
    const { reply, head, text } = await replyTo({ clock });
    await clock.move(15_000);
    expect((await head()).headers['content-type']).toBe('text/event-stream');
    await clock.move(15_000);
    reply.end('{}', 200);
    expect(await text()).toBe(': keep-alive\n\nevent: message\ndata: {}\n\n');
  });
});

test('a client that takes no stream gets its answer alone, however late', async () => {
  const clock = new MovableClock();
  const { reply, head, text } = await replyTo({ clock, canStream: false });
  expect(reply.send('{"n":1}')).toBe(false);
  await clock.move(60_000);
  reply.end('{"n":2}', 200);
  expect((await head()).headers['content-type']).toBe('application/json');
  expect(await text()).toBe('{"n":2}');
});

test('every request of a batch is answered once, as an array or as events, whatever comes between', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.array(fc.boolean(), { maxLength: 6 }), async (answers, notices) => {
      const { reply, text } = await replyTo({ answers, isBatch: true });
      let sent = 0;
      for (let id = 0; id < answers; id++) {
        if (notices[id] === true && reply.send(JSON.stringify({ method: 'n' }))) sent++;
        reply.end(JSON.stringify({ id }), 200);
      }
      const messages = messagesIn(await text()) as { id?: number; method?: string }[];
      expect(messages.flatMap(({ id }) => (id === undefined ? [] : [id])).toSorted()).toEqual(Array.from({ length: answers }, (_, id) => id));
      expect(messages.filter(({ method }) => method === 'n')).toHaveLength(sent);
    }),
    { numRuns: 40 },
  );
});

describe('[TR-23] a client that goes away', () => {
  test('before the answer is noticed once, and gets nothing more', async () => {
    const { reply, leave } = await replyTo();
    let gone = 0;
    reply.onGone = () => gone++;
    await leave();
    expect([gone, reply.isGone, reply.send('{}')]).toEqual([1, true, false]);
    expect(() => reply.end('{}', 200)).not.toThrow();
  });

  test('in the middle of a stream is noticed too', async () => {
    const { reply, leave } = await replyTo();
    let gone = 0;
    reply.onGone = () => gone++;
    reply.send('{}');
    await leave();
    expect([gone, reply.isGone]).toEqual([1, true]);
  });

  test('after the answer is not', async () => {
    const { reply, response, leave } = await replyTo();
    let gone = 0;
    reply.onGone = () => gone++;
    reply.end('{}', 200);
    if (!response.closed) await leave();
    expect([gone, reply.isGone]).toEqual([0, false]);
  });

  test('from a resumable stream finds its answer there when it comes back', async () => {
    const stream = new EventStream({ clock: systemClock, name: 's1' });
    const { reply, leave } = await replyTo({ openStream: () => stream });
    reply.send('{"n":1}');
    await leave();
    expect(reply.isGone).toBe(false);
    expect(reply.send('{"n":2}')).toBe(true);
    reply.end('{"n":3}', 200);
    const again = await http.open();
    stream.attach(again.response, {}, 1);
    expect(messagesIn(await again.text())).toEqual([{ n: 2 }, { n: 3 }]);
  });
});

test('a client of 2024-11-05 hears everything on its one stream', async () => {
  const { response, text } = await http.open();
  const stream = new EventStream({ clock: systemClock });
  const reply = new StreamReply(stream);
  expect(reply.isGone).toBe(true);
  stream.attach(response);
  expect([reply.isGone, reply.send('{"n":1}')]).toEqual([false, true]);
  reply.end('{"n":2}');
  stream.end();
  expect(messagesIn(await text())).toEqual([{ n: 1 }, { n: 2 }]);
});
