/**
 * The official SDK's clients behind the face of a matrix client: generation 1 over Streamable HTTP and over HTTP+SSE,
 * generation 2 as legacy client, negotiating, and pinned to 2026-07-28. What an SDK keeps to itself (tokens, rounds,
 * metadata of the wire) is told in the words of the face.
 */
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema, ResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { isObject, type JsonObject, MODERN_REVISION, type Revision } from '../../src/protocol/messages.ts';
import { META } from '../../src/protocol/meta.ts';
import { ANSWERS, ASKABLE, type CallOptions, type MatrixClient, PATIENCE_MS, type Reply, UI } from './matrix-client.ts';

/** What both generations have in common, as far as the matrix needs it. */
interface Port {
  readonly request: (what: { readonly method: string; readonly params: Record<string, unknown> }, options: PortOptions) => Promise<unknown>;
  readonly notify: (method: string) => Promise<void>;
  readonly listen: (about: { readonly uri?: string }) => Promise<void>;
  readonly opened: JsonObject;
  readonly close: () => Promise<void>;
}

interface PortOptions {
  readonly signal: AbortSignal;
  readonly timeout: number;
  readonly onprogress?: (progress: object) => void;
}

interface Seen {
  readonly unsolicited: JsonObject[];
  readonly asked: { method: string; params: JsonObject }[];
}

const CAPABILITIES = { ...ASKABLE, extensions: UI };
const CALL_MS = 10_000;

export async function openSdk1Client(url: string): Promise<MatrixClient> {
  return openV1(url, 'http');
}

/** HTTP+SSE, as old programs still reach `/sse`. */
export async function openSdk1SseClient(url: string): Promise<MatrixClient> {
  return openV1(url.replace(/\/mcp$/, '/sse'), 'sse');
}

async function openV1(url: string, transport: 'http' | 'sse'): Promise<MatrixClient> {
  const seen: Seen = { unsolicited: [], asked: [] };
  const client = new ClientV1({ name: 'sdk-1', version: '1' }, { capabilities: CAPABILITIES });
  client.fallbackNotificationHandler = async (notification) => void seen.unsolicited.push(notification as JsonObject);
  const answer = async ({ method, params }: { method: string; params?: object | undefined }): Promise<never> => answered(seen, method, params);
  client.setRequestHandler(ElicitRequestSchema, answer);
  client.setRequestHandler(CreateMessageRequestSchema, answer);
  client.setRequestHandler(ListRootsRequestSchema, answer);
  await client.connect(transport === 'http' ? new HttpV1(new URL(url)) : new SSEClientTransport(new URL(url)));
  return toMatrixClient('2025-11-25', seen, {
    request: (what, options) => client.request(what, ResultSchema, options),
    notify: (method) => client.notification({ method }),
    listen: async ({ uri }) => void (uri === undefined || (await client.subscribeResource({ uri }))),
    opened: { capabilities: client.getServerCapabilities() as JsonObject, instructions: client.getInstructions() },
    close: () => client.close(),
  });
}

export type Sdk2Mode = 'legacy' | 'auto' | { readonly pin: '2026-07-28' };

export async function openSdk2Client(url: string, mode: Sdk2Mode): Promise<MatrixClient> {
  const seen: Seen = { unsolicited: [], asked: [] };
  const client = new ClientV2({ name: 'sdk-2', version: '1' }, { capabilities: CAPABILITIES, versionNegotiation: { mode } });
  client.fallbackNotificationHandler = async (notification) => void seen.unsolicited.push(notification as JsonObject);
  for (const method of ['elicitation/create', 'sampling/createMessage', 'roots/list'] as const) client.setRequestHandler(method, async ({ params }) => answered(seen, method, params));
  await client.connect(new HttpV2(new URL(url)));
  const isModern = client.getProtocolEra() === 'modern';
  // It mirrors arguments by the lists that it has read.
  await client.listTools();
  return toMatrixClient(isModern ? MODERN_REVISION : '2025-11-25', seen, {
    request: ({ method, params }, options) => (method === 'tools/call' ? client.callTool(params as never, options) : client.request({ method, params }, z.looseObject({}), options)),
    notify: (method) => client.notification({ method }),
    listen: async ({ uri }) => {
      if (isModern) await client.listen({ toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true, ...(uri === undefined ? {} : { resourceSubscriptions: [uri] }) });
      else if (uri !== undefined) await client.subscribeResource({ uri });
    },
    opened: { capabilities: client.getServerCapabilities() as JsonObject, instructions: client.getInstructions() },
    close: () => client.close(),
  });
}

function answered(seen: Seen, method: string, params: object | undefined): never {
  seen.asked.push({ method, params: (params ?? {}) as JsonObject });
  // The handlers' types differ by method and generation; the answers are those of the raw clients.
  return ANSWERS[method] as never;
}

function toMatrixClient(revision: Revision, seen: Seen, port: Port): MatrixClient {
  const request = async (method: string, params: JsonObject = {}, { progressToken, logLevel, meta = {}, onSent }: CallOptions = {}): Promise<Reply> => {
    const isModern = revision === MODERN_REVISION;
    if (logLevel !== undefined && !isModern) await port.request({ method: 'logging/setLevel', params: { level: logLevel } }, { signal: AbortSignal.timeout(CALL_MS), timeout: CALL_MS });
    const _meta = { ...meta, ...(logLevel === undefined || !isModern ? {} : { [META.logLevel]: logLevel }) };
    const before = seen.unsolicited.length;
    const progress: JsonObject[] = [];
    const aborting = new AbortController();
    const options = { signal: aborting.signal, timeout: CALL_MS, ...(progressToken === undefined ? {} : { onprogress: (step: object) => void progress.push({ method: 'notifications/progress', params: { progressToken, ...step } }) }) };
    const answer = port.request({ method, params: { ...params, ...(Object.keys(_meta).length === 0 ? {} : { _meta }) } }, options);
    onSent?.(() => aborting.abort());
    const settled = await answer.then(
      (result) => ({ result: result as JsonObject, error: undefined }),
      (thrown: unknown) => ({ result: undefined, error: toError(thrown) }),
    );
    // Notifications are handed over in a turn of their own.
    await new Promise(setImmediate);
    return { ...settled, text: JSON.stringify(settled.result ?? settled.error), notices: [...progress, ...seen.unsolicited.slice(before)] };
  };
  return {
    revision,
    isRaw: false,
    patienceMs: PATIENCE_MS,
    unsolicited: seen.unsolicited,
    asked: seen.asked,
    opened: port.opened,
    request,
    call: (tool, args = {}, options = {}) => request('tools/call', { name: tool, arguments: args, ...options.params }, options),
    listen: (about) => port.listen(about),
    notify: (method) => port.notify(method),
    postBatch: () => Promise.reject(new Error('this SDK sends no batches')),
    callAndResume: () => Promise.reject(new Error('this SDK resumes by itself')),
    close: () => port.close(),
  };
}

function toError(thrown: unknown): JsonObject {
  const code = isObject(thrown as JsonObject) ? (thrown as { code?: unknown }).code : undefined;
  return { code: typeof code === 'number' ? code : 0, message: String(thrown) };
}
