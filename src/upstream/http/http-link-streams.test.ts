import { afterEach, describe, expect, test } from 'vitest';
import { call, httpSpec, linkDeps, type LinkRecord, recordLink, result, until } from '../../../test/support/recorded-link.ts';
import { eventStream, json, messageEvent, type Script, type ScriptedServer, startScriptedServer } from '../../../test/support/scripted-server.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import type { Link } from '../link.ts';
import { openHttpLink } from './http-link.ts';

const links: Link[] = [];
afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()));
});

/** A clock on which waiting takes no time; the delays asked for are noted. */
function hurriedClock(): Clock & { readonly delaysMs: number[] } {
  const delaysMs: number[] = [];
  return {
    ...systemClock,
    delaysMs,
    after(delayMs, run) {
      // How long a finished stream may linger, and a connection be idle, keeps its real time.
      if (delayMs === 1_000 || delayMs === 4_000) return systemClock.after(delayMs, run);
      delaysMs.push(delayMs);
      return systemClock.after(1, run);
    },
  };
}

async function open(script: Script, clock: Clock = hurriedClock()): Promise<{ link: Link; record: LinkRecord; server: ScriptedServer }> {
  const server = await startScriptedServer(script);
  const record = recordLink();
  const link = await openHttpLink(httpSpec(server.url), (text) => text, linkDeps({ clock }), record.events);
  links.push(link);
  return { link, record, server };
}

const idOf = (body: string): number => (JSON.parse(body) as { id: number }).id;
const LEGACY = { 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Session-Id': 's-1', 'Mcp-Name': 'echo' };
const note = (text: string) => ({ jsonrpc: '2.0', method: 'notifications/message', params: { text } });

describe('an answer whose connection ends early', () => {
  test('goes on with a GET from the last event, after the time the server asked for', async () => {
    const clock = hurriedClock();
    const { link, record, server } = await open(({ method, headers }, response) => {
      eventStream(response);
      if (method === 'POST') response.end('id: e-1\nretry: 250\ndata:\n\n');
      else if (headers['last-event-id'] === 'e-1') response.end(`retry: 400\n${messageEvent(note('half'), 'e-2')}`);
      else response.write(messageEvent(result(3), 'e-3'));
    }, clock);
    link.send(call(3, LEGACY));
    await until(record.messages, 2);
    expect(record.messages.map(({ envelope, carrier }) => [envelope.kind, carrier])).toEqual([
      ['notification', 3],
      ['result', 3],
    ]);
    expect(server.requests.map(({ method, headers }) => [method, headers['last-event-id']])).toEqual([
      ['POST', undefined],
      ['GET', 'e-1'],
      ['GET', 'e-2'],
    ]);
    expect(server.requests[1]?.headers).toMatchObject({ accept: 'text/event-stream', 'mcp-session-id': 's-1', 'mcp-protocol-version': '2025-11-25' });
    expect(server.requests[1]?.headers['mcp-name']).toBeUndefined();
    expect(clock.delaysMs).toEqual([250, 400]);
    expect(record.failures).toEqual([]);
    await expect.poll(() => server.openSockets.size).toBe(0);
  });

  test('goes on too when the connection broke, with the session that its own answer opened', async () => {
    const { link, record, server } = await open(({ method, socket }, response) => {
      if (method === 'GET') return void (eventStream(response), response.end(messageEvent(result(1))));
      eventStream(response, { 'mcp-session-id': 'new-session' });
      response.write('id: e-1\ndata:\n\n', () => socket.resetAndDestroy());
    });
    link.send(call(1));
    await until(record.messages);
    expect(server.requests[1]?.headers['mcp-session-id']).toBe('new-session');
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test('fails where the server does not resume, with the effect unknown', async () => {
    const { link, record } = await open(({ method }, response) => {
      if (method === 'GET') return void response.writeHead(405).end();
      eventStream(response);
      response.end('id: e-1\ndata:\n\n');
    });
    link.send(call(1, LEGACY));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ id: 1, fault: { code: 'upstream.closed', effect: 'unknown', detail: 'the stream could not be resumed: HTTP 405' } }]);
  });

  test('fails after some GETs in a row that bring nothing, each after a longer wait', async () => {
    const clock = hurriedClock();
    const { link, record, server } = await open((_request, response) => {
      eventStream(response);
      response.end('id: e-1\nretry: 200\ndata:\n\n'.slice(0, server.requests.length === 1 ? undefined : 0));
    }, clock);
    link.send(call(1, LEGACY));
    await until(record.failures);
    expect(record.failures).toMatchObject([{ fault: { code: 'upstream.closed' } }]);
    expect(server.requests).toHaveLength(6);
    expect(clock.delaysMs).toEqual([200, 200, 1_500, 3_000, 6_000]);
  });

  test('is lost where no event had an id, and for a modern server', async () => {
    const { link, record, server } = await open((_request, response) => {
      eventStream(response);
      response.end(server.requests.length === 1 ? messageEvent(note('x')) : messageEvent(note('x'), 'e-1'));
    });
    link.send(call(1, LEGACY));
    await until(record.failures);
    link.send(call(2, { 'MCP-Protocol-Version': '2026-07-28' }));
    await until(record.failures, 2);
    expect(record.failures.map(({ id, fault }) => [id, fault.code])).toEqual([
      [1, 'upstream.closed'],
      [2, 'upstream.closed'],
    ]);
    expect(server.requests.every(({ method }) => method === 'POST')).toBe(true);
  });

  test('is not asked for any more once aborted', async () => {
    const { link, record, server } = await open(({ method, body }, response) => {
      if (method === 'POST' && idOf(body) === 2) return json(response, result(2));
      eventStream(response);
      if (method === 'POST') response.end('id: e-1\ndata:\n\n');
    });
    link.send(call(1, LEGACY));
    await until(server.requests, 2);
    link.abort(1);
    await expect.poll(() => server.openSockets.size).toBe(0);
    link.send(call(2));
    await until(record.messages);
    expect(server.requests).toHaveLength(3);
    expect(record.failures).toEqual([]);
  });
});

