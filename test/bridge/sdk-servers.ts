/**
 * Servers made with the official SDK, both generations, over Streamable HTTP on a free port. What their tools do is the
 * matrix server's; how they are reached is the SDK's.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Server as ServerV1 } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { type ErrorCode, McpError, ResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { createMcpHandler, ProtocolError, Server as ServerV2, type ServerContext, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { isObject, type JsonObject, MODERN_REVISION } from '../../src/protocol/messages.ts';
import type { MatrixServer } from './matrix-server.ts';
import { type Answer, createMatrixTools, type MatrixTools } from './matrix-tools.ts';

type Serve = (http: IncomingMessage, response: ServerResponse) => void;

/** Sessions of generation 1. */
export async function startSdk1Server(): Promise<MatrixServer> {
  const servers = new Set<ServerV1>();
  const tools = createMatrixTools('2025-11-25', (message) => {
    for (const server of servers) void server.notification(message as never).catch(() => undefined);
  });
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const server = createV1(tools);
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: (id) => void sessions.set(id, transport) });
    transport.onclose = () => servers.delete(server);
    servers.add(server);
    await server.connect(transport as never);
    return transport;
  };
  return listen(tools, (http, response) => {
    const id = http.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (typeof id === 'string' && known === undefined) response.writeHead(404).end();
    else void (known === undefined ? open() : Promise.resolve(known)).then((transport) => transport.handleRequest(http, response));
  });
}

export function createV1(tools: MatrixTools): ServerV1 {
  const { capabilities, instructions } = declared(tools);
  const server = new ServerV1({ name: 'sdk-1', version: '1' }, { capabilities, instructions });
  server.oninitialized = () => void tools.opened.push({ capabilities: server.getClientCapabilities() as JsonObject });
  server.fallbackNotificationHandler = async ({ method, params }) => void tools.heard.push({ method, params: (params ?? {}) as JsonObject });
  server.fallbackRequestHandler = async ({ method, params }, { sendNotification, sendRequest, signal }) => {
    const answer = await tools.handle(
      { method, params: (params ?? {}) as JsonObject },
      {
        notify: (notice, about) => void sendNotification({ method: notice, params: about } as never),
        ask: async (question, asked) => (await sendRequest({ method: question, params: asked } as never, ResultSchema)) as JsonObject,
        cancelled: whenAborted(signal),
      },
    );
    return valueOf(answer, (code, message) => new McpError(code as ErrorCode, message));
  };
  return server;
}

/** Generation 2, in sessions of the older family or stateless in the newer. */
export async function startSdk2Server(family: 'legacy' | 'modern'): Promise<MatrixServer> {
  const told: { tell: (message: JsonObject) => void } = { tell: () => undefined };
  const tools = createMatrixTools(family === 'modern' ? MODERN_REVISION : '2025-11-25', (message) => told.tell(message));
  return listen(tools, family === 'modern' ? serveModern(tools, told) : serveSessions(tools, told));
}

function serveModern(tools: MatrixTools, told: { tell: (message: JsonObject) => void }): Serve {
  const handler = createMcpHandler(() => createV2(tools), { legacy: 'reject' });
  told.tell = ({ method, params }) => {
    if (method === 'notifications/tools/list_changed') handler.notify.toolsChanged();
    else if (method === 'notifications/resources/updated' && isObject(params)) handler.notify.resourceUpdated(String(params['uri']));
  };
  const serve = getRequestListener((request) => handler.fetch(request));
  return (http, response) => {
    tools.headers.push({ method: String(http.headers['mcp-method']), headers: http.headers });
    void serve(http, response);
  };
}

function serveSessions(tools: MatrixTools, told: { tell: (message: JsonObject) => void }): Serve {
  const servers = new Set<ServerV2>();
  told.tell = (message) => {
    for (const server of servers) void server.notification(message as never).catch(() => undefined);
  };
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const open = async (): Promise<WebStandardStreamableHTTPServerTransport> => {
    const server = createV2(tools);
    const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: (id) => void sessions.set(id, transport), onsessionclosed: () => void servers.delete(server) });
    servers.add(server);
    await server.connect(transport);
    return transport;
  };
  const fetch = async (request: Request): Promise<Response> => {
    const id = request.headers.get('mcp-session-id');
    const known = id === null ? undefined : sessions.get(id);
    if (id !== null && known === undefined) return new Response(null, { status: 404 });
    return (known ?? (await open())).handleRequest(request);
  };
  const serve = getRequestListener(fetch);
  return (http, response) => void serve(http, response);
}

export function createV2(tools: MatrixTools): ServerV2 {
  const { capabilities, instructions } = declared(tools);
  const server = new ServerV2({ name: 'sdk-2', version: '1' }, { capabilities, instructions });
  server.oninitialized = () => void tools.opened.push({ capabilities: server.getClientCapabilities() as JsonObject });
  server.fallbackNotificationHandler = async ({ method, params }) => void tools.heard.push({ method, params: (params ?? {}) as JsonObject });
  server.fallbackRequestHandler = async ({ method, params }, { mcpReq }: ServerContext) => {
    const answer = await tools.handle(
      { method, params: wireParams(params, mcpReq) },
      {
        notify: (notice, about) => void mcpReq.notify({ method: notice, params: about }),
        ask: async (question, asked) => (await mcpReq.send({ method: question, params: asked }, z.looseObject({}))) as JsonObject,
        cancelled: whenAborted(mcpReq.signal),
      },
    );
    return valueOf(answer, (code, message) => new ProtocolError(code, message)) as never;
  };
  return server;
}

/** Params as they came: the SDK lifts out what the protocol itself speaks in. */
function wireParams(params: unknown, { _meta, envelope, inputResponses, requestState }: ServerContext['mcpReq']): JsonObject {
  const state = requestState();
  return { ...(params as JsonObject | undefined), _meta: { ..._meta, ...envelope }, ...(inputResponses === undefined ? {} : { inputResponses }), ...(state === undefined ? {} : { requestState: state }) } as JsonObject;
}

function declared(tools: MatrixTools): { readonly capabilities: never; readonly instructions: string } {
  const { capabilities, instructions } = tools.initialized({});
  tools.opened.pop();
  return { capabilities: capabilities as never, instructions: String(instructions) };
}

function valueOf(answer: Answer, toThrown: (code: number, message: string) => Error): JsonObject {
  if (answer.kind === 'error') throw toThrown(answer.error.code, answer.error.message);
  return answer.kind === 'text' ? (JSON.parse(answer.text) as JsonObject) : answer.result;
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}

async function listen(tools: MatrixTools, serve: Serve): Promise<MatrixServer> {
  const server = createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    tools,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
