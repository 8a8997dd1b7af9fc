/**
 * Every feature of every revision: how a client tries it through the gateway, and for which pairs of revisions it works,
 * how, or why it cannot. The matrix test tries each pair and holds it against what is said here.
 */
import { expect } from 'vitest';
import { isObject, type JsonObject, MODERN_REVISION, type Revision } from '../../src/protocol/messages.ts';
import { META } from '../../src/protocol/meta.ts';
import type { MatrixClient, Reply } from './matrix-client.ts';
import { FUTURE_RESULT, type MatrixTools } from './matrix-tools.ts';

export type Verdict = { readonly works: true; readonly how?: string } | { readonly works: false; readonly why: string };

export interface Feature {
  readonly name: string;
  readonly verdict: (client: Revision, server: Revision) => Verdict;
  /** Throws where it does not work. */
  readonly attempt: (client: MatrixClient, server: MatrixTools) => Promise<void>;
}

const WORKS: Verdict = { works: true };
const MODERN = MODERN_REVISION;

function works(how?: string): Verdict {
  return how === undefined ? WORKS : { works: true, how };
}
function not(why: string): Verdict {
  return { works: false, why };
}
/** Between the families something is done, within one nothing. */
function bridged(older: string, newer: string): Feature['verdict'] {
  return (client, server) => (client !== MODERN && server === MODERN ? works(older) : client === MODERN && server !== MODERN ? works(newer) : WORKS);
}

function ok(reply: Reply): JsonObject {
  if (reply.result === undefined) throw new Error(`no result: ${reply.text}`);
  return reply.result;
}
function textOf(reply: Reply): string {
  const { content } = ok(reply);
  const [first] = Array.isArray(content) ? content : [];
  return isObject(first) ? String(first['text']) : '';
}
function blockOf(reply: Reply): unknown {
  const { content } = ok(reply);
  return Array.isArray(content) && isObject(content[0]) ? content[0]['type'] : undefined;
}
async function toolNamed(client: MatrixClient, name: string): Promise<JsonObject> {
  const { tools } = ok(await client.request('tools/list'));
  const tool = Array.isArray(tools) ? tools.find((one) => isObject(one) && one['name'] === name) : undefined;
  if (!isObject(tool)) throw new Error(`no tool ${name}`);
  return tool;
}
async function heard(client: MatrixClient, method: string): Promise<JsonObject> {
  const find = (): JsonObject | undefined => client.unsolicited.find((message) => message['method'] === method);
  await expect.poll(find, { timeout: client.patienceMs, interval: 5 }).toBeDefined();
  return find() ?? {};
}
function noticesOf({ notices }: Reply, method: string): readonly JsonObject[] {
  return notices.filter((message) => message['method'] === method).map(({ params }) => (isObject(params) ? params : {}));
}
const TASK_SINCE = '2025-11-25';
const STRUCTURED_SINCE = '2025-06-18';
const NO_QUESTION = (since: string): string => `the client's revision has none (since ${since})`;

/** A question to the client: asked in the words of its revision, if it has any. */
function question(tool: string, method: string, since: Revision): Feature {
  const isVisit = tool === 'ask_url';
  return {
    name: { ask_form: 'Elicitation, form', ask_url: 'Elicitation, address to visit', ask_model: 'Sampling', ask_roots: 'Roots' }[tool] ?? tool,
    verdict: (client, server) => {
      if (client < since) return not(NO_QUESTION(since));
      if (client !== MODERN && server === MODERN) return works(isVisit ? 'asked over the session, with an `elicitationId` made up; the request is repeated with the answer' : 'asked over the session; the request is repeated with the answer');
      return client === MODERN && server !== MODERN ? works('the call waits, sealed into `requestState`, until the client repeats it with the answer') : WORKS;
    },
    attempt: async (client) => {
      const before = client.asked.length;
      const reply = await client.call(tool);
      expect(client.asked.slice(before).map((one) => one.method)).toEqual([method]);
      expect(textOf(reply)).toMatch({ 'elicitation/create': /Ada/, 'sampling/createMessage': /pong/, 'roots/list': /home/ }[method] ?? /never/);
    },
  };
}

