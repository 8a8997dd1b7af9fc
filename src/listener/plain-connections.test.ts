import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import type { HttpRequest, HttpResponse } from '../base/http.ts';
import { PlainPost } from '../base/http.ts';
import { listen, type Listening } from './listening.ts';
import { RequestQueue } from './request-queue.ts';

const KEPT_MS = 65_000;
const clock = new MovableClock();
const sockets: Socket[] = [];
let listening: Listening | undefined;

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listening?.close(0);
});

/** `plainPosts` answers with what it is told; everything else is told that it went the long way. */
async function start(plainPosts: (http: HttpRequest, response: HttpResponse) => void, queue = new RequestQueue(clock)): Promise<{ readonly socket: Socket; readonly text: () => string }> {
  listening = await listen({ host: '127.0.0.1', port: 0 }, { all: (http, response) => void http.resume().on('end', () => response.end(`long way ${http.method}`)), plainPosts: { handler: plainPosts, queue } }, clock);
  return open();
}

function open(): { readonly socket: Socket; readonly text: () => string } {
  const socket = connect(listening?.port ?? 0, '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  return { socket, text: () => text };
}

function post(body: string, more = ''): string {
  return `POST /metamcp/dev/mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;
}

function echo(http: HttpRequest, response: HttpResponse): void {
  if (!(http instanceof PlainPost)) throw new Error('a plain post is a PlainPost');
  const body = `got ${http.body.toString()}`;
  response.writeHead(200, ['content-type', 'text/plain', 'content-length', body.length] as unknown as never).end(body, 'latin1');
}

async function comes(text: () => string, wanted: RegExp): Promise<void> {
  await expect.poll(text, { timeout: 5_000 }).toMatch(wanted);
}

test('the answer to a plain post leaves in one piece, with date and how long the connection is kept', async () => {
  const { socket, text } = await start(echo);
  socket.write(post('one'));
  await comes(text, /got one$/);
  expect(text()).toBe('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 7\r\ndate: Tue, 14 Nov 2023 22:13:20 GMT\r\nconnection: keep-alive\r\nkeep-alive: timeout=65\r\n\r\ngot one');
});

test('requests that come together are answered one after the other; one in pieces goes the long way, and so does all that follows on its connection', async () => {
  const { socket, text } = await start(echo);
  socket.write(`${post('one')}${post('two')}${post('three').slice(0, 30)}`);
  await comes(text, /got one.*got two$/s);
  socket.write(post('three').slice(30));
  await comes(text, /long way POST$/);
  socket.write(post('four'));
  await comes(text, /long way POST.*long way POST$/s);
});

test('another method after plain posts goes the long way', async () => {
  const { socket, text } = await start(echo);
  socket.write(post('one'));
  await comes(text, /got one$/);
  socket.write('GET /metamcp/dev/mcp HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await comes(text, /long way GET/);
});

test('an answer without a known length goes in chunks, and what has a head only has a length of zero', async () => {
  const answers = [
    (response: HttpResponse) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      response.write('a\u00e9');
      response.write(Buffer.from('bc'));
      response.end();
    },
    (response: HttpResponse) => response.writeHead(202).end(),
  ];
  const { socket, text } = await start((_http, response) => answers.shift()?.(response));
  socket.write(post('one') + post('two'));
  await comes(text, /202 Accepted.*\r\n\r\n$/s);
  expect(text()).toContain('transfer-encoding: chunked\r\n\r\n3\r\na\u00c3\u00a9\r\n2\r\nbc\r\n0\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n');
});

test('what is written while corked leaves together, also where it is the last', async () => {
  const { socket, text } = await start((_http, response) => {
    response.cork();
    response.writeHead(200, { 'content-length': 4, connection: 'close' });
    for (const piece of ['a', 'bc', 'd']) response.write(Buffer.from(piece));
    response.end();
    response.uncork();
  });
  const chunks: string[] = [];
  socket.on('data', (chunk) => chunks.push(chunk.toString('latin1')));
  socket.write(post('one'));
  await comes(text, /abcd$/);
  expect(chunks).toHaveLength(1);
});

test('an answer that says so is the last one', async () => {
  const { socket, text } = await start((_http, response) => response.writeHead(413, { connection: 'close' }).end('no'));
  const closed = once(socket, 'close');
  socket.write(post('one') + post('two'));
  await closed;
  expect(text()).toBe('HTTP/1.1 413 Payload Too Large\r\ncontent-length: 2\r\ndate: Tue, 14 Nov 2023 22:13:20 GMT\r\nconnection: close\r\n\r\nno');
});

test('what would break out of a field is no field', async () => {
  const thrown: unknown[] = [];
  const { socket, text } = await start((_http, response) => {
    for (const headers of [{ 'x-a': 'b\r\nx-c: d' }, { 'x a': 'b' }, { 'x-a': '\0' }]) {
      try {
        response.writeHead(200, headers);
      } catch (problem) {
        thrown.push(problem);
      }
    }
    response.end('done');
  });
  socket.write(post('one'));
  await comes(text, /done$/);
  expect(thrown).toHaveLength(3);
  expect(text()).not.toMatch(/x.a/);
});

test('a client that leaves is told of once, whether it resets or says no more', async () => {
  const gone: string[] = [];
  const { socket } = await start((_http, response) => {
    response.on('close', () => gone.push('gone'));
  });
  socket.write(post('one'));
  const other = open().socket;
  other.write(post('two'));
  await expect.poll(() => other.bytesWritten).toBeGreaterThan(0);
  socket.resetAndDestroy();
  other.end();
  await expect.poll(() => gone).toEqual(['gone', 'gone']);
});

test('a request that waits for its turn is not begun where its client has left, and answered in order where it has not', async () => {
  const turns: (() => void)[] = [];
  const queue = new RequestQueue(clock, (run) => turns.push(run));
  const served: string[] = [];
  const held: HttpResponse[] = [];
  const serve = (http: HttpRequest, response: HttpResponse): void => {
    served.push((http as PlainPost).body.toString());
    held.push(response);
  };
  const { socket } = await start(serve, queue);
  const others = Array.from({ length: 31 }, open);
  for (const each of [socket, ...others.map((other) => other.socket)]) each.write(post('before'));
  await expect.poll(() => served.length).toBe(32);
  const reset = open();
  const halfClosed = open();
  const staying = open();
  for (const [index, { socket: each }] of [reset, halfClosed, staying].entries()) {
    each.write(post(`waiting ${index}`));
    await clock.move(1);
    await expect.poll(() => queue.count).toBe(index + 1);
  }
  const closed = once(halfClosed.socket, 'close');
  halfClosed.socket.end();
  reset.socket.resetAndDestroy();
  await closed;
  await expect.poll(() => new Promise((resolve) => listening?.server.getConnections((_error, count) => resolve(count)))).toBe(33);
  // Not idle: it waits.
  await clock.move(2 * KEPT_MS);
  expect(served).toHaveLength(32);
  for (const turn of turns.splice(0)) turn();
  expect(served.slice(32)).toEqual(['waiting 2']);
  for (const response of held) response.end('done');
  await comes(staying.text, /done$/);
  socket.write(post('after'));
  await expect.poll(() => served.at(-1)).toBe('after');
});

test('what is destroyed unfinished ends the connection', async () => {
  const { socket, text } = await start((_http, response) => {
    response.writeHead(200);
    response.write('half');
    response.destroy();
  });
  const closed = once(socket, 'close');
  socket.write(post('one'));
  await closed;
  expect(text()).not.toContain('0\r\n\r\n');
});

test('a connection that says nothing is refused after 10 s, an idle one is closed after 65 s', async () => {
  const { socket, text } = await start(echo);
  const silent = open();
  socket.write(post('one'));
  await comes(text, /got one$/);
  const closed = once(silent.socket, 'close');
  await clock.move(12_000);
  await closed;
  expect(silent.text()).toBe('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  expect(socket.destroyed).toBe(false);
  const over = once(socket, 'close');
  await clock.move(KEPT_MS);
  await over;
});

test('an answer that its client reads slowly is neither idle nor cut short by a closing listener', async () => {
  const bytes = 64 << 20;
  const { socket } = await start((_http, response) => response.end(Buffer.alloc(bytes, 'x')));
  socket.removeAllListeners('data').pause();
  let read = 0;
  socket.write(post('one'));
  await expect.poll(() => socket.bytesRead).toBeGreaterThan(0);
  await clock.move(KEPT_MS + 10_000);
  const closed = listening?.close(60_000);
  await clock.move(1_000);
  expect(socket.destroyed).toBe(false);
  socket.on('data', (chunk) => (read += chunk.length)).resume();
  await expect.poll(() => read, { timeout: 20_000 }).toBeGreaterThan(bytes);
  await clock.move(100);
  await closed;
});

test('a connection that was just made when the listener closes still gets an answer to its request, for half a second', async () => {
  await start(echo);
  const fresh = open();
  await once(fresh.socket, 'connect');
  await expect.poll(() => new Promise((resolve) => listening?.server.getConnections((_error, count) => resolve(count)))).toBe(2);
  const closed = listening?.close(20_000);
  await clock.move(400);
  fresh.socket.write(post('late'));
  await comes(fresh.text, /connection: close\r\n\r\ngot late$/);
  await clock.move(200);
  await closed;
});

test('a closing listener lets the answer under way out, as the last one of its connection', async () => {
  const answered = Promise.withResolvers<HttpResponse>();
  const { socket, text } = await start((_http, response) => answered.resolve(response));
  const idle = open().socket;
  await once(idle, 'connect');
  socket.write(post('one'));
  const response = await answered.promise;
  const closed = listening?.close(20_000);
  response.end('late');
  await once(socket, 'close');
  await clock.move(600);
  await closed;
  expect(text()).toMatch(/connection: close\r\n\r\nlate$/);
});
