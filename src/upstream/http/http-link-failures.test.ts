import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { selfSigned } from '../../../test/support/certificate.ts';
import { call, httpSpec, linkDeps, type LinkRecord, recordLink, result, until } from '../../../test/support/recorded-link.ts';
import { eventStream, json, messageEvent, type Script, type ScriptedServer, startScriptedServer } from '../../../test/support/scripted-server.ts';
import type { ServerSpec } from '../../model/server.ts';
import type { Link } from '../link.ts';
import { openHttpLink } from './http-link.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((clean) => clean()));
});

async function openAt(url: string, changes: Partial<ServerSpec> = {}): Promise<{ link: Link; record: LinkRecord }> {
  const record = recordLink();
  const link = await openHttpLink(httpSpec(url, changes), (text) => text, linkDeps(), record.events);
  cleanups.push(() => link.close());
  return { link, record };
}

async function open(script: Script, changes: Partial<ServerSpec> = {}, keepAliveTimeoutMs?: number): Promise<{ link: Link; record: LinkRecord; server: ScriptedServer }> {
  const server = await startScriptedServer(script, keepAliveTimeoutMs);
  return { ...(await openAt(server.url, changes)), server };
}

/** A server that gets a socket and does with it what it likes. */
async function startRawServer(take: (socket: Socket, request: Buffer) => void): Promise<{ url: string; requests: Buffer[] }> {
  const requests: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      requests.push(bytes);
      take(socket, bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, requests };
}

const idOf = (body: string): number => (JSON.parse(body) as { id: number }).id;

describe('[F-16] a connection that is reset', () => {
  test('before any header leaves the effect unknown, and the request was sent once', async () => {
    const { link, record, server } = await open(({ socket }) => socket.resetAndDestroy());
    link.send(call(1));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ id: 1, fault: { code: 'upstream.closed', effect: 'unknown', server: 'files' }, status: undefined }]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.requests).toHaveLength(1);
  });

  test('in the middle of the body delivers nothing of it', async () => {
    const { link, record, server } = await open(({ socket }, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"jsonrpc":"2.0","id":1,', () => socket.resetAndDestroy());
    });
    link.send(call(1));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ id: 1, fault: { code: 'upstream.closed', effect: 'unknown' } }]);
    expect(record.messages).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  test('in the middle of an event stream keeps what came whole', async () => {
    const { link, record, server } = await open(({ socket }, response) => {
      eventStream(response);
      response.write(`${messageEvent({ jsonrpc: '2.0', method: 'notifications/progress', params: {} })}data: {"jsonrpc":"2.0",`, () => socket.resetAndDestroy());
    });
    link.send(call(1));
    await until(record.failures);
    expect(record.messages.map(({ envelope }) => envelope.method)).toEqual(['notifications/progress']);
    expect(record.failures).toMatchObject([{ id: 1, fault: { code: 'upstream.closed', effect: 'unknown' } }]);
    expect(server.requests).toHaveLength(1);
  });

  test('on a connection used before is not sent again either', async () => {
    let count = 0;
    const { url, requests } = await startRawServer((socket) => {
      const body = JSON.stringify(result(1));
      if (++count === 1) socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      else socket.resetAndDestroy();
    });
    const { link, record } = await openAt(url);
    link.send(call(1));
    await until(record.messages);
    link.send(call(2));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ id: 2, fault: { code: 'upstream.closed', effect: 'unknown' } }]);
    expect(requests.filter((bytes) => bytes.includes('"id":2'))).toHaveLength(1);
  });
});

test('[F-16] a POST on a connection that the server closed while it was idle either arrives once or fails once', async () => {
  const { link, record, server } = await open(
    ({ body }, response) => {
      json(response, result(idOf(body)), 200, { 'keep-alive': 'timeout=60' });
      response.once('close', () => setImmediate(() => response.socket?.end()));
    },
    {},
    60_000,
  );
  for (let id = 1; id <= 50; id++) {
    link.send(call(id));
    await until([...record.messages, ...record.failures], 0);
    await expect.poll(() => record.messages.length + record.failures.length, { interval: 1 }).toBe(id);
  }
  for (const { fault } of record.failures) expect(fault).toMatchObject({ code: 'upstream.closed', effect: 'unknown' });
  const sent = server.requests.map(({ body }) => idOf(body));
  expect(new Set(sent).size).toBe(sent.length);
});

