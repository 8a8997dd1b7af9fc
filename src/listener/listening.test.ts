import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { listen } from './listening.ts';
import { RequestQueue } from './request-queue.ts';

const HERE = { host: '127.0.0.1', port: 0 };

test('a listener that closes lets the answer under way out and does not wait for its connection to be used again', async () => {
  const answer = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const listening = await listen(
    HERE,
    (_http, response) => {
      asked.resolve();
      void answer.promise.then(() => response.end('done'));
    },
    systemClock,
  );
  const client = connect(listening.port, HERE.host);
  let text = '';
  client.on('data', (chunk: Buffer) => (text += chunk.toString()));
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await asked.promise;
  const ended = once(client, 'close');
  const closed = listening.close(20_000);
  answer.resolve();
  await Promise.all([closed, ended]);
  expect(text).toContain('done');
}, 5_000);

test('a client that never finishes is cut off when the time to drain is over', async () => {
  const asked = Promise.withResolvers<void>();
  const listening = await listen(HERE, () => asked.resolve(), systemClock);
  const client = connect(listening.port, HERE.host);
  client.on('error', () => undefined);
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await asked.promise;
  await Promise.all([listening.close(50), once(client, 'close')]);
}, 5_000);

test('a port that is taken is a fault that says what to do', async () => {
  const first = await listen(HERE, () => undefined, systemClock);
  await expect(listen({ ...HERE, port: first.port }, () => undefined, systemClock)).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining(`Port ${first.port} on 127.0.0.1 is taken`),
  });
  await first.close(0);
});

test('a connection that never sent anything does not hold a closing listener', async () => {
  const listening = await listen(HERE, () => undefined, systemClock);
  const client = connect(listening.port, HERE.host);
  client.on('error', () => undefined);
  await Promise.all([once(client, 'connect'), once(listening.server, 'connection')]);
  await Promise.all([listening.close(20_000), once(client, 'close')]);
}, 5_000);

/** A connection that asks and is answered, and is then kept. */
async function kept(port: number, method: string): Promise<{ ask: () => Promise<string>; closed: Promise<unknown> }> {
  const client = connect(port, HERE.host);
  const closed = once(client, 'close');
  const ask = async (): Promise<string> => {
    client.write(`${method} /metamcp/dev/mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}`);
    let text = '';
    while (!text.includes('done')) text += String((await once(client, 'data'))[0]);
    return text;
  };
  expect(await ask()).toMatch(/^connection: keep-alive\r$/im);
  return { ask, closed };
}

test.each(['PUT', 'POST'])('a request (%s) that is on its way over a kept connection when the listener closes is answered, and told that it is the last', async (method) => {
  const answer = (_http: unknown, response: { end: (text: string) => unknown }): void => void response.end('done');
  const listening = await listen(HERE, { all: answer, plainPosts: { handler: answer, queue: new RequestQueue(systemClock) } }, systemClock);
  const [used, idle] = [await kept(listening.port, method), await kept(listening.port, method)];
  const events: string[] = [];
  const closed = listening.close(20_000, () => events.push('quiet')).then(() => events.push('closed'));
  expect(await used.ask()).toMatch(/^connection: close\r$/im);
  await used.closed;
  expect(events).toEqual([]);
  await Promise.all([idle.closed, closed]);
  expect(events).toEqual(['quiet', 'closed']);
  const late = connect(listening.port, HERE.host);
  expect(((await once(late, 'error')) as [NodeJS.ErrnoException])[0].code).toBe('ECONNREFUSED');
}, 5_000);

test('a listener that nobody is connected to closes at once', async () => {
  const listening = await listen(HERE, () => undefined, systemClock);
  let isQuiet = false;
  const startedMs = systemClock.monotonicMs();
  await listening.close(20_000, () => {
    isQuiet = true;
  });
  expect(isQuiet).toBe(true);
  expect(systemClock.monotonicMs() - startedMs).toBeLessThan(200);
});
