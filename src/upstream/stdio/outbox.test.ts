import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Outbox } from './outbox.ts';

/** Takes writes only when told to, as a pipe does whose reader sleeps. */
class Pipe extends Writable {
  readonly writes: string[] = [];
  readonly #taken: (() => void)[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(chunk.toString());
    this.#taken.push(done);
  }

  take(): void {
    this.#taken.shift()?.();
  }
}

test('the messages of one turn go out in one write, in order', async () => {
  const pipe = new Pipe();
  const outbox = new Outbox(pipe);
  for (const text of ['1', '2', '3']) outbox.add(text);
  queueMicrotask(() => outbox.add('4'));
  expect(pipe.writes).toEqual([]);
  await turn();
  expect(pipe.writes).toEqual(['1\n2\n3\n4\n']);
});

test('what the reader took is free again', async () => {
  const pipe = new Pipe();
  const outbox = new Outbox(pipe);
  const half = 'é'.repeat(2 * 1024 * 1024 - 1);
  outbox.add(half);
  outbox.add(half);
  expect(() => outbox.add(half)).toThrow(expect.objectContaining({ code: 'limit.overloaded', isRetryable: true }));
  await turn();
  expect(outbox.queuedBytes).toBe(8 * 1024 * 1024 - 2);
  expect(() => outbox.add(half)).toThrow();
  pipe.take();
  await turn();
  expect(outbox.queuedBytes).toBe(0);
  outbox.add(half);
});

test('one message above the bound is let through when nothing else waits', () => {
  const outbox = new Outbox(new Pipe());
  outbox.add('x'.repeat(9 * 1024 * 1024));
  expect(() => outbox.add('x')).toThrow(expect.objectContaining({ code: 'limit.overloaded' }));
});

test('the end writes what waits, and nothing is taken after it', async () => {
  const pipe = new Pipe();
  const outbox = new Outbox(pipe);
  outbox.add('last');
  outbox.end();
  outbox.end();
  expect(() => outbox.add('more')).toThrow(expect.objectContaining({ code: 'upstream.closed', effect: 'not_executed' }));
  await turn();
  expect(pipe.writes).toEqual(['last\n']);
});

test.each(['\n', '\r', '\r\n'])('a raw %j never goes out', async (lineEnd) => {
  const pipe = new Pipe();
  const outbox = new Outbox(pipe);
  expect(() => outbox.add(`{"a":1,${lineEnd}"b":2}`)).toThrow(expect.objectContaining({ code: 'gateway.bug' }));
  await turn();
  expect(pipe.writes).toEqual([]);
});
