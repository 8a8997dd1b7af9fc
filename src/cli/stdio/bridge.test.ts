import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { Bridge } from './bridge.ts';
import { createOutlet } from './outlet.ts';
import { createWire } from './wire.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

test('what the server sends outside any request arrives, and the answer to its request is posted in the session', async () => {
  const posted: string[] = [];
  const { bridge, next } = await open((request, response, body) => {
    if (request.method === 'GET') {
      expect(request.headers['mcp-session-id']).toBe('s');
      return void response
        .writeHead(200, EVENT_STREAM)
        .write('data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\ndata: {"jsonrpc":"2.0","id":"q","method":"roots/list"}\n\n');
    }
    posted.push(`${String(request.headers['mcp-session-id'])} ${body}`);
    return handshake(response, body) || void response.writeHead(202).end();
  });
  await bridge.receive(INITIALIZE);
  expect(await next()).toContain('"protocolVersion"');
  await bridge.receive(INITIALIZED);
  expect(await next()).toBe('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');
  expect(await next()).toBe('{"jsonrpc":"2.0","id":"q","method":"roots/list"}');
  await bridge.receive('{"jsonrpc":"2.0","id":"q","result":{"roots":[]}}');
  await bridge.drain(1000);
  expect(posted.at(-1)).toBe('s {"jsonrpc":"2.0","id":"q","result":{"roots":[]}}');
});

test('a broken stream with event ids is resumed where it broke, and the call is posted once', async () => {
  const seen: string[] = [];
  const { bridge, next } = await open((request, response, body) => {
    seen.push(`${String(request.method)} ${String(request.headers['last-event-id'])}`);
    if (request.method === 'GET') return void response.writeHead(200, EVENT_STREAM).end('id: 2\ndata: {"jsonrpc":"2.0","id":5,"result":{"ok":true}}\n\n');
    if (handshake(response, body)) return;
    response
      .writeHead(200, EVENT_STREAM)
      .end('id: 1\nretry: 1\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}\n\n');
  });
  await bridge.receive(INITIALIZE);
  await next();
  await bridge.receive('{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"x"}}');
  expect(await next()).toContain('notifications/progress');
  expect(await next()).toBe('{"jsonrpc":"2.0","id":5,"result":{"ok":true}}');
  expect(seen).toEqual(['POST undefined', 'POST undefined', 'GET 1']);
});

test('numbers, key order and unknown fields pass through untouched in both directions', async () => {
  let got = '';
  const answer = '{"jsonrpc":"2.0","id":1,"result":{"z":9007199254740993,"a":1.0,"unknown":{"x":[1e400]}}}';
  const { bridge, next } = await open((_request, response, body) => {
    got = body;
    response.writeHead(200, JSON_TYPE).end(answer.replace('"z"', '\n"z"'));
  });
  const line = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"n":12345678901234567890}}}';
  await bridge.receive(line);
  expect(await next()).toBe(answer.replace('"z"', ' "z"'));
  expect(got).toBe(line);
});

test("the gateway's own JSON-RPC error reaches the client under the request's id, whatever the status", async () => {
  const { bridge, next } = await open(
    (_request, response) =>
      void response
        .writeHead(429, JSON_TYPE)
        .end('{"jsonrpc":"2.0","id":null,"error":{"code":-31008,"message":"Too many requests.","data":{"reason":"limit"}}}'),
  );
  await bridge.receive('{"jsonrpc":"2.0","id":"x","method":"tools/list"}');
  expect(await next()).toBe('{"jsonrpc":"2.0","id":"x","error":{"code":-31008,"message":"Too many requests.","data":{"reason":"limit"}}}');
});