export const FEATURES: readonly Feature[] = [
  {
    name: 'Opening, capabilities, instructions',
    verdict: bridged('`initialize` is answered from `server/discover`', '`server/discover` is answered from `initialize`'),
    attempt: async (client) => {
      expect(client.opened).toMatchObject({ capabilities: { tools: { listChanged: true }, resources: { subscribe: true } }, instructions: expect.stringContaining('Be kind') });
    },
  },
  {
    name: 'Ping',
    verdict: (client) => (client === MODERN ? not('2026-07-28 has no ping') : works('answered by the gateway')),
    attempt: async (client) => void ok(await client.request('ping')),
  },
  {
    name: 'Tool lists with annotations, icons, titles',
    verdict: bridged('without `ttlMs` and `cacheScope`', 'with `ttlMs` and `cacheScope`'),
    attempt: async (client) => {
      expect(await toolNamed(client, 'echo')).toMatchObject({ title: 'The echo', annotations: { readOnlyHint: true }, icons: [{ src: 'data:,' }] });
      if (client.isRaw) expect('ttlMs' in ok(await client.request('tools/list'))).toBe(client.revision === MODERN);
    },
  },
  {
    name: 'Tool calls',
    verdict: () => WORKS,
    attempt: async (client) => {
      const reply = await client.call('echo', { region: 'eu' });
      expect(textOf(reply)).toContain('"region":"eu"');
      if (client.isRaw) expect('resultType' in ok(reply)).toBe(client.revision === MODERN);
    },
  },
  {
    name: 'Results with members and blocks of the future, numbers of any size',
    verdict: () => works('unchanged, but for what a revision itself adds'),
    attempt: async (client) => {
      const reply = await client.call('future');
      expect(reply.text).toContain('"big":12345678901234567890123');
      const { resultType: _, _meta, ...rest } = ok(reply);
      const { big: __, ...expected } = JSON.parse(FUTURE_RESULT) as { big: unknown; _meta: unknown };
      const { [META.serverInfo]: ___, ...meta } = isObject(_meta) ? _meta : {};
      expect({ ...rest, big: undefined, _meta: meta }).toEqual({ ...expected, big: undefined });
    },
  },
  {
    name: 'Structured content',
    verdict: (client) => (client < STRUCTURED_SINCE ? not(`the client's revision has none (since ${STRUCTURED_SINCE}); the text beside it passes`) : WORKS),
    attempt: async (client) => expect(ok(await client.call('structured'))).toMatchObject({ structuredContent: { n: 1 } }),
  },
  {
    name: 'Audio',
    verdict: (client) => (client < '2025-03-26' ? not("the client's revision has none (since 2025-03-26); told as text") : WORKS),
    attempt: async (client) => expect(blockOf(await client.call('sound'))).toBe('audio'),
  },
  {
    name: 'Resource links',
    verdict: (client) => (client < STRUCTURED_SINCE ? not(`the client's revision has none (since ${STRUCTURED_SINCE}); told as text`) : WORKS),
    attempt: async (client) => expect(blockOf(await client.call('link'))).toBe('resource_link'),
  },
  {
    name: 'Arguments mirrored into headers',
    verdict: (client, server) => (server !== MODERN ? not("the server's revision has none; the argument itself arrives") : client === MODERN ? works('checked and made anew') : works('made from the schema')),
    attempt: async (client, server) => {
      await client.call('echo', { region: 'eu' });
      expect(server.headers.findLast((one) => one.method === 'tools/call')?.headers).toMatchObject({ 'mcp-param-region': 'eu', 'mcp-name': 'echo' });
    },
  },
  {
    name: 'Trace context',
    verdict: () => WORKS,
    attempt: async (client) => expect(textOf(await client.call('echo', {}, { meta: { traceparent: '00-a-b-01' } }))).toContain('"traceparent":"00-a-b-01"'),
  },
  {
    name: 'Progress',
    verdict: () => works("under the client's own token"),
    attempt: async (client) => {
      const progress = noticesOf(await client.call('steps', {}, { progressToken: 'mine' }), 'notifications/progress');
      expect(progress.map((params) => [params['progressToken'], params['progress']])).toEqual([1, 2, 3].map((step) => ['mine', step]));
    },
  },
  {
    name: 'Batches',
    verdict: (client) => (client === '2025-03-26' ? works('taken apart: each request goes its own way') : not('only 2025-03-26 has them')),
    attempt: async (client) => {
      const replies = await client.postBatch(['eu', 'us'].map((region) => ({ name: 'echo', arguments: { region } })));
      expect(replies.map(textOf)).toEqual([expect.stringContaining('"region":"eu"'), expect.stringContaining('"region":"us"')]);
    },
  },
  {
    name: 'Streams that go on after a lost connection',
    verdict: (client) => (client === MODERN ? not('2026-07-28 has none: a lost connection is a cancellation') : client === '2024-11-05' ? not('HTTP+SSE gives its events no ids') : works("kept by the gateway for a while, whatever the server's revision")),
    attempt: async (client) => {
      const reply = await client.callAndResume('unhurried');
      expect(textOf(reply)).toBe('at last');
      expect(noticesOf(reply, 'notifications/progress').map(({ progress }) => progress)).toEqual([1, 2]);
    },
  },
  {
    name: 'Cancellation',
    verdict: bridged('`notifications/cancelled` closes the request', 'closing the response becomes `notifications/cancelled`'),
    attempt: async (client, server) => {
      const before = { calls: server.slowCalls, cancellations: server.cancellations };
      let cancel: () => void = () => undefined;
      const reply = client.call('slow', {}, { onSent: (give) => (cancel = give) });
      await expect.poll(() => server.slowCalls, { timeout: client.patienceMs, interval: 5 }).toBe(before.calls + 1);
      cancel();
      await expect.poll(() => server.cancellations, { timeout: client.patienceMs, interval: 5 }).toBe(before.cancellations + 1);
      await reply;
    },
  },
  {
    name: 'Log messages at the level that the client wants',
    verdict: bridged("the session's level goes along with each request", 'the level of the request is set at the server; each request hears its own'),
    attempt: async (client) => {
      const levels = async (logLevel: string): Promise<unknown[]> => noticesOf(await client.call('chatty', {}, { logLevel }), 'notifications/message').map((params) => params['level']);
      expect(await levels('warning')).toEqual(['warning']);
      expect(await levels('debug')).toEqual(['debug', 'warning']);
    },
  },
  {
    name: 'Resources and templates',
    verdict: () => WORKS,
    attempt: async (client) => {
      expect(ok(await client.request('resources/templates/list'))).toMatchObject({ resourceTemplates: [{ uriTemplate: 'file:///{path}' }] });
      expect(ok(await client.request('resources/read', { uri: 'file:///b/c' }))).toMatchObject({ contents: [{ text: 'content of file:///b/c' }] });
    },
  },
  {
    name: 'Prompts',
    verdict: () => WORKS,
    attempt: async (client) => {
      expect(ok(await client.request('prompts/list'))).toMatchObject({ prompts: [{ name: 'greet' }] });
      expect(ok(await client.request('prompts/get', { name: 'greet' }))).toMatchObject({ messages: [{ role: 'user' }] });
    },
  },
  {
    name: 'Completion',
    verdict: () => WORKS,
    attempt: async (client) => expect(ok(await client.request('completion/complete', { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'who', value: 'o' } }))).toMatchObject({ completion: { values: ['one', 'two'] } }),
  },
  {
    name: 'Resource subscriptions',
    verdict: bridged('`subscriptions/listen` is kept open for what sessions subscribe to', '`resources/subscribe` for what clients listen to'),
    attempt: async (client) => {
      await client.listen({ uri: 'file:///a' });
      await client.call('update');
      expect(await heard(client, 'notifications/resources/updated')).toMatchObject({ params: { uri: 'file:///a' } });
    },
  },
  {
    name: 'List changes',
    verdict: bridged("heard by `subscriptions/listen`, told over the session's stream", 'told to those who listen'),
    attempt: async (client) => {
      await client.listen({});
      await client.call('change');
      await heard(client, 'notifications/tools/list_changed');
      await client.call('change');
    },
  },
  question('ask_form', 'elicitation/create', '2025-06-18'),
  question('ask_url', 'elicitation/create', '2025-11-25'),
  question('ask_model', 'sampling/createMessage', '2024-11-05'),
  question('ask_roots', 'roots/list', '2024-11-05'),
  {
    name: 'The user has visited the address',
    verdict: (client, server) =>
      server === MODERN ? not('2026-07-28 has no such notification; the client goes on when the user says so') : client === MODERN ? not('2026-07-28 has no such notification') : client < '2025-11-25' ? not(NO_QUESTION('2025-11-25')) : WORKS,
    attempt: async (client, server) => {
      await client.call('ask_url');
      server.tell('notifications/elicitation/complete', { elicitationId: 'visit-1' });
      await heard(client, 'notifications/elicitation/complete');
    },
  },
  {
    name: 'Roots have changed',
    verdict: (client, server) => (client === MODERN || server === MODERN ? not('2026-07-28 has no such notification') : WORKS),
    attempt: async (client, server) => {
      await client.call('ask_roots');
      const before = server.heard.length;
      await client.notify('notifications/roots/list_changed');
      await expect.poll(() => server.heard.slice(before).map((one) => one.method), { timeout: client.patienceMs, interval: 5 }).toContain('notifications/roots/list_changed');
    },
  },
  {
    name: 'MCP Apps: `ui://` resources and the extension',
    verdict: bridged("the extension of the session's `initialize` goes along with each request", 'the extension is declared at `initialize`'),
    attempt: async (client, server) => {
      expect(await toolNamed(client, 'echo')).toMatchObject({ _meta: { ui: { resourceUri: 'ui://app/main' } } });
      expect(ok(await client.request('resources/read', { uri: 'ui://app/main' }))).toMatchObject({ contents: [{ uri: 'ui://app/main' }] });
      const said = textOf(await client.call('echo')) + JSON.stringify(server.opened);
      expect(said).toContain('text/html;profile=mcp-app');
    },
  },
  {
    name: 'Tasks of 2025-11-25',
    verdict: (client, server) => (client === TASK_SINCE && server === TASK_SINCE ? works('under ids of ours') : not(client === MODERN || server === MODERN ? 'cannot be translated into the Tasks extension (SEP-2663); the call is answered at once' : `only 2025-11-25 has them; the call is answered at once`)),
    attempt: async (client, server) => {
      expect(client.opened).toMatchObject({ capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } } });
      const { task } = ok(await client.call('work', {}, { params: { task: { ttl: 60_000 } } }));
      const taskId = isObject(task) ? String(task['taskId']) : '';
      expect(taskId).not.toBe('own-7');
      expect(ok(await client.request('tasks/get', { taskId }))).toMatchObject({ taskId, status: 'working' });
      expect(ok(await client.request('tasks/list'))).toMatchObject({ tasks: [{ taskId }] });
      expect(ok(await client.request('tasks/result', { taskId }))).toMatchObject({ _meta: { [META.relatedTask]: { taskId } } });
      server.tell('notifications/tasks/status', { taskId: 'own-7', status: 'completed' });
      expect(await heard(client, 'notifications/tasks/status')).toMatchObject({ params: { taskId } });
      expect(ok(await client.request('tasks/cancel', { taskId }))).toMatchObject({ status: 'cancelled' });
      expect((await client.request('tasks/get', { taskId: 'own-7' })).error).toMatchObject({ code: -32602 });
    },
  },
  {
    name: 'Tasks extension',
    verdict: (client, server) => (client === MODERN && server === MODERN ? works('under ids of ours') : not('2026-07-28 on both sides only (SEP-2663); the call is answered at once')),
    attempt: async (client, server) => {
      const created = ok(await client.call('work'));
      expect(created).toMatchObject({ resultType: 'task', status: 'working' });
      const taskId = String(created['taskId']);
      expect(taskId).not.toBe('own-7');
      expect(ok(await client.request('tasks/get', { taskId }))).toMatchObject({ resultType: 'complete', taskId });
      await client.listen({ taskId });
      server.tell('notifications/tasks', { taskId: 'own-7', status: 'working' });
      expect(await heard(client, 'notifications/tasks')).toMatchObject({ params: { taskId } });
      ok(await client.request('tasks/update', { taskId, inputResponses: {} }));
      ok(await client.request('tasks/cancel', { taskId }));
      expect(server.headers.findLast((one) => one.method === 'tasks/cancel')?.headers['mcp-name']).toBe('own-7');
      expect((await client.request('tasks/get', { taskId: 'own-7' })).error).toMatchObject({ code: -32602 });
    },
  },
];
