/** What the matrix server offers: a tool, resource or prompt for every feature that a revision may have. */
import type { IncomingHttpHeaders } from 'node:http';
import { sleep, systemClock } from '../../src/base/clock.ts';
import { isObject, type JsonObject, MODERN_REVISION, type Revision, type RpcError } from '../../src/protocol/messages.ts';
import { META, metaOf } from '../../src/protocol/meta.ts';

/** As it must arrive, whoever asks; the last member is a number that JavaScript cannot hold. */
export const FUTURE_RESULT = '{"content":[{"type":"future_block","x":1}],"extra":{"deep":[1]},"_meta":{"vendor/x":1},"big":12345678901234567890123}';

export type Answer = { readonly kind: 'result'; readonly result: JsonObject } | { readonly kind: 'text'; readonly text: string } | { readonly kind: 'error'; readonly error: RpcError };
export type Asked = (method: string, params: JsonObject) => Promise<JsonObject>;

export interface CallIo {
  /** A notification ahead of the answer, over the same stream. */
  readonly notify: (method: string, params: JsonObject) => void;
  readonly ask: Asked;
  readonly cancelled: Promise<void>;
}

export interface MatrixTools {
  /** Client notifications, as they came. */
  readonly heard: { readonly method: string; readonly params: JsonObject }[];
  /** Headers of every modern request. */
  readonly headers: { readonly method: string; readonly headers: IncomingHttpHeaders }[];
  /** Params of `initialize`, as they came. */
  readonly opened: JsonObject[];
  slowCalls: number;
  cancellations: number;
  initialized(params: JsonObject): JsonObject;
  handle(request: { readonly method: string; readonly params: JsonObject }, io: CallIo): Promise<Answer>;
  /** Something happens at the server that belongs to no call. */
  tell(method: string, params: JsonObject): void;
}