describe('[F-06] a body that ends too early', () => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
  test.each([
    ['its length was told', `${head}content-length: 100\r\n\r\n{"jsonrpc"`],
    ['its length was told and the connection was to close', `${head}connection: close\r\ncontent-length: 100\r\n\r\n{"jsonrpc"`],
    ['it came in chunks', `${head}transfer-encoding: chunked\r\n\r\na\r\n{"jsonrpc"\r\n`],
    ['it came in chunks and the connection was to close', `${head}connection: close\r\ntransfer-encoding: chunked\r\n\r\na\r\n{"jsonrpc"\r\n`],
    ['only the end of the connection ends it', `${head}connection: close\r\n\r\n{"jsonrpc"`],
    ['not even the head was whole', 'HTTP/1.1 200 OK\r\ncontent-ty'],
  ])('fails with upstream.closed where %s', async (_how, bytes) => {
    const { url } = await startRawServer((socket) => socket.end(bytes));
    const { link, record } = await openAt(url);
    link.send(call(1));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ id: 1, fault: { code: 'upstream.closed', effect: 'unknown' } }]);
    expect(record.messages).toEqual([]);
  });

  test('differs from bytes that are no HTTP at all', async () => {
    const { url } = await startRawServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    const { link, record } = await openAt(url);
    link.send(call(1));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ id: 1, fault: { code: 'upstream.protocol_error', effect: 'unknown' } }]);
  });
});

describe('a server that is not there', () => {
  test('[F-16] fails each request as unavailable, not executed', async () => {
    const { url } = await startRawServer(() => undefined);
    await cleanups.pop()?.();
    const { link, record } = await openAt(url);
    for (let id = 1; id <= 100; id++) link.send(call(id));
    await until(record.failures, 100);
    for (const { fault } of record.failures) expect(fault).toMatchObject({ code: 'upstream.unavailable', reason: 'upstream_refused', effect: 'not_executed' });
  });

  test('[TR-26] [F-17] or has a certificate nobody vouches for gets no header and no token', async () => {
    let requests = 0;
    const server = createTlsServer(selfSigned({ ipv4: ['127.0.0.1'] }), () => requests++);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => server.close());
    const { link, record } = await openAt(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers: { authorization: 'Bearer secret-token' } });
    link.send(call(1));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ id: 1, fault: { code: 'upstream.unavailable', reason: 'upstream_tls', effect: 'not_executed' } }]);
    expect(JSON.stringify(record.failures)).not.toContain('secret-token');
    expect(requests).toBe(0);
  });
});

describe('[F-10] an answer that is too large', () => {
  const CHUNK = Buffer.alloc(1 << 20, 'x');

  /** Writes 100 MiB as fast as they are taken; tells how many bytes went out. */
  function flood(written: { bytes: number }, type: string): Script {
    return (_request, response) => {
      response.writeHead(200, { 'content-type': type });
      response.on('error', () => undefined);
      response.write(type === 'text/event-stream' ? 'data: {"jsonrpc":"2.0","id":1,"result":{"text":"' : '{"jsonrpc":"2.0","id":1,"result":{"text":"');
      const more = (): void => {
        while (written.bytes < 100 << 20 && !response.destroyed) {
          written.bytes += CHUNK.length;
          if (!response.write(CHUNK)) return void response.once('drain', more);
        }
      };
      more();
    };
  }

  test.each(['application/json', 'text/event-stream'])('as %s is stopped at the limit, the connection closed, the call executed', async (type) => {
    const written = { bytes: 0 };
    const { link, record, server } = await open(flood(written, type), { resultBytesMax: 2 << 20 });
    const before = process.memoryUsage().arrayBuffers;
    link.send(call(1));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ id: 1, fault: { code: 'upstream.too_large', effect: 'executed' } }]);
    await expect.poll(() => server.openSockets.size).toBe(0);
    expect(written.bytes).toBeLessThan(30 << 20);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40 << 20);
    expect(record.messages).toEqual([]);
  });

  test('is refused before its body is read where its length is told', async () => {
    const { link, record, server } = await open((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(100 << 20) });
      response.flushHeaders();
    });
    link.send(call(1));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ fault: { code: 'upstream.too_large' } }]);
    await expect.poll(() => server.openSockets.size).toBe(0);
  });

  test('is one message; a long stream of small ones is not', async () => {
    const { link, record } = await open(
      ({ body }, response) => {
        eventStream(response);
        for (let count = 0; count < 100; count++) response.write(messageEvent({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'x'.repeat(500) } }));
        response.end(messageEvent(result(idOf(body))));
      },
      { resultBytesMax: 1_000 },
    );
    link.send(call(1));
    await until(record.messages, 101);
    expect(record.failures).toEqual([]);
  });
});

