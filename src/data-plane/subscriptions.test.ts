import { describe, expect, test } from 'vitest';
import { type Script, tool } from '../../test/support/fake-link.ts';
import { plainGovernance } from '../../test/support/plain-governance.ts';
import { MovableClock, settle } from '../../test/support/movable-clock.ts';
import { decoded, KeptReply, plainEndpoint, plainNamespace, plainSealer, plainSnapshot, principalOf } from '../../test/support/plain-exchange.ts';
import { startPlainUpstreams } from '../../test/support/plain-upstreams.ts';
import type { JsonObject, RequestId } from '../protocol/messages.ts';
import type { Decoded } from './exchange.ts';
import { Sessions, sessionLimits } from './sessions.ts';
import { listenResult, Subscriptions } from './subscriptions.ts';
import { TaskIds } from './task-ids.ts';

const SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId';

/** A modern server with two resources and as many tools as `offered` says. */
function serverOf(offered: { tools: readonly string[] }, hear: (method: string) => void): Script {
  return (sent, link) => {
    hear(sent.method);
    const answers: Readonly<Record<string, JsonObject>> = {
      'server/discover': { supportedVersions: ['2026-07-28'], capabilities: { tools: { listChanged: true }, resources: { subscribe: true } } },
      'tools/list': { tools: offered.tools.map((name) => tool(name)) },
      'resources/list': { resources: ['a', 'b'].map((name) => ({ uri: `file:///${name}`, name })) },
      'resources/templates/list': { resourceTemplates: [] },
    };
    const answer = answers[sent.method];
    if (answer === undefined) link.refuse(sent.id, -32601);
    else link.answer(sent.id, { resultType: 'complete', ...answer });
  };
}

async function setUp(hear: (method: string) => void = () => undefined) {
  const clock = new MovableClock();
  const offered = { tools: ['one'] };
  const { upstreams, catalogs } = await startPlainUpstreams({ files: serverOf(offered, hear) }, clock);
  const dev = plainEndpoint();
  const other = plainEndpoint({ name: 'other', namespace: plainNamespace({ name: 'other', members: [] }) });
  const snapshot = plainSnapshot({ endpoints: new Map([dev, other].map((endpoint) => [endpoint.name, endpoint])) });
  const subscriptions = new Subscriptions({ clock, upstreams, catalogs, taskIds: new TaskIds(plainSealer), engines: plainGovernance(clock).engines, snapshot: () => snapshot, shownTools: (tools) => tools.modernText });
  const listen = (notifications: JsonObject, id: RequestId = 7, changes: Partial<Decoded> = {}) => {
    const reply = new KeptReply();
    const ends: number[] = [];
    const exchange = decoded({ id, method: 'subscriptions/listen', params: { notifications }, endpoint: dev, reply, ...changes });
    const listening = subscriptions.listen(exchange).then(() => ends.push(1));
    return { reply, ends, listening };
  };
  const sessions = new Sessions({ clock, limits: sessionLimits(10, 3_600_000), randomId: () => 'id', ended: () => undefined });
  const openSession = (endpoint = 'dev') => {
    const { session } = sessions.open({ endpoint, principal: principalOf('ann'), revision: '2025-11-25', capabilities: {}, info: undefined });
    const heard: JsonObject[] = [];
    session.notify = (method, params) => heard.push({ method, ...(params === undefined ? {} : { params }) }) > 0;
    subscriptions.addSession(session);
    const client = { revision: '2025-11-25', capabilities: {}, info: undefined, logLevel: undefined, session } as const;
    return { session, heard, exchange: decoded({ endpoint: dev, client }) };
  };
  const change = async (...tools: string[]) => {
    offered.tools = tools;
    await upstreams.resync('files');
    catalogs.changed();
    subscriptions.listsChanged();
  };
  const owner = () => ({
    server: 'files',
    upstream: upstreams.find('files', { principalId: 'key:ann', sessionId: undefined, wantsInteraction: true, family: 'modern' }),
    principalId: undefined,
    sessionId: undefined,
  });
  const updated = (uri: string): void => {
    const { upstream, ...rest } = owner();
    if (upstream !== undefined) subscriptions.resourceUpdated({ ...rest, upstream }, { uri });
  };
  return { clock, subscriptions, listen, openSession, change, updated };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await settle();
}

const methodsOf = (messages: readonly JsonObject[]): unknown[] => messages.map(({ method }) => method);