test.each([
  [401, -32600, 'METAMCP_KEY'],
  [404, -32600, '--endpoint'],
  [502, -31001, 'not available'],
  [302, -31004, 'without a JSON-RPC answer'],
])('HTTP %i without a JSON-RPC answer becomes an error that says what to do', async (status, code, words) => {
  const { bridge, next } = await open((_request, response) => void response.writeHead(status, { 'content-type': 'text/html' }).end('<p>no</p>'));
  await bridge.receive('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
  const { error } = JSON.parse(await next()) as { error: { code: number; message: string } };
  expect(error.code).toBe(code);
  expect(error.message).toContain(words);
});

test('a cancelled call of a session is told to the server and never answered', async () => {
  const arrived = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<string>();
  const closed = Promise.withResolvers<void>();
  const { bridge, lines } = await open((request, response, body) => {
    if (handshake(response, body)) return;
    if (body.includes('notifications/cancelled')) {
      cancelled.resolve(body);
      return void response.writeHead(202).end();
    }
    request.socket.once('close', () => closed.resolve());
    arrived.resolve();
  });
  await bridge.receive(INITIALIZE);
  await bridge.receive('{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"x"}}');
  await arrived.promise;
  await bridge.receive('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}');
  expect(await cancelled.promise).toContain('"requestId":5');
  await closed.promise;
  await bridge.drain(1000);
  expect(lines.map((line) => (JSON.parse(line) as { id: number }).id)).toEqual([1]);
});

test('a second request under an id that still waits is refused, and the first goes on', async () => {
  const waiting: ServerResponse[] = [];
  const arrived = Promise.withResolvers<void>();
  const { bridge, next } = await open((_request, response) => {
    waiting.push(response);
    arrived.resolve();
  });
  await bridge.receive('{"jsonrpc":"2.0","id":1,"method":"ping"}');
  await bridge.receive('{"jsonrpc":"2.0","id":1,"method":"ping"}');
  expect(JSON.parse(await next())).toMatchObject({ id: 1, error: { code: -32600 } });
  await arrived.promise;
  waiting[0]?.writeHead(200, JSON_TYPE).end('{"jsonrpc":"2.0","id":1,"result":{}}');
  expect(JSON.parse(await next())).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
});

test('when the client reads no more, the stream from the gateway stops as well', async () => {
  const event = `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":"${'x'.repeat(60_000)}"}}\n\n`;
  let isFull = false;
  const full = Promise.withResolvers<void>();
  const { bridge, stdout } = await open(
    (_request, response) => {
      response.writeHead(200, EVENT_STREAM);
      const pump = (count: number): void => {
        if (count === 0) return void response.end();
        if (response.write(event)) return void setImmediate(pump, count - 1);
        // The socket takes no more for a while: the bridge is not reading.
        const timer = setTimeout(() => {
          isFull = true;
          full.resolve();
        }, 300);
        response.once('drain', () => {
          clearTimeout(timer);
          pump(count - 1);
        });
      };
      pump(2000);
    },
    { isRead: false },
  );
  await bridge.receive('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}');
  await full.promise;
  expect(isFull).toBe(true);
  expect(stdout.readableLength + stdout.writableLength).toBeLessThan(1 << 20);
});

const EVENT_STREAM = { 'content-type': 'text/event-stream' };
const JSON_TYPE = { 'content-type': 'application/json' };
const INITIALIZE =
  '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}';
const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';

/** Answers `initialize`; false for everything else. */
function handshake(response: ServerResponse, body: string): boolean {
  if (!body.includes('"initialize"')) return false;
  response
    .writeHead(200, { ...JSON_TYPE, 'mcp-session-id': 's' })
    .end('{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}');
  return true;
}

async function open(handler: Handler, { isRead = true } = {}): Promise<{ bridge: Bridge; next: () => Promise<string>; lines: string[]; stdout: PassThrough }> {
  const server: Server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => handler(request, response, Buffer.concat(pieces).toString()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  const wire = createWire({ findTarget: () => Promise.resolve({ url, headers: {} }), proxies: {} });
  const stdout = new PassThrough();
  const bridge = new Bridge({ wire, clock: systemClock, outlet: createOutlet(stdout, new PassThrough().resume(), () => undefined) });
  closers.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => Promise.resolve(server.closeAllConnections()),
    () => wire.close(),
    () => bridge.close(100),
    () => Promise.resolve(stdout.destroy()),
  );
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let taken = 0;
  if (isRead) {
    stdout.on('data', (piece: Buffer) => {
      for (const line of piece
        .toString()
        .split('\n')
        .filter((text) => text !== ''))
        lines.push(line);
      while (waiting.length > 0 && taken < lines.length) waiting.shift()?.(lines[taken++] ?? '');
    });
  }
  const next = async (): Promise<string> => (taken < lines.length ? (lines[taken++] ?? '') : await new Promise((resolve) => waiting.push(resolve)));
  return { bridge, next, lines, stdout };
}