export const UI_META: JsonObject = { ui: { resourceUri: 'ui://app/main' } };
const QUESTIONS: Readonly<Record<string, { readonly method: string; readonly params: JsonObject }>> = {
  ask_form: { method: 'elicitation/create', params: { message: 'Your name?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } } },
  ask_url: { method: 'elicitation/create', params: { mode: 'url', message: 'Sign in', url: 'https://example.test/sign-in', elicitationId: 'visit-1' } },
  ask_model: { method: 'sampling/createMessage', params: { messages: [{ role: 'user', content: { type: 'text', text: 'ping' } }], maxTokens: 10 } },
  ask_roots: { method: 'roots/list', params: {} },
};

const UNHURRIED_MS = 60;
const STEP_MS = 5;

const NAMES = ['echo', 'future', 'vendor', 'structured', 'sound', 'link', 'steps', 'unhurried', 'slow', 'chatty', 'change', 'update', 'work', 'canary', 'quiet_canary', ...Object.keys(QUESTIONS)];

function capabilitiesOf(revision: Revision): JsonObject {
  const base = { tools: { listChanged: true }, prompts: {}, resources: { subscribe: true, listChanged: true }, logging: {}, completions: {} };
  if (revision === '2025-11-25') return { ...base, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } };
  return revision === MODERN_REVISION ? { ...base, extensions: { 'io.modelcontextprotocol/tasks': {}, 'io.modelcontextprotocol/ui': {} } } : base;
}

export function createMatrixTools(revision: Revision, everyone: (message: JsonObject) => void): MatrixTools {
  const isModern = revision === MODERN_REVISION;
  const state = { isChanged: false, taskState: 'working' };
  const complete = (result: JsonObject): Answer => ({ kind: 'result', result: isModern ? { resultType: 'complete', ...result } : result });
  const text = (words: string): Answer => complete({ content: [{ type: 'text', text: words }] });
  const cached = (result: JsonObject): Answer => complete(isModern ? { ttlMs: 0, cacheScope: 'private', ...result } : result);
  const serverInfo = { name: `matrix-${revision}`, version: '1' };

  const lists: Readonly<Record<string, () => JsonObject>> = {
    'tools/list': () => ({ tools: [...NAMES, ...(state.isChanged ? ['later'] : [])].map(toTool) }),
    'resources/list': () => ({ resources: [{ uri: 'file:///a', name: 'a' }, { uri: 'ui://app/main', name: 'app', mimeType: 'text/html;profile=mcp-app' }] }),
    'resources/templates/list': () => ({ resourceTemplates: [{ uriTemplate: 'file:///{path}', name: 'files' }] }),
    'prompts/list': () => ({ prompts: [{ name: 'greet', arguments: [{ name: 'who' }] }] }),
  };
  const task = (): JsonObject => ({ taskId: 'own-7', status: state.taskState, createdAt: '2026-01-01T00:00:00Z', lastUpdatedAt: '2026-01-01T00:00:00Z', ...(isModern ? { ttlMs: null } : { ttl: null }) });

  const tools: MatrixTools = {
    heard: [],
    headers: [],
    opened: [],
    slowCalls: 0,
    cancellations: 0,
    tell: (method, params) => everyone({ jsonrpc: '2.0', method, params }),
    initialized: (params) => {
      tools.opened.push(params);
      return { protocolVersion: revision, capabilities: capabilitiesOf(revision), serverInfo, instructions: `Be kind, says ${revision}.` };
    },
    handle: async ({ method, params }, io) => {
      const list = lists[method];
      if (list !== undefined) return cached(list());
      if (method === 'server/discover' && isModern) return cached({ supportedVersions: [MODERN_REVISION], capabilities: capabilitiesOf(revision), instructions: `Be kind, says ${revision}.`, _meta: { [META.serverInfo]: serverInfo } });
      if (method === 'tools/call') return callTool(params, io);
      if (method === 'resources/read') return cached({ contents: [{ uri: params['uri'], text: `content of ${String(params['uri'])}` }] });
      if (method === 'prompts/get') return complete({ messages: [{ role: 'user', content: { type: 'text', text: 'hello' } }] });
      if (method === 'completion/complete') return complete({ completion: { values: ['one', 'two'] } });
      if (method.startsWith('tasks/')) return handleTask(method, params);
      if (['ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'].includes(method) && !isModern) return complete({});
      return { kind: 'error', error: { code: -32601, message: `Method not found: ${method}` } };
    },
  };

  function handleTask(method: string, params: JsonObject): Answer {
    if (method !== 'tasks/list' && params['taskId'] !== 'own-7') return { kind: 'error', error: { code: -32602, message: 'Unknown task' } };
    if (method === 'tasks/list') return complete({ tasks: [task()] });
    if (method === 'tasks/result') return complete({ content: [{ type: 'text', text: 'done' }], _meta: { [META.relatedTask]: { taskId: 'own-7' } } });
    if (method === 'tasks/cancel') state.taskState = 'cancelled';
    if (isModern && method !== 'tasks/get') return complete({});
    return complete({ ...task(), ...(isModern && state.taskState === 'completed' ? { result: { content: [] } } : {}) });
  }

  async function callTool(params: JsonObject, io: CallIo): Promise<Answer> {
    const name = String(params['name']);
    const question = QUESTIONS[name];
    if (question !== undefined) return answered(question, params, io);
    const run = RUNS[name];
    return run === undefined ? { kind: 'error', error: { code: -32602, message: `Unknown tool: ${name}` } } : await run(params, io);
  }

  /** Modern servers end the round with their question; older ones wait for the answer inside the call. */
  async function answered(question: { readonly method: string; readonly params: JsonObject }, params: JsonObject, io: CallIo): Promise<Answer> {
    const { elicitationId: _, ...neutral } = question.params;
    const responses = params['inputResponses'];
    if (isModern && isObject(responses)) return text(`${JSON.stringify(responses['it'])} ${String(params['requestState'])}`);
    if (isModern) return { kind: 'result', result: { resultType: 'input_required', inputRequests: { it: { ...question, params: neutral } }, requestState: 'own-state' } };
    try {
      return text(JSON.stringify(await io.ask(question.method, question.params)));
    } catch (thrown) {
      return complete({ isError: true, content: [{ type: 'text', text: String(thrown) }] });
    }
  }

  const RUNS: Readonly<Record<string, (params: JsonObject, io: CallIo) => Answer | Promise<Answer>>> = {
    echo: (params) => complete({ content: [{ type: 'text', text: JSON.stringify({ arguments: params['arguments'], traceparent: metaOf(params)['traceparent'], capabilities: metaOf(params)[META.clientCapabilities] }) }] }),
    future: () => ({ kind: 'text', text: FUTURE_RESULT }),
    vendor: () => ({ kind: 'text', text: '{"content":[{"type":"future_block","x":1}],"extra":{"deep":[1]},"_meta":{"vendor/x":1}}' }),
    structured: () => complete({ content: [{ type: 'text', text: '{"n":1}' }], structuredContent: { n: 1 } }),
    sound: () => complete({ content: [{ type: 'audio', data: 'AAAA', mimeType: 'audio/wav' }] }),
    link: () => complete({ content: [{ type: 'resource_link', uri: 'file:///a', name: 'a' }] }),
    // Clients of the SDK forget a token with the answer, also where it comes in one piece with the progress before it.
    steps: async (params, { notify }) => {
      const { progressToken } = metaOf(params);
      for (const progress of progressToken === undefined ? [] : [1, 2, 3]) {
        notify('notifications/progress', { progressToken, progress, total: 3 });
        await sleep(systemClock, STEP_MS);
      }
      return text('stepped');
    },
    // Long enough between its steps for a connection to be lost.
    unhurried: async (params, { notify }) => {
      const { progressToken } = metaOf(params);
      for (const progress of [1, 2]) {
        if (progressToken !== undefined) notify('notifications/progress', { progressToken, progress });
        await sleep(systemClock, UNHURRIED_MS);
      }
      return text('at last');
    },
    slow: async (_params, { cancelled }) => {
      tools.slowCalls++;
      await cancelled;
      tools.cancellations++;
      return text('cancelled');
    },
    chatty: (params, { notify }) => {
      const isMute = isModern && metaOf(params)[META.logLevel] === undefined;
      if (!isMute) for (const level of ['debug', 'warning']) notify('notifications/message', { level, data: `a ${level}` });
      return text('said');
    },
    // Says one caller's word in every way there is, with a pause between, so that calls overlap.
    canary: async (params, io) => {
      const own = await sayWord(params, io);
      if (isModern && !isObject(params['inputResponses'])) return { kind: 'result', result: { resultType: 'input_required', inputRequests: { it: { method: 'elicitation/create', params: { message: own, requestedSchema: { type: 'object', properties: {} } } } } } };
      if (isModern) return text(`said ${own}`);
      const answer = await io.ask('elicitation/create', { message: own, requestedSchema: { type: 'object', properties: {} } }).catch((thrown: unknown) => ({ refused: String(thrown) }));
      return text(`said ${own} ${JSON.stringify(answer)}`);
    },
    quiet_canary: async (params, io) => text(`said ${await sayWord(params, io)}`),
    change: () => {
      state.isChanged = !state.isChanged;
      tools.tell('notifications/tools/list_changed', {});
      return text('changed');
    },
    update: () => {
      tools.tell('notifications/resources/updated', { uri: 'file:///a' });
      return text('updated');
    },
    work: (params) => {
      state.taskState = 'working';
      if (isModern) return isObject(extensionsOf(params)['io.modelcontextprotocol/tasks']) ? { kind: 'result', result: { resultType: 'task', ...task() } } : text('done at once');
      return revision === '2025-11-25' && params['task'] !== undefined ? complete({ task: task() }) : text('done at once');
    },
  };
  return tools;
}

async function sayWord(params: JsonObject, { notify }: CallIo): Promise<string> {
  const own = isObject(params['arguments']) ? String(params['arguments']['own']) : '';
  const { progressToken } = metaOf(params);
  if (progressToken !== undefined) notify('notifications/progress', { progressToken, progress: 1, message: own });
  notify('notifications/message', { level: 'warning', data: own });
  await sleep(systemClock, 5);
  if (progressToken !== undefined) notify('notifications/progress', { progressToken, progress: 2, message: own });
  return own;
}

function toTool(name: string): JsonObject {
  const region = name === 'echo' ? { region: { type: 'string', 'x-mcp-header': 'Region' } } : {};
  return { name, title: `The ${name}`, inputSchema: { type: 'object', properties: { ...region } }, annotations: { readOnlyHint: true }, icons: [{ src: 'data:,' }], ...(name === 'echo' ? { _meta: UI_META } : {}), ...(name === 'structured' ? { outputSchema: { type: 'object' } } : {}), ...(name === 'work' ? { execution: { taskSupport: 'optional' } } : {}) };
}

function extensionsOf(params: JsonObject): JsonObject {
  const capabilities = metaOf(params)[META.clientCapabilities];
  return isObject(capabilities) && isObject(capabilities['extensions']) ? capabilities['extensions'] : {};
}
