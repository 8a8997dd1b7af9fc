/** One face for clients of all revisions, so that a feature is tried in the same words whoever tries it. */
import { isObject, type JsonObject, MODERN_REVISION, type Revision } from '../../src/protocol/messages.ts';
import { META } from '../../src/protocol/meta.ts';
import { LegacyClient } from './legacy-client.ts';
import { type ModernAnswer, ModernClient } from './modern-client.ts';

export interface Reply {
  readonly result: JsonObject | undefined;
  readonly error: JsonObject | undefined;
  /** The whole response as it lay in its bytes. */
  readonly text: string;
  /** What came ahead of the response, for this request. */
  readonly notices: readonly JsonObject[];
}

export interface CallOptions {
  readonly progressToken?: string;
  /** Level of log messages wanted. */
  readonly logLevel?: string;
  readonly meta?: JsonObject;
  readonly params?: JsonObject;
  /** Called with what lets the client give up, when the request is on its way. */
  readonly onSent?: (cancel: () => void) => void;
}

export interface MatrixClient {
  readonly revision: Revision;
  /** Every byte of it is visible; else an SDK keeps the members of the wire to itself. */
  readonly isRaw: boolean;
  /** How long to wait for what may never come. */
  patienceMs: number;
  /** What belongs to no request: list changes, resource updates. */
  readonly unsolicited: readonly JsonObject[];
  /** Methods that servers asked this client for. */
  readonly asked: readonly { readonly method: string; readonly params: JsonObject }[];
  /** The answer to `initialize` or `server/discover`. */
  readonly opened: JsonObject;
  request(method: string, params?: JsonObject, options?: CallOptions): Promise<Reply>;
  /** Calls a tool and answers whatever is asked on the way. */
  call(tool: string, args?: JsonObject, options?: CallOptions): Promise<Reply>;
  /** From now on, changes of lists, of this resource and of this task are heard. */
  listen(about: { readonly uri?: string; readonly taskId?: string }): Promise<void>;
  /** Several calls of tools in one body; their results in order. Rejects where that is refused. */
  postBatch(calls: readonly JsonObject[]): Promise<readonly Reply[]>;
  /** Calls a tool, loses the connection after the first progress, and goes on with `Last-Event-ID`. Rejects where nothing can go on. */
  callAndResume(tool: string): Promise<Reply>;
  /** Nothing where the revision has no such notification. */
  notify(method: string): Promise<void>;
  close(): Promise<void>;
}

export const ANSWERS: Readonly<Record<string, JsonObject>> = {
  'elicitation/create': { action: 'accept', content: { name: 'Ada' } },
  'sampling/createMessage': { role: 'assistant', model: 'm', content: { type: 'text', text: 'pong' } },
  'roots/list': { roots: [{ uri: 'file:///home' }] },
};

export const UI = { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } };
export const ASKABLE = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };
const ROUNDS_MAX = 5;
export const PATIENCE_MS = 5_000;

export async function openMatrixClient(url: string, revision: Revision, headers: Readonly<Record<string, string>> = {}): Promise<MatrixClient> {
  return revision === MODERN_REVISION ? openModern(url, headers) : openLegacy(url, revision, headers);
}

function toReply({ response, text, notices }: { readonly response: JsonObject | undefined; readonly text: string; readonly notices: readonly JsonObject[] }): Reply {
  const result = response?.['result'];
  const error = response?.['error'];
  return { result: isObject(result) ? result : undefined, error: isObject(error) ? error : undefined, text, notices };
}

async function openLegacy(url: string, revision: Revision, headers: Readonly<Record<string, string>>): Promise<MatrixClient> {
  const client = await LegacyClient.open(url, revision, { headers, capabilities: { ...ASKABLE, extensions: UI }, answerServer: (method) => ANSWERS[method] });
  const request = async (method: string, params: JsonObject = {}, { progressToken, logLevel, meta = {}, onSent }: CallOptions = {}): Promise<Reply> => {
    if (logLevel !== undefined) await client.request('logging/setLevel', { level: logLevel });
    const _meta = { ...meta, ...(progressToken === undefined ? {} : { progressToken }) };
    const answer = client.request(method, { ...params, ...(Object.keys(_meta).length === 0 ? {} : { _meta }) });
    const id = client.lastId;
    onSent?.(() => void client.notify('notifications/cancelled', { requestId: id, reason: 'enough' }).catch(() => undefined));
    return toReply(await answer);
  };
  return {
    revision,
    isRaw: true,
    patienceMs: PATIENCE_MS,
    unsolicited: client.notices,
    asked: client.asked,
    opened: client.opened,
    request,
    call: (tool, args = {}, options = {}) => request('tools/call', { name: tool, arguments: args, ...options.params }, options),
    listen: async ({ uri }) => {
      if (uri !== undefined) await client.request('resources/subscribe', { uri });
    },
    postBatch: async (calls) => (await client.postBatch(calls.map((params) => ({ method: 'tools/call', params })))).map(toReply),
    callAndResume: async (tool) => toReply(await client.requestAndResume('tools/call', { name: tool, arguments: {}, _meta: { progressToken: tool } })),
    notify: (method) => client.notify(method, {}),
    close: () => client.close(),
  };
}

