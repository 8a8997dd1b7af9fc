/**
 * A TCP proxy on loopback that treats what passes as a bad network would: late, slow, in small pieces, cut or reset.
 * TCP repairs loss by sending again later, so loss shows as `stall`: a share of the pieces is late by a retransmission.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach } from 'vitest';

export interface Weather {
  /** Each way, milliseconds. */
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
  /** Share of pieces that come late by `stallMs` more. */
  readonly stallShare?: number;
  readonly stallMs?: number;
  /** Ends the connection after so many bytes from the server: with FIN, or with RST. */
  readonly cutAfterBytes?: number;
  readonly isReset?: boolean;
  /** New connections are closed at once. */
  readonly refuses?: boolean;
  /** Nothing passes, and nobody is told: what is sent now is lost for good, so connections of this time never work again. */
  readonly isPartitioned?: boolean;
}

export interface FaultProxy {
  /** `url` with the proxy in place of its host. */
  readonly through: (url: string) => string;
  /** From now on, also for connections that are open. */
  weather: Weather;
  readonly connections: () => number;
  /** Ends the connections that are open; the next come under the weather of then. */
  readonly cut: () => void;
  readonly stop: () => void;
}

const running: (() => void)[] = [];
afterEach(() => {
  for (const stop of running.splice(0)) stop();
});

const PIECE_BYTES = 1_400;

/** Stopped by itself after the test. `random`: uniform in [0, 1). */
export async function startFaultProxy(target: string, random: () => number, weather: Weather = {}): Promise<FaultProxy> {
  const proxy = await openFaultProxy(target, random, weather);
  running.push(proxy.stop);
  return proxy;
}

/** As `startFaultProxy`, for whoever stops it. */
export async function openFaultProxy(target: string, random: () => number, weather: Weather = {}): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    connections++;
    if (proxy.weather.refuses === true) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
    }
    pass(client, upstream, { weather: () => proxy.weather, random, isAnswer: false });
    pass(upstream, client, { weather: () => proxy.weather, random, isAnswer: true });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = (server.address() as AddressInfo).port;
  const proxy: FaultProxy = {
    through: (url) => {
      const changed = new URL(url);
      changed.port = String(own);
      return changed.href;
    },
    weather,
    connections: () => connections,
    cut: () => {
      for (const socket of open) socket.destroy();
    },
    stop: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
  return proxy;
}

interface Way {
  readonly weather: () => Weather;
  readonly random: () => number;
  /** From the server to the client. */
  readonly isAnswer: boolean;
}

/** In order, none lost, none twice. */
function pass(from: Socket, to: Socket, { weather, random, isAnswer }: Way): void {
  let passedBytes = 0;
  let freeMs = 0;
  let isCut = false;
  let isLost = false;
  const later = (atMs: number, run: () => void): void => void setTimeout(run, Math.max(0, atMs - performance.now()));
  from.on('data', (chunk: Buffer) => {
    isLost ||= weather().isPartitioned === true;
    if (isLost) return;
    const { delayMs = 0, bytesPerSecond = Number.POSITIVE_INFINITY, stallShare = 0, stallMs = 0, cutAfterBytes } = weather();
    for (let start = 0; start < chunk.length && !isCut; start += PIECE_BYTES) {
      let piece = chunk.subarray(start, start + PIECE_BYTES);
      if (isAnswer && cutAfterBytes !== undefined && passedBytes + piece.length >= cutAfterBytes) {
        piece = piece.subarray(0, cutAfterBytes - passedBytes);
        isCut = true;
      }
      passedBytes += piece.length;
      const lateMs = random() < stallShare ? stallMs : 0;
      freeMs = Math.max(freeMs, performance.now() + delayMs + lateMs) + (piece.length / bytesPerSecond) * 1_000;
      const sent = piece;
      later(freeMs, () => to.writable && to.write(sent));
    }
    if (!isCut) return;
    const isReset = weather().isReset === true;
    later(freeMs + 1, () => {
      if (isReset) to.resetAndDestroy();
      else to.end();
      from.destroy();
    });
  });
  from.on('close', () => later(freeMs + 1, () => to.end()));
}