describe('[F-18] a refusal', () => {
  const error = (id: number | string | null, code = -32_022) => ({ jsonrpc: '2.0', id, error: { code, message: 'no' } });

  test.each([
    [400, 1],
    [404, 1],
    [500, 1],
    [400, null],
    [405, null],
  ])('%i with a JSON-RPC error for id %s is that message', async (status, id) => {
    const { link, record } = await open((_request, response) => json(response, error(id), status));
    link.send(call(1));
    await until(record.messages);
    expect(record.messages.map(({ envelope, carrier }) => [envelope.kind, envelope.id, envelope.body?.value['code'], carrier])).toEqual([['error', id ?? undefined, -32_022, 1]]);
    expect(record.failures).toEqual([]);
  });

  test.each([
    [400, error('server-error'), 'upstream.protocol_error'],
    [400, error(2), 'upstream.protocol_error'],
    [400, { message: 'no' }, 'upstream.protocol_error'],
    [400, result(1), 'upstream.protocol_error'],
    [404, error(null, -32_001), 'upstream.unavailable'],
    [500, error(null), 'upstream.protocol_error'],
    [401, error(1), 'upstream.grant_needed'],
    [429, error(1), 'upstream.unavailable'],
  ])('%i with %j is a failure', async (status, body, code) => {
    const { link, record } = await open((_request, response) => json(response, body, status));
    link.send(call(1));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ id: 1, status, fault: { code } }]);
    expect(record.messages).toEqual([]);
  });

  test('401 tells the challenge before it fails', async () => {
    const challenge = 'Bearer resource_metadata="https://files.example/.well-known/oauth-protected-resource"';
    const { link, record } = await open((_request, response) => response.writeHead(401, { 'www-authenticate': challenge }).end());
    link.send(call(1));
    await until(record.failures);
    expect(record.answers[0]?.headers['www-authenticate']).toBe(challenge);
    expect(record.failures[0]).toMatchObject({ status: 401, fault: { code: 'upstream.grant_needed', effect: 'not_executed' } });
  });

  test('429 and 503 say when to come again', async () => {
    const { link, record } = await open(({ body }, response) => response.writeHead(idOf(body) === 1 ? 429 : 503, { 'retry-after': '9' }).end());
    link.send(call(1));
    link.send(call(2));
    await until(record.failures, 2);
    for (const { fault } of record.failures) expect(fault).toMatchObject({ code: 'upstream.unavailable', retryAfterSeconds: 9, effect: 'not_executed' });
  });

  test('502 with a page breaks the protocol; the page is not quoted', async () => {
    const { link, record } = await open((_request, response) => response.writeHead(502, { 'content-type': 'text/html' }).end(`<html>${'secret '.repeat(20_000)}`));
    link.send(call(1));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ status: 502, fault: { code: 'upstream.protocol_error', effect: 'unknown' } }]);
    expect(record.failures[0]?.fault.detail).toBe('HTTP 502 text/html');
  });

  test.each([301, 302, 303, 307, 308])('[SF-03] %i is not followed', async (status) => {
    const elsewhere = await startScriptedServer((_request, response) => json(response, result(1)));
    const { link, record } = await open((_request, response) => response.writeHead(status, { location: elsewhere.url }).end());
    link.send(call(1));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ status, fault: { code: 'egress.refused', reason: 'upstream_redirect' } }]);
    expect(elsewhere.requests).toEqual([]);
  });

  test('leaves the connection usable', async () => {
    const { link, record, server } = await open(({ body }, response) => (idOf(body) < 4 ? response.writeHead(404).end('nothing') : json(response, result(4))));
    for (let id = 1; id <= 3; id++) {
      link.send(call(id));
      await until(record.failures, id);
    }
    link.send(call(4));
    await until(record.messages);
    expect(server.connectionCount()).toBe(1);
  });
});
