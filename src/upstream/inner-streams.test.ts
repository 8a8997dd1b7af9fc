import { once } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { JsonValue } from '../protocol/messages.ts';
import { InnerStreams } from './inner-streams.ts';

/** Both ends of a connection. */
function ends(): [Duplex, Duplex] {
  const [there, back] = [new PassThrough(), new PassThrough()];
  return [Duplex.from({ readable: there, writable: back }), Duplex.from({ readable: back, writable: there })];
}

/** A server that answers when it is told to. */
function joined(streams: InnerStreams) {
  const [near, far] = ends();
  const received: string[] = [];
  let isClosed = false;
  let say: (message: JsonValue) => void = () => undefined;
  streams.join(near, (send) => {
    say = send;
    return {
      receive: (line) => {
        received.push(line);
        return Promise.resolve();
      },
      close: () => {
        isClosed = true;
      },
    };
  });
  return { near, far, received, say: (message: JsonValue) => say(message), isClosed: () => isClosed };
}

test('each stream has a server of its own, to which lines go as they come and from which messages come as lines', async () => {
  const streams = new InnerStreams();
  const [one, two] = [joined(streams), joined(streams)];
  one.far.write('{"jsonrpc":"2.0","id":1,"meth');
  one.far.write('od":"ping"}\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  await expect.poll(() => one.received).toEqual(['{"jsonrpc":"2.0","id":1,"method":"ping"}', '{"jsonrpc":"2.0","method":"notifications/initialized"}']);
  expect(two.received).toEqual([]);
  one.say({ jsonrpc: '2.0', id: 1, result: {} });
  expect(String((await once(one.far, 'data'))[0])).toBe('{"jsonrpc":"2.0","id":1,"result":{}}\n');
  one.far.end();
  await expect.poll(one.isClosed).toBe(true);
  expect(two.isClosed()).toBe(false);
});

test('a gateway that leaves ends streams at rest, and the others when they are', async () => {
  const streams = new InnerStreams();
  const [busy, idle] = [joined(streams), joined(streams)];
  busy.far.write('{"jsonrpc":"2.0","id":"a","method":"tools/call"}\n');
  await expect.poll(() => busy.received).toHaveLength(1);
  idle.far.resume();
  expect(streams.leave()).toBe(1);
  await once(idle.far, 'end');
  // A notice is no answer.
  busy.say({ jsonrpc: '2.0', method: 'notifications/progress', params: {} });
  expect(streams.leave()).toBe(1);
  busy.say({ jsonrpc: '2.0', id: 'a', result: {} });
  expect(streams.leave()).toBe(0);
});

test('a stream that carries what is no line of a message that could be ends', async () => {
  const streams = new InnerStreams();
  const { far, near, isClosed } = joined(streams);
  far.on('error', () => undefined);
  far.write(Buffer.alloc((16 << 20) + 2, 0x61));
  await expect.poll(() => near.destroyed, { timeout: 10_000 }).toBe(true);
  await expect.poll(isClosed).toBe(true);
});
