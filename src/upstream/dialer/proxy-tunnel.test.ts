import { once } from 'node:events';
import { createServer as createHttp, type IncomingMessage } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect, createServer as createTcp, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { selfSigned } from '../../../test/support/certificate.ts';
import { systemClock } from '../../base/clock.ts';
import type { Fault } from '../../base/fault.ts';
import { createDialer, type DialerOptions, type DialTarget } from './dialer.ts';
import { parseProxy } from './proxy-tunnel.ts';

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A proxy as Smokescreen is one: it resolves names itself, here all to this machine. */
async function startProxy(credentials?: string) {
  const asked: string[] = [];
  const server = createHttp();
  server.on('connect', (http: IncomingMessage, client: Socket) => {
    asked.push(http.url ?? '');
    if (credentials !== undefined && http.headers['proxy-authorization'] !== `Basic ${Buffer.from(credentials).toString('base64')}`) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const host = connect(Number(http.url?.split(':').at(-1)), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      host.pipe(client).pipe(host);
    });
    sockets.add(host);
    host.on('error', () => client.destroy());
  });
  return { port: await listen(server), asked };
}

const neverAsked = (): Promise<never> => Promise.reject(new Error('a name behind a proxy is the proxy’s to resolve'));
const dialer = (options: Partial<DialerOptions> = {}) => createDialer({ clock: systemClock, ownListeners: () => [], lookup: neverAsked, ...options });

/** One GET over what the target connects; the answer, or the fault. */
async function get({ connect: dial, url }: DialTarget): Promise<string | Fault> {
  const { promise, resolve } = Promise.withResolvers<string | Fault>();
  dial({ hostname: '', protocol: '', port: '' }, (error, socket) => {
    if (socket === null || error !== null) {
      resolve(error as Fault);
      return;
    }
    socket.write(`GET / HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`);
    void text(socket).then(resolve);
  });
  return promise;
}

describe('[SF-09] a server with a proxy', () => {
  test('is reached through a tunnel, its name resolved by the proxy', async () => {
    const host = await listen(createHttp((http, response) => response.end(`host ${http.headers.host ?? ''}`)));
    const proxy = await startProxy();
    expect(await get(dialer().operatorTarget(`http://tools.internal:${host}/`, 'tools', `http://127.0.0.1:${proxy.port}`))).toContain(`host tools.internal:${host}`);
    expect(proxy.asked).toEqual([`tools.internal:${host}`]);
  });

  test('speaks TLS with the server, not with the proxy', async () => {
    const certificate = selfSigned({ dns: ['tools.internal'] });
    const host = await listen(createHttps(certificate, (_http, response) => response.end('over tls')));
    const proxy = await startProxy();
    const trusting = dialer({ certificateAuthorities: [certificate.cert] });
    expect(await get(trusting.operatorTarget(`https://tools.internal:${host}/`, 'tools', `http://127.0.0.1:${proxy.port}`))).toContain('over tls');
    const other = await get(trusting.operatorTarget(`https://other.internal:${host}/`, 'tools', `http://127.0.0.1:${proxy.port}`));
    expect(other).toMatchObject({ code: 'upstream.unavailable', reason: 'upstream_tls' });
  });

  test('shows its credentials to the proxy only', async () => {
    const seen: (string | undefined)[] = [];
    const host = await listen(createHttp((http, response) => response.end(String(seen.push(http.headers['proxy-authorization'])))));
    const proxy = await startProxy('ann:p@ss');
    expect(await get(dialer().operatorTarget(`http://127.0.0.1:${host}/`, 'tools', `http://ann:p%40ss@127.0.0.1:${proxy.port}`))).toContain('200 OK');
    expect(seen).toEqual([undefined]);
    const refused = (await get(dialer().operatorTarget(`http://127.0.0.1:${host}/`, 'tools', `http://ann:wrong@127.0.0.1:${proxy.port}`))) as Fault;
    expect(refused).toMatchObject({ code: 'upstream.unavailable', reason: 'upstream_refused', detail: expect.stringContaining('the proxy answered 407') });
    expect(refused.detail).not.toContain('wrong');
  });

  test.each([
    ['garbage', 'nothing of HTTP\r\n\r\n', 'something that is not HTTP'],
    ['more than its answer', 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', 'more than its answer'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`, 'a head without end'],
  ])('is not reached through a proxy that sends %s', async (_, answer, detail) => {
    const port = await listen(createTcp((socket) => void socket.write(answer)));
    expect(await get(dialer().operatorTarget('http://tools.internal/', 'tools', `http://127.0.0.1:${port}`))).toMatchObject({ code: 'upstream.unavailable', detail: expect.stringContaining(detail) });
  });

  test('does not wait for a proxy that says nothing', async () => {
    const port = await listen(createTcp(() => undefined));
    expect(await get(dialer({ connectTimeoutMs: 50 }).operatorTarget('http://tools.internal/', 'tools', `http://127.0.0.1:${port}`))).toMatchObject({ reason: 'upstream_timeout' });
  });

  test('that a user owns has no proxy inside our network', async () => {
    const proxy = await startProxy();
    expect(await get(dialer().guardedTarget('http://tools.example/', `http://127.0.0.1:${proxy.port}`))).toMatchObject({ code: 'egress.refused' });
    expect(() => dialer().guardedTarget('http://169.254.169.254/', 'http://proxy.example')).toThrow(expect.objectContaining({ code: 'egress.refused' }));
    expect(proxy.asked).toEqual([]);
  });
});

test.each(['socks5://proxy.example', 'proxy.example:3128', 'http://'])('%s is no proxy', (address) => {
  expect(() => parseProxy(address)).toThrow(expect.objectContaining({ code: 'egress.refused' }));
});
