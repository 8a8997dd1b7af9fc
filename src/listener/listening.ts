/** The one port: plain posts to the message path, everything else by node:http. Limits of HTTP itself are set here. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { HttpRequest, HttpResponse } from '../base/http.ts';
import { PlainConnections } from './plain-connections.ts';
import type { RequestQueue } from './request-queue.ts';

/** Times and sizes that a client may take (Node's own defaults are 60 s, 300 s and no cap). Looked at every 2 s: a body ends within 30 s. */
const HTTP_LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 27_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16 * 1024,
  noDelay: true,
} as const;
const HEADERS_MAX = 100;
const CONNECTIONS_MAX = 20_000;
const IDLE_SWEEP_MS = 50;
/** A connection that is kept for the next request may have one under way. So it is answered once more, and told that it was the last, before those that are still idle end. */
const IDLE_GRACE_MS = 250;
/** A connection that was just made brings its request soon, most likely; whoever cut it off would turn that request into a failure. */
const SILENT_GRACE_MS = 500;

export interface Listening {
  readonly server: Server;
  readonly port: number;
  /**
   * Takes no new connections; resolves when the last answer is out, after `drainMs` at the latest. Each answer is the last of its
   * connection. `quiet`: those that were kept idle have ended, so what holds connections open for long may end too.
   */
  close(drainMs: number, quiet?: () => void): Promise<void>;
}

export type HttpHandler = (http: IncomingMessage, response: ServerResponse) => void;

export interface Handlers {
  readonly all: HttpHandler;
  readonly plainPosts?: PlainPosts;
}

/** Who takes POSTs to MCP endpoints without node:http between, which is half of what they would cost. */
export interface PlainPosts {
  readonly handler: (http: HttpRequest, response: HttpResponse) => void;
  /** One for all listeners of a process. */
  readonly queue: RequestQueue;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** Where several workers serve one port: this one is for each of them alone. */
  readonly isOwn?: boolean;
  /** Several workers serve it. Linux gives connections to each in turn (SO_REUSEPORT); elsewhere the first process does. */
  readonly isShared?: boolean;
}

/** Rejects with `config.invalid` where the port is taken or the address is not ours. */
export async function listen(address: ListenAddress, handlers: HttpHandler | Handlers, clock: Clock): Promise<Listening> {
  const { all, plainPosts } = typeof handlers === 'function' ? { all: handlers } : handlers;
  const silent = new Set<Socket>();
  const server = createServer(HTTP_LIMITS, (http, response) => {
    silent.delete(http.socket);
    if (!server.listening) response.setHeader('connection', 'close');
    all(http, response);
  });
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.on('close', () => silent.delete(socket));
  });
  const plain = plainPosts && new PlainConnections(server, { ...plainPosts, clock, keepAliveMs: HTTP_LIMITS.keepAliveTimeout, silentMs: HTTP_LIMITS.headersTimeout });
  server.maxHeadersCount = HEADERS_MAX;
  server.maxConnections = CONNECTIONS_MAX;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return;
    const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  });
  // Nothing here speaks another protocol; without a listener Node would hand such requests on as ordinary ones.
  server.on('upgrade', (_http, socket) => socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFault(error, address)));
    const isSharedByKernel = address.isShared === true && process.platform === 'linux';
    server.listen({ port: address.port, host: address.host, reusePort: isSharedByKernel, exclusive: address.isOwn === true || isSharedByKernel }, () => resolve());
  });
  const bound = server.address();
  return { server, port: typeof bound === 'object' && bound !== null ? bound.port : address.port, close: (drainMs, quiet) => close({ server, silent, plain }, { drainMs, quiet }, clock) };
}

function listenFault(error: NodeJS.ErrnoException, { host, port }: { readonly host: string; readonly port: number }): Fault {
  const what =
    error.code === 'EADDRINUSE'
      ? `Port ${port} on ${host} is taken by another program. Stop it, or choose another port with --port (0 takes any free one).`
      : error.code === 'EACCES'
        ? `Port ${port} needs more rights than this user has. Choose one above 1023 with --port.`
        : `Listening on ${host}:${port} failed (${error.code ?? error.message}). Is --host an address of this machine?`;
  return new Fault('config.invalid', { message: what, cause: error });
}

interface Open {
  readonly server: Server;
  /** Connections that no request came over yet, opened ahead of need; Node counts them as busy. */
  readonly silent: ReadonlySet<Socket>;
  readonly plain: PlainConnections | undefined;
}

interface Closing {
  readonly drainMs: number;
  readonly quiet: (() => void) | undefined;
}

function close({ server, silent, plain }: Open, { drainMs, quiet }: Closing, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    let stopSweep: CancelTimer = () => undefined;
    let isQuiet = false;
    const startedMs = clock.monotonicMs();
    const becomeQuiet = (): void => {
      if (isQuiet) return;
      isQuiet = true;
      // Looks after connections no more; nobody listens already.
      server.close();
      quiet?.();
    };
    // Node closes connections that are idle now, but keeps those that become idle once their last answer is out.
    const sweep = (): void => {
      const closingMs = clock.monotonicMs() - startedMs;
      const isSilenceOver = closingMs >= SILENT_GRACE_MS;
      if (closingMs >= IDLE_GRACE_MS) {
        becomeQuiet();
        server.closeIdleConnections();
        plain?.endIdle(isSilenceOver);
      }
      if (isSilenceOver) for (const socket of silent) socket.destroy();
      stopSweep = clock.after(IDLE_SWEEP_MS, sweep);
    };
    const stopTimer = clock.after(drainMs, () => {
      server.closeAllConnections();
      plain?.destroy();
    });
    // As of a plain server: that of HTTP would end idle connections at once, with whatever is on its way over them.
    NetServer.prototype.close.call(server, () => {
      stopTimer();
      stopSweep();
      becomeQuiet();
      resolve();
    });
    plain?.close();
    sweep();
  });
}