describe('the listening stream', () => {
  test('brings messages without a carrier and is opened again, after the last event, when it ends', async () => {
    const { link, record, server } = await open(({ headers }, response) => {
      eventStream(response);
      if (headers['last-event-id'] === undefined) response.end(messageEvent(note('one'), 'e-1'));
      else response.write(messageEvent(note('two'), 'e-2'));
    });
    link.listen?.({ 'Mcp-Session-Id': 's-1' });
    await until(record.messages, 2);
    expect(record.messages.map(({ envelope, carrier }) => [envelope.body?.value['text'], carrier])).toEqual([
      ['one', undefined],
      ['two', undefined],
    ]);
    expect(server.requests.map(({ method, headers }) => [method, headers['mcp-session-id'], headers['last-event-id']])).toEqual([
      ['GET', 's-1', undefined],
      ['GET', 's-1', 'e-1'],
    ]);
  });

  test('survives a server that is down for a while, waiting longer each time', async () => {
    const clock = hurriedClock();
    const { link, record } = await open(({ socket }, response) => {
      if (clock.delaysMs.length === 0) response.writeHead(503, { 'retry-after': '20' }).end();
      else if (clock.delaysMs.length < 4) socket.resetAndDestroy();
      else void (eventStream(response), response.write(messageEvent(note('back'))));
    }, clock);
    link.listen?.({});
    await until(record.messages);
    expect(clock.delaysMs).toEqual([20_000, 1_500, 3_000, 6_000]);
  });

  test.each([
    [405, []],
    [401, [{ reason: 'not_delivered', detail: 'listening stream: HTTP 401' }]],
  ])('is given up for good on %i', async (status, drops) => {
    const { link, record, server } = await open(({ method, body }, response) => (method === 'GET' ? response.writeHead(status).end() : json(response, result(idOf(body)))));
    link.listen?.({});
    await until(server.requests);
    link.send(call(1));
    await until(record.messages);
    await expect.poll(() => record.drops).toEqual(drops);
    expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
    expect(record.ends).toEqual([]);
  });

  test('is replaced by another with new headers', async () => {
    const { link, server } = await open((_request, response) => eventStream(response));
    link.listen?.({ 'Mcp-Session-Id': 'old' });
    await until(server.requests);
    link.listen?.({ 'Mcp-Session-Id': 'new' });
    await until(server.requests, 2);
    await expect.poll(() => server.openSockets.size).toBe(1);
    expect(server.requests.map(({ headers }) => headers['mcp-session-id'])).toEqual(['old', 'new']);
  });

  test('skips an event that is too large or no message, and goes on', async () => {
    const { link, record } = await open((_request, response) => {
      eventStream(response);
      response.write(`data: ${'x'.repeat(2 << 20)}\n\ndata: {nonsense\n\n${messageEvent(note('fine'))}`);
    });
    link.listen?.({});
    await until(record.messages);
    expect(record.drops.map(({ reason }) => reason)).toEqual(['too_large', 'invalid_message']);
  });
});

test('replies reach the server while every connection for requests is held by a call', async () => {
  const { link, server } = await open(({ body }, response) => {
    if (body.includes('"result"')) response.writeHead(202).end();
    else eventStream(response);
  });
  for (let id = 1; id <= 64; id++) link.send(call(id));
  await until(server.requests, 64);
  link.send({ text: '{"jsonrpc":"2.0","id":"ask-1","result":{}}', method: '' });
  await until(server.requests, 65);
  expect(server.requests.at(-1)?.body).toContain('ask-1');
});
