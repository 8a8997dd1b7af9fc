import { afterEach, describe, expect, test } from 'vitest';
import type { ServerResponse } from 'node:http';
import { call, httpSpec, linkDeps, type LinkRecord, notification, recordLink, result, until } from '../../../test/support/recorded-link.ts';
import { eventStream, messageEvent, type Script, type ScriptedServer, startScriptedServer } from '../../../test/support/scripted-server.ts';
import type { ServerSpec } from '../../model/server.ts';
import type { Link } from '../link.ts';
import { openSseLink } from './sse-link.ts';

const links: Link[] = [];
afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()));
});

interface Stage {
  readonly server: ScriptedServer;
  readonly record: LinkRecord;
  /** The stream of the latest GET. */
  readonly stream: () => ServerResponse;
  readonly open: (changes?: Partial<ServerSpec>) => Promise<Link>;
}

/** A server that names `endpoint` on its stream and leaves POSTs to `post`. */
async function stage(endpoint: string, post: Script): Promise<Stage> {
  let stream: ServerResponse | undefined;
  const server = await startScriptedServer((request, response) => {
    if (request.method !== 'GET') return post(request, response);
    stream = response;
    eventStream(response);
    response.write(`event: endpoint\ndata: ${endpoint}\n\n`);
  });
  const record = recordLink();
  const open = async (changes: Partial<ServerSpec> = {}): Promise<Link> => {
    const link = await openSseLink(httpSpec(server.url, { type: 'sse', ...changes }), (text) => text, linkDeps(), record.events);
    links.push(link);
    return link;
  };
  const current = (): ServerResponse => {
    if (stream === undefined) throw new Error('no stream was opened');
    return stream;
  };
  return { server, record, stream: current, open };
}

const accept: Script = (_request, response) => response.writeHead(202).end('Accepted');

