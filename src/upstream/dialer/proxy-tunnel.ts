/** A tunnel through an HTTP proxy (RFC 9110 section 9.3.6, CONNECT): the proxy sees host and port, and of https nothing more. */
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { hostOf, parseDialUrl, portOf } from './dial-url.ts';
import { DialError } from './open-socket.ts';

export interface ProxyAddress {
  /** Without credentials. */
  readonly url: URL;
  /** For `Proxy-Authorization`; undefined where the address has none. */
  readonly authorization: string | undefined;
}

const HEAD_BYTES_MAX = 16 * 1024;

/** From `http://user:password@proxy.example:3128`. Throws `egress.refused` for what is no such address. */
export function parseProxy(text: string): ProxyAddress {
  const url = URL.parse(text);
  if (url === null) return { url: parseDialUrl(text), authorization: undefined };
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const credentials = username === '' && password === '' ? undefined : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url: parseDialUrl(url.href), authorization: credentials && `Basic ${Buffer.from(credentials).toString('base64')}` };
}

export interface TunnelRequest {
  /** Where the tunnel leads. */
  readonly url: URL;
  readonly authorization: string | undefined;
  readonly timeoutMs: number;
}

/** Resolves when whatever is written to the socket arrives at the host. Rejects with a `DialError`, and the socket is gone. */
export function openTunnel(socket: Socket, { url, authorization, timeoutMs }: TunnelRequest, clock: Clock): Promise<void> {
  const host = hostOf(url);
  const authority = `${host.includes(':') ? `[${host}]` : host}:${portOf(url)}`;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let head = Buffer.alloc(0);
  const read = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) {
      if (head.length > HEAD_BYTES_MAX) reject(new DialError('refused', 'the proxy answered with a head without end'));
      return;
    }
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(head.toString('latin1'))?.[1] ?? 'something that is not HTTP';
    if (!status.startsWith('2')) reject(new DialError('refused', `the proxy answered ${status}`));
    // The host has not been asked anything yet: these bytes would be taken for its answer.
    else if (head.length > end + 4) reject(new DialError('refused', 'the proxy sent more than its answer'));
    else resolve();
  };
  const cancelTimer = clock.after(timeoutMs, () => reject(new DialError('timeout', 'the proxy did not answer in time')));
  const cutOff = (): void => reject(new DialError('refused', 'the proxy closed the connection'));
  socket.on('data', read).on('error', cutOff).on('close', cutOff);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization === undefined ? '' : `Proxy-Authorization: ${authorization}\r\n`}\r\n`);
  return promise
    .catch((thrown: unknown) => {
      socket.destroy();
      throw thrown;
    })
    .finally(() => {
      cancelTimer();
      socket.off('data', read).off('error', cutOff).off('close', cutOff);
      // Nothing is read until whoever gets it listens.
      socket.pause();
    });
}
