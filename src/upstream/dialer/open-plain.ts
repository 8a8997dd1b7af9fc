import type { Socket } from 'node:net';
import type { Dialer } from './dialer.ts';

export interface PlainAddress {
  readonly host: string;
  readonly port: number;
  /** For faults: which service it is. */
  readonly service: string;
}

/** A bare TCP connection to a service that an operator named, such as a mail server. Rejects as a target's `connect` does. */
export function openPlain(dialer: Dialer, { host, port, service }: PlainAddress): Promise<Socket> {
  const { connect, url } = dialer.operatorTarget(`http://${host.includes(':') ? `[${host}]` : host}:${port}/`, service);
  return new Promise((resolve, reject) => {
    connect({ hostname: url.hostname, protocol: url.protocol, port: url.port }, (error, socket) => {
      if (socket === null || error !== null) reject(error ?? new Error('no connection'));
      else resolve(socket);
    });
  });
}
