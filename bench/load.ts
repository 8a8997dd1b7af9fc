/** One load: so many connections, each sending its next request when the last one is answered. */
import { systemClock } from '../src/base/clock.ts';
import type { JsonObject } from '../src/protocol/messages.ts';
import { type HttpAnswer, HttpConnection } from './http-connection.ts';

export interface Load {
  readonly family: 'legacy' | 'modern';
  readonly method: 'tools/call' | 'tools/list';
  readonly connections: number;
}

/** Where a load goes. */
export interface Aim {
  readonly url: string;
  /** The echo tool's name there. */
  readonly tool: string;
  readonly key: string | undefined;
  /** The process whose CPU is counted. */
  readonly pid: number;
}

export interface LoadOutcome {
  readonly callsPerSecond: number;
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const MESSAGE = 'a hundred bytes or so of text, as a small tool would be given them by a client in the field';
const MODERN_META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
const LATENCIES_MAX = 1 << 21;

/** Runs for `durationMs`, and one request a connection at least. Rejects at the first answer that is not the expected one: a fast error is no speed. */
export async function runLoad(load: Load, aim: Aim, durationMs: number): Promise<LoadOutcome> {
  const clients = await Promise.all(Array.from({ length: load.connections }, () => openClient(load, aim)));
  const latencies = new Float64Array(LATENCIES_MAX);
  let calls = 0;
  const startMs = systemClock.monotonicMs();
  const endMs = startMs + durationMs;
  const drive = ({ connection, request, isExpected, broken }: Client): Promise<void> =>
    new Promise((resolve, reject) => {
      broken.catch(reject);
      const send = (): void => {
        const sentMs = systemClock.monotonicMs();
        connection.exchange(request, (answer) => {
          if (!isExpected(answer)) return reject(new Error(`Unexpected answer ${answer.status}: ${answer.body.slice(0, 300)}`));
          const nowMs = systemClock.monotonicMs();
          latencies[calls % LATENCIES_MAX] = nowMs - sentMs;
          calls += 1;
          if (nowMs < endMs) send();
          else resolve();
        });
      };
      send();
    });
  try {
    await Promise.all(clients.map(drive));
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
  const seconds = (systemClock.monotonicMs() - startMs) / 1000;
  const sorted = latencies.subarray(0, Math.min(calls, LATENCIES_MAX)).toSorted();
  return { callsPerSecond: calls / seconds, calls, p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
}

export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

interface Client {
  readonly connection: HttpConnection;
  readonly request: Buffer;
  readonly isExpected: (answer: HttpAnswer) => boolean;
  readonly broken: Promise<never>;
  /** Ends the session, where there is one, and the connection. */
  readonly close: () => Promise<void>;
}

async function openClient(load: Load, aim: Aim): Promise<Client> {
  const { promise: broken, reject } = Promise.withResolvers<never>();
  broken.catch(() => undefined);
  const connection = new HttpConnection(new URL(aim.url), reject);
  const key = aim.key === undefined ? '' : `authorization: Bearer ${aim.key}\r\n`;
  const base = `content-type: application/json\r\naccept: application/json, text/event-stream\r\n${key}`;
  const exchange = (request: Buffer): Promise<HttpAnswer> =>
    Promise.race([broken, new Promise<HttpAnswer>((resolve) => connection.exchange(request, resolve))]);
  const params: JsonObject = load.method === 'tools/call' ? { name: aim.tool, arguments: { message: MESSAGE } } : {};
  const isExpected = load.method === 'tools/call' ? isEcho : isList;
  const common = { connection, isExpected, broken };
  if (load.family === 'modern') {
    const name = load.method === 'tools/call' ? `mcp-name: ${aim.tool}\r\n` : '';
    const headers = `${base}mcp-protocol-version: 2026-07-28\r\nmcp-method: ${load.method}\r\n${name}`;
    const request = connection.request('POST', headers, rpc(load.method, { ...params, _meta: MODERN_META }));
    return { ...common, request, close: async () => connection.close() };
  }
  const headers = await openSession(connection, base, exchange);
  const close = async (): Promise<void> => {
    // A broken connection has ended the load already; its session is left to its timeout.
    await exchange(connection.request('DELETE', headers)).catch(() => undefined);
    connection.close();
  };
  return { ...common, request: connection.request('POST', headers, rpc(load.method, params)), close };
}

/** The `initialize` handshake of 2025-11-25; resolves to the header lines of the session. */
async function openSession(connection: HttpConnection, base: string, exchange: (request: Buffer) => Promise<HttpAnswer>): Promise<string> {
  const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
  const opened = await exchange(connection.request('POST', base, rpc('initialize', hello)));
  if (opened.status !== 200) throw new Error(`initialize was answered with ${opened.status}: ${opened.body.slice(0, 300)}`);
  const session = /\r\nmcp-session-id: *([^\r\n]+)/i.exec(opened.head)?.[1];
  const headers = `${base}mcp-protocol-version: 2025-11-25\r\n${session === undefined ? '' : `mcp-session-id: ${session}\r\n`}`;
  await exchange(connection.request('POST', headers, JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })));
  return headers;
}

function rpc(method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
}

function isEcho({ status, body }: HttpAnswer): boolean {
  return status === 200 && body.includes(MESSAGE) && body.includes('"result"');
}

function isList({ status, body }: HttpAnswer): boolean {
  return status === 200 && body.includes('"tools":[{');
}
