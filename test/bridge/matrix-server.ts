/**
 * A server that speaks exactly one revision, written out by hand: Streamable HTTP with sessions, HTTP+SSE for
 * 2024-11-05, stateless for 2026-07-28. What its tools do, `matrix-tools.ts` says; here is how they are reached.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isObject, type JsonObject, MODERN_REVISION, type RequestId, type Revision } from '../../src/protocol/messages.ts';
import { META, metaOf } from '../../src/protocol/meta.ts';
import { type Answer, type Asked, createMatrixTools, type MatrixTools } from './matrix-tools.ts';

export interface MatrixServer {
  readonly url: string;
  /** Its configuration, where it is not reached by its address. */
  readonly spec?: JsonObject;
  readonly tools: MatrixTools;
  stop(): Promise<void>;
}

type Send = (message: JsonObject | string) => void;

interface Session {
  main: Send | undefined;
  readonly asked: Map<RequestId, (answer: JsonObject) => void>;
  readonly cancels: Map<RequestId, () => void>;
}

export async function startMatrixServer(revision: Revision): Promise<MatrixServer> {
  const sessions = new Map<string, Session>();
  const listens = new Map<RequestId, { readonly filter: JsonObject; readonly send: Send }>();
  const everyone = (message: JsonObject): void => {
    for (const session of sessions.values()) session.main?.(message);
    for (const [id, { filter, send }] of listens) if (isWanted(filter, message)) send(withSubscription(message, id));
  };
  const tools = createMatrixTools(revision, everyone);
  const parts = { revision, tools, sessions, listens };
  const server = createServer((http, response) => {
    void readBody(http).then((body) => (revision === MODERN_REVISION ? serveModern(body, http, response, parts) : serveLegacy(body, http, response, parts)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/${revision === '2024-11-05' ? 'sse' : 'mcp'}`,
    tools,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Parts {
  readonly revision: Revision;
  readonly tools: MatrixTools;
  readonly sessions: Map<string, Session>;
  readonly listens: Map<RequestId, { readonly filter: JsonObject; readonly send: Send }>;
}

async function readBody(http: IncomingMessage): Promise<JsonObject> {
  let text = '';
  for await (const chunk of http) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as JsonObject);
}

function stream(response: ServerResponse, headers: Record<string, string> = {}): Send {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
  response.flushHeaders();
  return (message) => void response.write(`event: message\ndata: ${typeof message === 'string' ? message : JSON.stringify(message)}\n\n`);
}

function json(response: ServerResponse, status: number, body: JsonObject, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function toMessage(id: RequestId, answer: Answer): string {
  return answer.kind === 'text' ? `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${answer.text}}` : JSON.stringify({ jsonrpc: '2.0', id, ...(answer.kind === 'error' ? { error: answer.error } : { result: answer.result }) });
}

function serveLegacy(body: JsonObject, http: IncomingMessage, response: ServerResponse, parts: Parts): void {
  const { revision, sessions } = parts;
  const url = new URL(http.url ?? '', 'http://server');
  const isOld = revision === '2024-11-05';
  const id = isOld ? url.searchParams.get('session') : (http.headers['mcp-session-id'] as string | undefined);
  if (http.method === 'GET' && isOld) {
    const opened = randomUUID();
    const send = stream(response);
    response.write(`event: endpoint\ndata: /message?session=${opened}\n\n`);
    sessions.set(opened, { main: send, asked: new Map(), cancels: new Map() });
    response.on('close', () => sessions.delete(opened));
    return;
  }
  if (body['method'] === 'initialize' && !isOld) {
    const opened = randomUUID();
    sessions.set(opened, { main: undefined, asked: new Map(), cancels: new Map() });
    json(response, 200, { jsonrpc: '2.0', id: body['id'], result: parts.tools.initialized(isObject(body['params']) ? body['params'] : {}) }, { 'mcp-session-id': opened });
    return;
  }
  const session = sessions.get(id ?? '');
  if (session === undefined) json(response, body['method'] === 'server/discover' ? 400 : 404, { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'No session' } });
  else if (http.method === 'GET') {
    session.main = stream(response);
    response.on('close', () => (session.main = undefined));
  } else if (http.method === 'DELETE') {
    sessions.delete(id ?? '');
    response.writeHead(200).end();
  } else takeLegacy(body, session, response, parts);
}

function takeLegacy(body: JsonObject, session: Session, response: ServerResponse, { revision, tools }: Parts): void {
  const id = body['id'] as RequestId | undefined;
  const method = body['method'];
  const params = isObject(body['params']) ? body['params'] : {};
  if (typeof method !== 'string' || id === undefined) {
    response.writeHead(202).end();
    if (method === undefined && id !== undefined) session.asked.get(id)?.(body);
    if (method === 'notifications/cancelled') session.cancels.get(params['requestId'] as RequestId)?.();
    else if (typeof method === 'string') tools.heard.push({ method, params });
    return;
  }
  const isOld = revision === '2024-11-05';
  if (isOld) response.writeHead(202).end();
  const send = isOld ? (session.main ?? (() => undefined)) : stream(response);
  const ask: Asked = (question, asked) =>
    new Promise((resolve, reject) => {
      const askId = randomUUID();
      session.asked.set(askId, (answer) => (isObject(answer['result']) ? resolve(answer['result']) : reject(new Error(JSON.stringify(answer['error'])))));
      send({ jsonrpc: '2.0', id: askId, method: question, params: asked });
    });
  const cancelled = new Promise<void>((resolve) => session.cancels.set(id, resolve));
  const handled = isOld && method === 'initialize' ? Promise.resolve<Answer>({ kind: 'result', result: tools.initialized(params) }) : tools.handle({ method, params }, { notify: (notice, about) => send({ jsonrpc: '2.0', method: notice, params: about }), ask, cancelled });
  void handled.then((answer) => {
    send(toMessage(id, answer));
    if (!isOld) response.end();
  });
}

function serveModern(body: JsonObject, http: IncomingMessage, response: ServerResponse, { tools, listens }: Parts): void {
  const id = body['id'] as RequestId;
  const params = isObject(body['params']) ? body['params'] : {};
  const method = String(body['method']);
  if (http.method !== 'POST') {
    response.writeHead(405).end();
    return;
  }
  if (http.headers['mcp-protocol-version'] !== MODERN_REVISION) {
    json(response, 400, { jsonrpc: '2.0', id, error: { code: -32022, message: 'Unsupported protocol version', data: { supported: [MODERN_REVISION], requested: String(http.headers['mcp-protocol-version']) } } });
    return;
  }
  tools.headers.push({ method, headers: http.headers });
  if (method === 'subscriptions/listen') {
    const filter = isObject(params['notifications']) ? params['notifications'] : {};
    const send = stream(response);
    send(withSubscription({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications: filter } }, id));
    listens.set(id, { filter, send });
    response.on('close', () => listens.delete(id));
    return;
  }
  const send = stream(response);
  const cancelled = new Promise<void>((resolve) => response.on('close', () => !response.writableFinished && resolve()));
  const ask: Asked = () => Promise.reject(new Error('not in this revision'));
  void tools.handle({ method, params }, { notify: (notice, about) => send({ jsonrpc: '2.0', method: notice, params: about }), ask, cancelled }).then((answer) => {
    send(toMessage(id, answer));
    response.end();
  });
}

function isWanted(filter: JsonObject, { method, params }: JsonObject): boolean {
  const about = isObject(params) ? params : {};
  const includes = (key: string, value: unknown): boolean => Array.isArray(filter[key]) && (filter[key] as unknown[]).includes(value);
  if (method === 'notifications/tools/list_changed') return filter['toolsListChanged'] === true;
  if (method === 'notifications/resources/updated') return includes('resourceSubscriptions', about['uri']);
  return method === 'notifications/tasks' && includes('taskIds', about['taskId']);
}

function withSubscription(message: JsonObject, id: RequestId): JsonObject {
  const params = isObject(message['params']) ? message['params'] : {};
  return { ...message, params: { ...params, _meta: { ...metaOf(params), [META.subscriptionId]: id } } };
}
