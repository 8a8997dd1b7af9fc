/** One TCP or TLS connection to addresses that were checked before; nothing is resolved here. */
import { connect as connectTcp, isIP, type LookupFunction, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, getCACertificates, type ConnectionOptions } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { hostOf, portOf } from './dial-url.ts';

export interface SocketRequest {
  readonly url: URL;
  /** Tried in this order (RFC 8305). */
  readonly addresses: readonly string[];
  readonly timeoutMs: number;
  /** A tunnel that leads there already: only TLS is still to be spoken, and `addresses` count for nothing. */
  readonly through?: Socket | undefined;
  /** PEM, trusted beside the usual ones. */
  readonly certificateAuthorities: readonly string[];
  /** Takes what comes in, instead of the socket's `data` events. The chunk is its own. */
  readonly read?: ((chunk: Buffer) => void) | undefined;
}

/** At which step a connection failed. */
export type DialStep = 'dns' | 'refused' | 'tls' | 'timeout';

export class DialError extends Error {
  override readonly name = 'DialError';
  readonly step: DialStep;

  constructor(step: DialStep, cause: unknown) {
    super(describe(cause), { cause });
    this.step = step;
  }
}

const KEEP_ALIVE_PROBE_MS = 60_000;

/** Rejects with a `DialError`. TLS is at least 1.2 and always verified against the host of the URL. */
export function openSocket(request: SocketRequest, clock: Clock): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const isTls = request.url.protocol === 'https:';
    let step: DialStep = request.through === undefined ? 'refused' : 'tls';
    const socket = request.through === undefined ? (isTls ? connectTls(tlsOptions(request)) : connectTcp(tcpOptions(request))) : connectTls(tlsOptions(request));
    const cancelTimer = clock.after(request.timeoutMs, () => {
      socket.destroy();
      reject(new DialError('timeout', `no connection within ${Math.round(request.timeoutMs)} ms`));
    });
    const fail = (error: Error): void => {
      cancelTimer();
      reject(new DialError(step, error));
    };
    socket.once('error', fail);
    socket.once('close', () => fail(new Error('closed while connecting')));
    if (isTls) socket.once('connect', () => (step = 'tls'));
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      cancelTimer();
      socket.off('error', fail);
      socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
      if (request.read !== undefined && !isReadDirectly(request)) socket.on('data', request.read);
      resolve(socket);
    });
  });
}

/** Every plain socket of the process reads into it, one after the other: a buffer of its own for each read costs more than copying what came. */
const READ_BUFFER = Buffer.allocUnsafeSlow(65_536);

function isReadDirectly({ url, through, read }: SocketRequest): boolean {
  return read !== undefined && through === undefined && url.protocol === 'http:';
}

function readDirectly(read: (chunk: Buffer) => void): OnReadOpts {
  return {
    buffer: READ_BUFFER,
    callback: (length) => {
      read(Buffer.from(READ_BUFFER.subarray(0, length)));
      return true;
    },
  };
}

function tcpOptions(request: SocketRequest) {
  // The name never reaches the system's resolver again: a second answer could be another address.
  const lookup: LookupFunction = (_hostname, options, callback) => {
    const pinned = request.addresses.map((address) => ({ address, family: isIP(address) }));
    if (options.all === true) callback(null, pinned);
    else callback(null, pinned[0]?.address ?? '', pinned[0]?.family);
  };
  const reading = request.read !== undefined && isReadDirectly(request) ? { onread: readDirectly(request.read) } : {};
  return { host: hostOf(request.url), port: portOf(request.url), lookup, autoSelectFamily: true, ...reading };
}

function tlsOptions(request: SocketRequest): ConnectionOptions {
  const host = hostOf(request.url);
  return {
    ...(request.through === undefined ? tcpOptions(request) : { socket: request.through }),
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(request.certificateAuthorities.length > 0 ? { ca: [...getCACertificates('default'), ...request.certificateAuthorities] } : {}),
  };
}

/** Names and codes only: what a peer sent is not quoted. */
function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause instanceof AggregateError ? cause.errors.map(describe).join('; ') : '';
  const code = 'code' in cause ? `${String(cause.code)} ` : '';
  return `${code}${cause.message}${inner}`.slice(0, 300);
}
