/** A real HTTP server on loopback whose every answer the test writes itself; it notes what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach } from 'vitest';

export interface ScriptedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly socket: Socket;
}

export type Script = (request: ScriptedRequest, response: ServerResponse) => void;

export interface ScriptedServer {
  readonly url: string;
  /** In the order in which their bodies were complete. */
  readonly requests: ScriptedRequest[];
  /** Connections that are open now. */
  readonly openSockets: ReadonlySet<Socket>;
  readonly connectionCount: () => number;
  stop(): Promise<void>;
}

const running: ScriptedServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

/** Stopped by itself after the test. */
export async function startScriptedServer(script: Script, keepAliveTimeoutMs = 5_000): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = [];
  const openSockets = new Set<Socket>();
  let connections = 0;
  const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url = '', headers, socket } = incoming;
      const request = { method, url, headers, body: Buffer.concat(chunks).toString(), socket };
      requests.push(request);
      script(request, response);
    });
  });
  server.on('connection', (socket) => {
    connections++;
    openSockets.add(socket);
    socket.on('close', () => openSockets.delete(socket));
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    for (const socket of openSockets) socket.destroy();
  };
  const scripted = { url: `http://127.0.0.1:${port}/mcp?tenant=a`, requests, openSockets, connectionCount: () => connections, stop };
  running.push(scripted);
  return scripted;
}

/** Answers with JSON. */
export function json(response: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}

/** Begins an event stream. */
export function eventStream(response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...headers });
  response.flushHeaders();
}

/** One event with a JSON-RPC message. */
export function messageEvent(message: unknown, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: message\ndata: ${JSON.stringify(message)}\n\n`;
}