describe('HTTP+SSE', () => {
  test('posts to the address that the stream names and hears the answer on the stream', async () => {
    const { server, record, stream, open } = await stage('/messages?sessionId=a%20b', accept);
    const link = await open({ headers: { Authorization: 'Bearer t' } });
    link.send(call(1, { 'MCP-Protocol-Version': '2024-11-05' }));
    await until(server.requests, 2);
    stream().write(`: ping\n\n${messageEvent(result(1, { ok: true }))}`);
    await until(record.messages);
    expect(link.kind).toBe('sse');
    expect(server.requests[0]).toMatchObject({ method: 'GET', url: '/mcp?tenant=a', headers: { accept: 'text/event-stream', authorization: 'Bearer t' } });
    expect(server.requests[1]).toMatchObject({ method: 'POST', url: '/messages?sessionId=a%20b', body: call(1).text });
    expect(server.requests[1]?.headers).toMatchObject({ authorization: 'Bearer t', 'content-type': 'application/json', 'x-metamcp-hops': '1' });
    expect(record.messages.map(({ envelope, carrier }) => [envelope.id, envelope.body?.text, carrier])).toEqual([[1, '{"ok":true}', undefined]]);
  });

  test('takes an absolute address of the same origin', async () => {
    const { server, open } = await stage('', accept);
    const origin = new URL(server.url).origin;
    const other = await stage(`${origin}/elsewhere`, accept);
    await expect(other.open()).rejects.toMatchObject({ code: 'egress.refused' });
    const own = await startScriptedServer((request, response) => {
      if (request.method === 'POST') return void response.writeHead(202).end();
      eventStream(response);
      response.write(`event: endpoint\ndata: http://${request.headers.host}/absolute\n\n`);
    });
    const link = await open({ url: own.url });
    link.send(notification('notifications/x'));
    await until(own.requests, 2);
    expect(own.requests[1]?.url).toBe('/absolute');
  });

  test.each(['http://evil.example/steal', '//evil.example/steal', 'https://127.0.0.1/other-scheme', 'javascript:alert(1)', 'http://['])('[SF-01] refuses the address %s', async (endpoint) => {
    const { server, record, open } = await stage(endpoint, accept);
    await expect(open()).rejects.toMatchObject({ code: 'egress.refused', message: 'The MCP server is not available.' });
    expect(server.requests).toHaveLength(1);
    await expect.poll(() => server.openSockets.size).toBe(0);
    expect(record.ends).toEqual([]);
  });

  test('waits for the server to take `notifications/initialized`', async () => {
    const order: string[] = [];
    const { open, server } = await stage('/m', ({ body }, response) => {
      const { method } = JSON.parse(body) as { method: string };
      order.push(method);
      setImmediate(() => {
        order.push(`${method} taken`);
        response.writeHead(202).end();
      });
    });
    const link = await open();
    link.send(notification('notifications/initialized'));
    link.send(call(1));
    await until(server.requests, 3);
    expect(order.slice(0, 3)).toEqual(['notifications/initialized', 'notifications/initialized taken', 'tools/call']);
  });

  test('[F-18] fails a request whose POST is refused, counts a notification', async () => {
    const { record, open } = await stage('/m', (_request, response) => response.writeHead(404).end());
    const link = await open();
    link.send(call(1));
    await until(record.failures);
    link.send(notification('notifications/x'));
    await until(record.drops);
    expect(record.failures).toMatchObject([{ id: 1, status: 404, fault: { code: 'upstream.unavailable', effect: 'not_executed' } }]);
    expect(record.drops).toEqual([{ reason: 'not_delivered', detail: 'notifications/x: HTTP 404' }]);
  });

  test('[F-16] fails a request whose POST breaks, with the effect unknown, and sends it once', async () => {
    const { server, record, open } = await stage('/m', ({ socket }) => socket.resetAndDestroy());
    const link = await open();
    link.send(call(1));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ id: 1, fault: { code: 'upstream.closed', effect: 'unknown' } }]);
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test('says nothing of a POST that fails after its request was aborted', async () => {
    let refuse = (): void => undefined;
    const { server, record, open } = await stage('/m', ({ body }, response) => {
      if (body.includes('"id":1')) refuse = () => void response.writeHead(500).end();
      else response.writeHead(500).end();
    });
    const link = await open();
    link.send(call(1));
    await until(server.requests, 2);
    link.abort(1);
    refuse();
    link.send(call(2));
    await until(record.failures);
    expect(record.failures.map(({ id }) => id)).toEqual([2]);
  });

  test.each([
    ['ends', (stream: ServerResponse) => stream.end()],
    ['breaks', (stream: ServerResponse) => stream.socket?.resetAndDestroy()],
  ])('[F-16] is gone when its stream %s', async (_how, end) => {
    const { record, stream, open } = await stage('/m', accept);
    const link = await open();
    end(stream());
    await until(record.ends);
    expect(record.ends).toMatchObject([{ code: 'upstream.closed' }]);
    expect(() => link.send(call(1))).toThrow(expect.objectContaining({ code: 'upstream.closed', effect: 'not_executed' }));
    await link.close();
    expect(record.ends).toHaveLength(1);
  });

  test('[F-10] drops an event above the limit and what is no message, and goes on', async () => {
    const { record, stream, open } = await stage('/m', accept);
    await open();
    stream().write(`data: ${'x'.repeat(2 << 20)}\n\nevent: message\ndata: [\n\n${messageEvent(result(1))}`);
    await until(record.messages);
    expect(record.drops.map(({ reason }) => reason)).toEqual(['too_large', 'invalid_message']);
  });

  test('closes every connection and says so once', async () => {
    const { server, record, open } = await stage('/m', () => undefined);
    const link = await open();
    link.send(call(1));
    await until(server.requests, 2);
    await Promise.all([link.close(), link.close()]);
    expect(record.ends).toMatchObject([{ code: 'upstream.closed' }]);
    expect(record.failures).toEqual([]);
    await expect.poll(() => server.openSockets.size).toBe(0);
  });
});

describe('opening an HTTP+SSE link', () => {
  const openAt = async (script: Script, changes: Partial<ServerSpec> = {}) => {
    const server = await startScriptedServer(script);
    return openSseLink(httpSpec(server.url, { type: 'sse', ...changes }), (text) => text, linkDeps(), recordLink().events);
  };

  test('fails when no address is named in time', async () => {
    await expect(openAt((_request, response) => eventStream(response), { startTimeoutMs: 50 })).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'upstream_timeout' });
  });

  test.each([
    [401, 'upstream.grant_needed'],
    [404, 'upstream.unavailable'],
    [307, 'egress.refused'],
    [500, 'upstream.protocol_error'],
    [200, 'upstream.protocol_error'],
  ])('[F-18] fails on %i without a stream with %s', async (status, code) => {
    await expect(openAt((_request, response) => response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end())).rejects.toMatchObject({ code });
  });

  test('fails when the stream ends first, or nobody is there', async () => {
    await expect(openAt((_request, response) => (eventStream(response), response.end()))).rejects.toMatchObject({ code: 'upstream.closed' });
    await expect(openAt(accept, { url: 'http://127.0.0.1:1/' })).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'upstream_refused' });
  });

  test('[SF-01] fails for a URL that is never dialled', async () => {
    await expect(openAt(accept, { url: 'ftp://127.0.0.1/' })).rejects.toMatchObject({ code: 'egress.refused' });
  });
});
