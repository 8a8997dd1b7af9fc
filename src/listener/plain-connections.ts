/** All connections of a listener that only plain posts came over so far; what they turn out to be else, node:http gets. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { PlainConnection, type PlainConnectionDeps } from './plain-connection.ts';

const SWEEP_MS = 2_000;
const SECOND_MS = 1_000;

export interface PlainConnectionsDeps extends Pick<PlainConnectionDeps, 'handler' | 'queue'> {
  readonly clock: Clock;
  /** A connection that is idle for longer is closed. */
  readonly keepAliveMs: number;
  /** One that says nothing at all for longer is refused. */
  readonly silentMs: number;
}

export class PlainConnections {
  readonly #deps: PlainConnectionsDeps;
  readonly #open = new Set<PlainConnection>();
  #isClosing = false;
  #stopSweeping: CancelTimer = () => undefined;
  #second = 0;
  #dateLine = '';

  /** Stands between the server and its own listener for connections; server events are public, so is injecting a connection by them. */
  constructor(server: Server, deps: PlainConnectionsDeps) {
    this.#deps = deps;
    const own = server.listeners('connection');
    server.removeAllListeners('connection');
    const handOver = (socket: Socket): void => {
      for (const listener of own) listener.call(server, socket);
    };
    server.on('connection', (socket) => {
      this.#open.add(new PlainConnection(socket, { handler: deps.handler, queue: deps.queue, handOver, commonLines: this.#commonLines, isClosing: () => this.#isClosing, left: (connection) => void this.#open.delete(connection) }));
    });
    server.on('listening', () => this.#sweep());
  }

  /** From now on each answer ends its connection; others are left to `endIdle`. */
  close(): void {
    this.#isClosing = true;
    this.#stopSweeping();
  }

  /** `isGraceOver`: also those that no request came over yet. */
  endIdle(isGraceOver: boolean): void {
    for (const connection of this.#open) if (!connection.isBusy && (isGraceOver || !connection.isSilent)) connection.end();
  }

  destroy(): void {
    for (const connection of this.#open) connection.destroy();
  }

  readonly #commonLines = (isLast: boolean): string => {
    const second = Math.floor(this.#deps.clock.nowMs() / SECOND_MS);
    if (second !== this.#second) {
      this.#second = second;
      this.#dateLine = `date: ${new Date(second * SECOND_MS).toUTCString()}\r\n`;
    }
    return isLast ? `${this.#dateLine}connection: close\r\n` : `${this.#dateLine}connection: keep-alive\r\nkeep-alive: timeout=${this.#deps.keepAliveMs / SECOND_MS}\r\n`;
  };

  #sweep(): void {
    const { clock, keepAliveMs, silentMs } = this.#deps;
    for (const connection of this.#open) {
      if (connection.isBusy) {
        connection.idleSweeps = 0;
        continue;
      }
      const idleMs = ++connection.idleSweeps * SWEEP_MS;
      if (connection.isSilent && idleMs > silentMs) connection.end('408 Request Timeout');
      else if (idleMs > keepAliveMs) connection.end();
    }
    this.#stopSweeping = clock.after(SWEEP_MS, () => this.#sweep());
  }
}
