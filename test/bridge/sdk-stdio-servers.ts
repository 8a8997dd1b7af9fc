/**
 * Servers made with the official SDK, both generations, over stdio: the process that the gateway starts passes its bytes
 * on to here, so that a test sees what the server saw.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { StdioServerTransport as TransportV1 } from '@modelcontextprotocol/sdk/server/stdio.js';
import { serveStdio, StdioServerTransport as TransportV2 } from '@modelcontextprotocol/server/stdio';
import { type JsonObject, MODERN_REVISION } from '../../src/protocol/messages.ts';
import type { MatrixServer } from './matrix-server.ts';
import { createMatrixTools, type MatrixTools } from './matrix-tools.ts';
import { createV1, createV2 } from './sdk-servers.ts';

const RELAY = fileURLToPath(new URL('stdio-relay.ts', import.meta.url));

type Notify = (message: JsonObject) => Promise<void>;

/** Sessions of generation 1. */
export async function startSdk1StdioServer(): Promise<MatrixServer> {
  const connections = new Set<Notify>();
  const tools = createMatrixTools('2025-11-25', (message) => tellAll(connections, message));
  return listen(tools, (socket) => {
    const server = createV1(tools);
    const notify: Notify = (message) => server.notification(message as never);
    connections.add(notify);
    socket.on('close', () => connections.delete(notify));
    void server.connect(new TransportV1(socket, socket));
  });
}

/** Generation 2, of the newer family only. */
export async function startSdk2StdioServer(): Promise<MatrixServer> {
  const connections = new Set<Notify>();
  const tools = createMatrixTools(MODERN_REVISION, (message) => tellAll(connections, message));
  return listen(tools, (socket) => {
    const make = (): ReturnType<typeof createV2> => {
      const server = createV2(tools);
      const notify: Notify = (message) => server.notification(message as never);
      connections.add(notify);
      socket.on('close', () => connections.delete(notify));
      return server;
    };
    serveStdio(make, { legacy: 'reject', transport: new TransportV2(socket, socket) });
  });
}

function tellAll(connections: ReadonlySet<Notify>, message: JsonObject): void {
  // Whoever has just gone away hears nothing.
  for (const notify of connections) void notify(message).catch(() => undefined);
}

async function listen(tools: MatrixTools, serve: (socket: Socket) => void): Promise<MatrixServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    spec: { type: 'stdio', command: process.execPath, args: [RELAY, String(port)] },
    url: '',
    tools,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
