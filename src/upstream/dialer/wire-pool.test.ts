import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { MovableClock } from '../../../test/support/movable-clock.ts';
import { createDialer } from './dialer.ts';
import { WirePool } from './wire-pool.ts';
import type { WireController, WireHandler } from './wire-request.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** A server whose answers the test writes: `requests` are the first lines as they came. */
async function startServer(answer: (socket: Socket, request: string, count: number) => void) {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      const request = bytes.toString('latin1');
      requests.push(request);
      answer(socket, request, requests.length);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, requests, sockets };
}

function openPool(port: number, connectionsMax = 64): { readonly pool: WirePool; readonly clock: MovableClock; readonly dials: () => number } {
  const clock = new MovableClock();
  let dials = 0;
  const target = createDialer({ clock: systemClock, ownListeners: () => [] }).operatorTarget(`http://127.0.0.1:${port}/`, 'fake');
  const pool = new WirePool({
    clock,
    connectionsMax,
    headBytesMax: 4_096,
    target: {
      ...target,
      open: (read) => {
        dials++;
        return target.open(read);
      },
    },
  });
  cleanups.push(() => pool.destroy());
  return { pool, clock, dials: () => dials };
}

interface Heard extends WireHandler {
  readonly over: Promise<'end' | Error>;
  controller: WireController | undefined;
  isStarted: boolean;
  body: string;
}

function listener(onStart: (controller: WireController) => void = () => undefined): Heard {
  const { promise: over, resolve } = Promise.withResolvers<'end' | Error>();
  const heard: Heard = {
    over,
    controller: undefined,
    isStarted: false,
    body: '',
    onRequestStart(controller) {
      heard.isStarted = true;
      heard.controller = controller;
      onStart(controller);
    },
    onResponseStart: () => undefined,
    onResponseData: (_controller, chunk) => (heard.body += chunk.toString()),
    onResponseEnd: () => resolve('end'),
    onResponseError: (_controller, error) => resolve(error),
  };
  return heard;
}

