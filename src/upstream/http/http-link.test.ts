import { afterEach, describe, expect, test } from 'vitest';
import { call, httpSpec, linkDeps, type LinkRecord, notification, recordLink, result, until } from '../../../test/support/recorded-link.ts';
import { eventStream, json, messageEvent, type Script, type ScriptedServer, startScriptedServer } from '../../../test/support/scripted-server.ts';
import { Fault } from '../../base/fault.ts';
import type { ServerSpec } from '../../model/server.ts';
import type { Link } from '../link.ts';
import { openHttpLink } from './http-link.ts';

const links: Link[] = [];
afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()));
});

async function open(script: Script, changes: Partial<ServerSpec> = {}): Promise<{ link: Link; record: LinkRecord; server: ScriptedServer }> {
  const server = await startScriptedServer(script);
  const record = recordLink();
  const link = await openHttpLink(httpSpec(server.url, changes), (text) => text.replace('${TOKEN}', 'resolved'), linkDeps(), record.events);
  links.push(link);
  return { link, record, server };
}

const idOf = (body: string): number => (JSON.parse(body) as { id: number }).id;

describe('a message', () => {
  test('is one POST with the headers of transport, configuration and message', async () => {
    const { link, record, server } = await open(({ body }, response) => json(response, result(idOf(body), { ok: true })), { headers: { Authorization: 'Bearer ${TOKEN}', 'X-Team': 'a' } });
    link.send(call(1, { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call' }));
    await until(record.messages);
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/mcp?tenant=a', body: call(1).text });
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: 'Bearer resolved',
      'x-team': 'a',
      'user-agent': 'metamcp',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'x-metamcp-hops': '1',
      'content-length': String(call(1).text.length),
    });
    expect(request?.headers['transfer-encoding']).toBeUndefined();
    expect(record.messages.map(({ envelope, carrier }) => [envelope.kind, envelope.id, envelope.body?.text, carrier])).toEqual([['result', 1, '{"ok":true}', 1]]);
    expect(record.failures).toEqual([]);
  });

  test('[SF-11] cannot replace configured headers, the host or the framing', async () => {
    const { link, record, server } = await open(({ body }, response) => json(response, result(idOf(body))), { headers: { Authorization: 'Bearer ${TOKEN}' } });
    link.send(call(1, { authorization: 'Bearer other', Host: 'evil.example', 'Transfer-Encoding': 'chunked', 'content-length': '1', 'x-metamcp-hops': '3' }));
    await until(record.messages);
    expect(server.requests[0]?.headers).toMatchObject({ authorization: 'Bearer resolved', host: new URL(server.url).host, 'x-metamcp-hops': '3' });
  });

  test('that is a notification is taken with 202, and counted when it is not', async () => {
    const { link, record, server } = await open(({ body }, response) => response.writeHead(body.includes('good') ? 202 : 400).end());
    link.send(notification('notifications/good'));
    link.send(notification('notifications/bad'));
    await until(record.drops);
    expect(server.requests).toHaveLength(2);
    expect(record.drops).toEqual([{ reason: 'not_delivered', detail: 'notifications/bad: HTTP 400' }]);
    expect(record.messages).toEqual([]);
  });

  test('waits until the server took `notifications/initialized`', async () => {
    const order: string[] = [];
    const { link, record } = await open(({ body }, response) => {
      const { method, id } = JSON.parse(body) as { method: string; id?: number };
      order.push(`${method} arrived`);
      if (id !== undefined) return json(response, result(id));
      setImmediate(() => {
        order.push(`${method} taken`);
        response.writeHead(202).end();
      });
    });
    link.send(notification('notifications/initialized'));
    link.send(call(1));
    link.send(call(2));
    link.abort(2);
    await until(record.messages);
    expect(order).toEqual(['notifications/initialized arrived', 'notifications/initialized taken', 'tools/call arrived']);
  });

  test('reuses one connection when it comes after another', async () => {
    const { link, record, server } = await open(({ body }, response) => json(response, result(idOf(body))));
    for (let id = 1; id <= 5; id++) {
      link.send(call(id));
      await until(record.messages, id);
    }
    expect(server.connectionCount()).toBe(1);
  });

  test('[RL-10] is refused beyond 1024 at once, unsent', async () => {
    const { link } = await open(() => undefined);
    for (let id = 0; id < 1024; id++) link.send(call(id));
    expect(() => link.send(call(1024))).toThrow(expect.objectContaining({ code: 'limit.overloaded', effect: 'not_executed' }));
    link.abort(0);
    expect(() => link.send(call(1025))).not.toThrow();
  });
});

describe('an answer', () => {
  test('as an event stream brings each message with its carrier, before and with the response', async () => {
    const { link, record } = await open(({ body }, response) => {
      eventStream(response, { 'mcp-session-id': 's-1' });
      response.write(': hello\nid: 1\ndata:\n\n');
      response.write(messageEvent({ jsonrpc: '2.0', method: 'notifications/progress', params: { progress: 1 } }));
      response.write(messageEvent({ jsonrpc: '2.0', id: 'ask-1', method: 'elicitation/create', params: {} }));
      response.end(messageEvent(result(idOf(body), { text: '€😀' })));
    });
    link.send(call(7));
    await until(record.messages, 3);
    expect(record.messages.map(({ envelope, carrier }) => [envelope.kind, envelope.id, envelope.method, carrier])).toEqual([
      ['notification', undefined, 'notifications/progress', 7],
      ['request', 'ask-1', 'elicitation/create', 7],
      ['result', 7, '', 7],
    ]);
    expect(record.messages[2]?.envelope.body?.text).toBe('{"text":"€😀"}');
    expect(record.answers).toEqual([{ id: 7, headers: { 'mcp-session-id': 's-1', 'www-authenticate': undefined } }]);
    expect(record.failures).toEqual([]);
  });

  test('may come in many pieces, cut inside characters', async () => {
    const { link, record } = await open(async ({ body, socket }, response) => {
      socket.setNoDelay(true);
      const bytes = Buffer.from(JSON.stringify(result(idOf(body), { text: 'ä€😀'.repeat(20) })));
      response.writeHead(200, { 'content-type': 'application/json' });
      for (let at = 0; at < bytes.length; at += 7) {
        response.write(bytes.subarray(at, at + 7));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
    link.send(call(1));
    await until(record.messages);
    expect(record.messages[0]?.envelope.body?.value).toEqual({ text: 'ä€😀'.repeat(20) });
  });

  test('may be a batch, as revision 2025-03-26 has it', async () => {
    const { link, record } = await open(({ body }, response) => json(response, [{ jsonrpc: '2.0', method: 'notifications/message', params: {} }, result(idOf(body))]));
    link.send(call(1));
    await until(record.messages, 2);
    expect(record.messages.map(({ envelope }) => envelope.kind)).toEqual(['notification', 'result']);
  });

  test('[F-11] to another request is dropped, and this one fails', async () => {
    const { link, record } = await open((_request, response) => json(response, result(99)));
    link.send(call(1));
    await until(record.failures);
    expect(record.messages).toEqual([]);
    expect(record.drops).toEqual([{ reason: 'invalid_message', detail: 'an answer to another request' }]);
    expect(record.failures[0]).toMatchObject({ id: 1, fault: { code: 'upstream.protocol_error', effect: 'unknown' } });
  });

  test('may keep its stream open; the connection is closed a second later', async () => {
    const { link, record, server } = await open(({ body }, response) => {
      eventStream(response);
      response.write(messageEvent(result(idOf(body))));
    });
    link.send(call(1));
    await until(record.messages);
    await expect.poll(() => server.openSockets.size, { timeout: 4_000 }).toBe(0);
    expect(record.failures).toEqual([]);
  });

  test.each([
    ['is of another type', { 'content-type': 'text/html' }, '<html>'],
    ['is no JSON', { 'content-type': 'application/json' }, '{nonsense'],
    ['is empty', { 'content-type': 'application/json' }, ''],
    ['has an event that is no message and no other', { 'content-type': 'text/event-stream' }, 'data: {nonsense\n\n'],
  ])('that %s breaks the protocol', async (_what, headers, body) => {
    const { link, record } = await open((_request, response) => response.writeHead(200, { ...headers, 'content-length': String(Buffer.byteLength(body)) }).end(body));
    link.send(call(1));
    await until(record.failures);
    expect(record.failures[0]).toMatchObject({ id: 1, fault: { code: 'upstream.protocol_error', effect: 'unknown' } });
  });
});

describe('aborting', () => {
  test('closes the socket of that request and reports nothing', async () => {
    const { link, record, server } = await open(({ body }, response) => {
      if (idOf(body) === 1) eventStream(response);
      else json(response, result(idOf(body)));
    });
    link.send(call(1));
    await until(record.answers);
    link.abort(1);
    await expect.poll(() => server.openSockets.size).toBe(0);
    link.send(call(2));
    await until(record.messages);
    expect(record.failures).toEqual([]);
  });

  test('before the request was written keeps it from being sent', async () => {
    const { link, record, server } = await open(({ body }, response) => json(response, result(idOf(body))));
    link.send(call(1));
    link.abort(1);
    link.send(call(2));
    await until(record.messages);
    expect(server.requests.map(({ body }) => idOf(body))).toEqual([2]);
    expect(record.failures).toEqual([]);
  });
});

describe('closing', () => {
  test('deletes the session, closes every connection and says so once', async () => {
    const { link, record, server } = await open(({ method, body }, response) => {
      if (method === 'DELETE') response.writeHead(200).end();
      else if (idOf(body) === 1) eventStream(response);
    });
    link.send(call(1));
    link.send(call(2));
    await until(server.requests, 2);
    await Promise.all([link.close({ deleteHeaders: { 'Mcp-Session-Id': 's-1' } }), link.close()]);
    expect(server.requests.at(-1)).toMatchObject({ method: 'DELETE', url: '/mcp?tenant=a', headers: { 'mcp-session-id': 's-1' } });
    expect(record.ends).toMatchObject([{ code: 'upstream.closed' }]);
    expect(record.failures).toEqual([]);
    await expect.poll(() => server.openSockets.size).toBe(0);
    expect(() => link.send(call(3))).toThrow(expect.objectContaining({ code: 'upstream.closed', effect: 'not_executed' }));
  });

  test('does not wait longer than a second for the DELETE', async () => {
    const { link, record } = await open(() => undefined);
    const startedMs = performance.now();
    await link.close({ deleteHeaders: { 'mcp-session-id': 's-1' } });
    expect(performance.now() - startedMs).toBeLessThan(2_500);
    expect(record.ends).toHaveLength(1);
  });
});

describe('opening', () => {
  const openWith = (changes: Partial<ServerSpec>) => openHttpLink(httpSpec('http://127.0.0.1:9/', changes), (text) => text, linkDeps(), recordLink().events);

  test.each([
    ['a header that ends a line', { 'X-A': 'a\r\nHost: evil' }],
    ['a host of its own', { Host: 'evil.example' }],
    ['a name that is none', { 'x y': '1' }],
  ])('refuses %s, without telling the value', async (_what, headers) => {
    const error = await openWith({ headers }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'config.invalid' });
    expect(JSON.stringify([(error as Fault).detail, (error as Fault).message])).not.toContain('evil');
  });

  test('[SF-01] refuses a URL that is never dialled', async () => {
    await expect(openWith({ url: 'file:///etc/passwd' })).rejects.toMatchObject({ code: 'egress.refused' });
  });

  test('passes on that a value is missing', async () => {
    const missing = (): string => {
      throw new Fault('config.value_missing');
    };
    await expect(openHttpLink(httpSpec('http://127.0.0.1:9/'), missing, linkDeps(), recordLink().events)).rejects.toMatchObject({ code: 'config.value_missing' });
  });
});