describe('[TR-27] a stream of a modern client', () => {
  test('is acknowledged first, with what is honoured of what was asked', async () => {
    const { listen } = await setUp();
    const { reply } = listen({ toolsListChanged: true, promptsListChanged: false, resourceSubscriptions: ['file:///a', 'mail:none', 3] });
    await turns();
    expect(reply.sent).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: { notifications: { toolsListChanged: true, resourceSubscriptions: ['file:///a'] }, _meta: { [SUBSCRIPTION_ID]: 7 } },
      },
    ]);
  });

  test('is acknowledged before it carries anything, also where a server tells of a change as soon as it is asked to', async () => {
    let onListen = (): void => undefined;
    const { listen, updated } = await setUp((method) => {
      if (method === 'subscriptions/listen') onListen();
    });
    onListen = () => updated('file:///a');
    const { reply } = listen({ resourceSubscriptions: ['file:///a', 'file:///b'] });
    await turns();
    const [first, ...others] = methodsOf(reply.sent);
    expect([first, ...new Set(others)]).toEqual(['notifications/subscriptions/acknowledged', 'notifications/resources/updated']);
  });

  test('carries only what was asked for, each message with the id of its subscription', async () => {
    const { listen, change, updated } = await setUp();
    const tools = listen({ toolsListChanged: true }, 'tools');
    const resource = listen({ resourceSubscriptions: ['file:///a'] }, 'resource');
    const nothing = listen({}, 'nothing');
    await turns();
    await change('one', 'two');
    updated('file:///a');
    updated('file:///b');
    expect(tools.reply.sent.slice(1)).toEqual([
      { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: { [SUBSCRIPTION_ID]: 'tools' } } },
    ]);
    expect(resource.reply.sent.slice(1)).toEqual([
      { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'file:///a', _meta: { [SUBSCRIPTION_ID]: 'resource' } } },
    ]);
    expect(nothing.reply.sent).toHaveLength(1);
  });

  test('ends with a result when the gateway stops, once', async () => {
    const { listen, subscriptions } = await setUp();
    const { ends, reply } = listen({ toolsListChanged: true });
    await turns();
    subscriptions.stop();
    subscriptions.stop();
    reply.leave();
    await turns();
    expect(ends).toEqual([1]);
    expect(listenResult(7)).toEqual({ resultType: 'complete', _meta: { [SUBSCRIPTION_ID]: 7 } });
  });

  test('is forgotten when its client leaves, also before it was acknowledged', async () => {
    const { listen, change } = await setUp();
    const early = listen({ toolsListChanged: true, resourceSubscriptions: ['file:///a'] });
    early.reply.leave();
    const late = listen({ toolsListChanged: true });
    await turns();
    late.reply.leave();
    await turns();
    expect([early.ends, late.ends]).toEqual([[1], [1]]);
    late.reply.isGone = false;
    await change('two');
    expect(methodsOf(late.reply.sent)).toEqual(['notifications/subscriptions/acknowledged']);
  });

  test('that wants to hear of tasks needs the extension', async () => {
    const { listen } = await setUp();
    await expect(listen({ taskIds: ['t'] }).listening).rejects.toMatchObject({ code: 'request.capability_missing' });
    const client = {
      revision: '2026-07-28',
      capabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } },
      info: undefined,
      logLevel: undefined,
      session: undefined,
    } as const;
    const { reply } = listen({ taskIds: ['foreign'] }, 8, { client });
    await turns();
    expect(reply.sent[0]).toMatchObject({ params: { notifications: { taskIds: [] } } });
  });
});

describe('a session', () => {
  test('hears that its lists changed, once for each change, and nothing of what does not concern its endpoint', async () => {
    const { openSession, change } = await setUp();
    const [dev, other] = [openSession(), openSession('other')];
    await change('one', 'two');
    await change('one', 'two');
    expect(methodsOf(dev.heard)).toEqual(['notifications/tools/list_changed']);
    expect(other.heard).toEqual([]);
  });

  test('hears of the resources that it watches, until it does not', async () => {
    const { openSession, subscriptions, updated } = await setUp();
    const { session, heard, exchange } = openSession();
    await subscriptions.watch(session, 'file:///a', exchange);
    updated('file:///a');
    updated('file:///b');
    expect(heard).toEqual([{ method: 'notifications/resources/updated', params: { uri: 'file:///a' } }]);
    subscriptions.unwatch(session, 'file:///a');
    updated('file:///a');
    expect(heard).toHaveLength(1);
  });

  test('cannot watch what no server has', async () => {
    const { openSession, subscriptions } = await setUp();
    const { session, exchange } = openSession();
    await expect(subscriptions.watch(session, 'mail:none', exchange)).rejects.toMatchObject({ code: 'routing.unknown' });
  });

  test('that ended hears nothing', async () => {
    const { openSession, subscriptions, change, updated } = await setUp();
    const { session, heard, exchange } = openSession();
    await subscriptions.watch(session, 'file:///a', exchange);
    subscriptions.removeSession(session);
    await change('two');
    updated('file:///a');
    expect(heard).toEqual([]);
  });
});

test('what a server announces is told although the list looks as before, unless it was told just now', async () => {
  const { openSession, subscriptions, change, clock } = await setUp();
  const { heard } = openSession();
  subscriptions.listAnnounced('files', 'tools');
  expect(methodsOf(heard)).toEqual(['notifications/tools/list_changed']);
  subscriptions.listAnnounced('mail', 'tools');
  expect(heard).toHaveLength(1);
  await change('two');
  subscriptions.listAnnounced('files', 'tools');
  expect(heard).toHaveLength(2);
  await clock.move(0);
  subscriptions.listAnnounced('files', 'tools');
  expect(heard).toHaveLength(3);
});