const ok = (body: string, more = ''): string => `HTTP/1.1 200 OK\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const get = (path: string) => ({ method: 'GET', path, headers: [] }) as const;
const pathOf = (request: string): string => request.split(' ')[1] ?? '';

describe('a pool', () => {
  test('uses a connection again for the next request, and never for two at once', async () => {
    const { port } = await startServer((socket, request) => socket.write(ok(pathOf(request))));
    const { pool, dials } = openPool(port);
    for (const path of ['/a', '/b', '/c']) {
      const heard = listener();
      pool.dispatch(get(path), heard);
      expect(await heard.over).toBe('end');
      expect(heard.body).toBe(path);
    }
    expect(dials()).toBe(1);
    const many = Array.from({ length: 200 }, () => listener());
    for (const [index, heard] of many.entries()) pool.dispatch(get(`/${index}`), heard);
    expect(await Promise.all(many.map(({ over }) => over))).toEqual(many.map(() => 'end'));
    expect(many.map(({ body }) => body)).toEqual(many.map((_, index) => `/${index}`));
    expect(dials()).toBeLessThanOrEqual(64);
  });

  test('writes texts beyond ASCII by their bytes', async () => {
    const { port, requests } = await startServer((socket) => socket.write(ok('')));
    const { pool } = openPool(port);
    const heard = listener();
    pool.dispatch({ method: 'POST', path: '/', headers: ['x-a', 'é'], body: '"€"' }, heard);
    expect(await heard.over).toBe('end');
    expect(requests[0]).toMatch(/^POST \/ HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\nconnection: keep-alive\r\nx-a: é\r\ncontent-length: 5\r\n\r\n"\xe2\x82\xac"$/);
  });

  test.each([
    ['a line break in a value', ['x-a', 'a\r\nx-b: c']],
    ['a name with a space', ['x a', 'a']],
    ['a nought byte', ['x-a', 'a\0']],
    ['a letter beyond Latin-1', ['x-a', '€']],
  ])('[SF-11] sends nothing where a header has %s, and goes on with the connection', async (_what, headers) => {
    const { port, requests } = await startServer((socket) => socket.write(ok('')));
    const { pool, dials } = openPool(port);
    const refused = listener();
    pool.dispatch({ ...get('/bad'), headers }, refused);
    expect(await refused.over).toBeInstanceOf(TypeError);
    const next = listener();
    pool.dispatch(get('/good'), next);
    expect(await next.over).toBe('end');
    expect(requests.map(pathOf)).toEqual(['/good']);
    expect(dials()).toBe(1);
  });

  test('does not use a connection again on which more came than was asked for', async () => {
    const { port } = await startServer((socket, request) => socket.write(ok(pathOf(request)) + ok('/planted')));
    const { pool, dials } = openPool(port);
    for (const path of ['/a', '/b']) {
      const heard = listener();
      pool.dispatch(get(path), heard);
      expect(await heard.over).toBe('end');
      expect(heard.body).toBe(path);
    }
    expect(dials()).toBe(2);
  });

  test('closes connections that are idle for four seconds, and uses none a second before the server would close it', async () => {
    const { port, sockets } = await startServer((socket, request) => socket.write(ok('', request.includes('/short') ? 'keep-alive: timeout=2\r\n' : '')));
    const { pool, clock, dials } = openPool(port);
    const go = async (path: string): Promise<void> => {
      const heard = listener();
      pool.dispatch(get(path), heard);
      expect(await heard.over).toBe('end');
    };
    await go('/short');
    await clock.move(1_001);
    await go('/long');
    expect(dials()).toBe(2);
    await clock.move(8_001);
    await expect.poll(() => sockets.size).toBe(0);
  });
});

describe('an exchange that is aborted', () => {
  test('while it waits for a connection is not sent, and its connection serves the next', async () => {
    const { port, requests } = await startServer((socket) => socket.write(ok('')));
    const { pool, dials } = openPool(port, 1);
    const aborted = listener((controller) => controller.abort(new Error('not wanted')));
    const next = listener();
    pool.dispatch(get('/aborted'), aborted);
    pool.dispatch(get('/next'), next);
    expect(await aborted.over).toEqual(new Error('not wanted'));
    expect(await next.over).toBe('end');
    expect(requests.map(pathOf)).toEqual(['/next']);
    expect(dials()).toBe(1);
  });

  test('late does not touch the exchange that came after it', async () => {
    const { port } = await startServer((socket, request, count) => {
      if (count === 1) socket.write(ok('first'));
      else setImmediate(() => socket.write(ok(pathOf(request))));
    });
    const { pool } = openPool(port, 1);
    const first = listener();
    pool.dispatch(get('/a'), first);
    expect(await first.over).toBe('end');
    const second = listener();
    pool.dispatch(get('/b'), second);
    first.controller?.abort(new Error('too late'));
    expect(await second.over).toBe('end');
    expect(second.body).toBe('/b');
  });
});

test('a request with a time ends in time, whether it waits for a connection or for an answer', async () => {
  const { port } = await startServer(() => undefined);
  const { pool, clock } = openPool(port, 1);
  const asked = listener();
  const waiting = listener();
  pool.dispatch({ ...get('/asked'), timeoutMs: 1_000 }, asked);
  await expect.poll(() => asked.isStarted).toBe(true);
  pool.dispatch({ ...get('/waiting'), timeoutMs: 900 }, waiting);
  await clock.move(1_000);
  expect(await asked.over).toMatchObject({ message: 'no answer within 1000 ms' });
  expect(await waiting.over).toMatchObject({ message: 'no answer within 900 ms' });
  expect(waiting.isStarted).toBe(false);
});

test('a pool that is destroyed fails what is under way and what waits, and takes nothing more', async () => {
  const { port } = await startServer(() => undefined);
  const { pool } = openPool(port, 1);
  const [running, waiting, late] = [listener(), listener(), listener()];
  pool.dispatch(get('/'), running);
  await expect.poll(() => running.isStarted).toBe(true);
  pool.dispatch(get('/'), waiting);
  const destroyed = pool.destroy();
  pool.dispatch(get('/'), late);
  for (const heard of [running, waiting, late]) expect(await heard.over).toMatchObject({ message: 'the link is closed' });
  await destroyed;
});