async function openModern(url: string, headers: Readonly<Record<string, string>>): Promise<MatrixClient> {
  const client = new ModernClient(url, { ...ASKABLE, extensions: { ...UI, 'io.modelcontextprotocol/tasks': {} } }, headers);
  const closing = new AbortController();
  const unsolicited: JsonObject[] = [];
  const asked: { method: string; params: JsonObject }[] = [];
  const opened = toReply(await client.request({ method: 'server/discover' })).result ?? {};
  const once = async (method: string, params: JsonObject, { progressToken, logLevel, meta = {}, onSent }: CallOptions, headersOfCall: Readonly<Record<string, string>> = {}): Promise<ModernAnswer> => {
    const givingUp = new AbortController();
    const own = { ...meta, ...(progressToken === undefined ? {} : { progressToken }), ...(logLevel === undefined ? {} : { [META.logLevel]: logLevel }) };
    const answer = client.request({ method, params, meta: own, headers: headersOfCall, signal: AbortSignal.any([givingUp.signal, closing.signal]) });
    onSent?.(() => givingUp.abort());
    return await answer.catch((thrown: unknown) => {
      if (givingUp.signal.aborted) return { status: 0, response: undefined, text: '', notices: [] };
      throw thrown;
    });
  };
  const request = async (method: string, params: JsonObject = {}, options: CallOptions = {}): Promise<Reply> => toReply(await once(method, params, options));
  return {
    revision: MODERN_REVISION,
    isRaw: true,
    patienceMs: PATIENCE_MS,
    unsolicited,
    asked,
    opened,
    request,
    call: async (tool, args = {}, options = {}) => {
      const mirrored: Readonly<Record<string, string>> = typeof args['region'] === 'string' ? { 'mcp-param-region': args['region'] } : {};
      let more: JsonObject = {};
      const notices: JsonObject[] = [];
      for (let round = 0; ; round++) {
        const last = toReply(await once('tools/call', { name: tool, arguments: args, ...options.params, ...more }, options, mirrored));
        notices.push(...last.notices);
        const reply = { ...last, notices };
        const requests = reply.result?.['resultType'] === 'input_required' ? reply.result['inputRequests'] : undefined;
        if (!isObject(requests) || round >= ROUNDS_MAX) return reply;
        const questions = Object.entries(requests).filter((entry): entry is [string, JsonObject] => isObject(entry[1]));
        for (const [, { method, params }] of questions) asked.push({ method: String(method), params: isObject(params) ? params : {} });
        more = { inputResponses: Object.fromEntries(questions.map(([key, { method }]) => [key, ANSWERS[String(method)]])), requestState: reply.result?.['requestState'] };
      }
    },
    listen: async ({ uri, taskId }) => {
      const notifications = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true, ...(uri === undefined ? {} : { resourceSubscriptions: [uri] }), ...(taskId === undefined ? {} : { taskIds: [taskId] }) };
      await new Promise<void>((resolve) => {
        const onNotice = (message: JsonObject): void => {
          if (message['method'] === 'notifications/subscriptions/acknowledged') resolve();
          else unsolicited.push(message);
        };
        // Ends with the client.
        client.request({ method: 'subscriptions/listen', params: { notifications }, signal: closing.signal, onNotice }).catch(() => undefined);
      });
    },
    postBatch: async (calls) => {
      const { status } = await client.post(calls.map((params, index) => ({ jsonrpc: '2.0', id: `b${index}`, method: 'tools/call', params })));
      throw new Error(`a batch: ${status}`);
    },
    callAndResume: async () => {
      const response = await fetch(url, { headers: { accept: 'text/event-stream', 'last-event-id': 's1_1', 'mcp-protocol-version': MODERN_REVISION, ...headers } });
      throw new Error(`a stream to go on with: ${response.status} ${await response.text()}`);
    },
    notify: async () => undefined,
    close: async () => closing.abort(),
  };
}
