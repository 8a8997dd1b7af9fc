import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DISCOVER_RESULT, type FakeLink, fakeServer, fakeSpec, INITIALIZE_RESULT, legacyScript, modernScript, type Script } from '../../test/support/fake-link.ts';
import { MovableClock, settle } from '../../test/support/movable-clock.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { connectUpstream, Verdicts } from './detect.ts';
import { connectLegacyPeer } from './legacy-peer.ts';
import type { Link } from './link.ts';
import { connectModernPeer } from './modern-peer.ts';
import type { PeerDeps } from './peer.ts';
import type { CallEvents, Outcome, ServerRequest, UpstreamEvents, UpstreamRequest } from './upstream.ts';

function recorder() {
  const outcomes: Outcome[] = [];
  const notices: { method: string; params: JsonObject }[] = [];
  const asks: ServerRequest[] = [];
  const events: CallEvents = { end: (outcome) => outcomes.push(outcome), notify: (method, params) => notices.push({ method, params }), ask: (request) => asks.push(request) };
  return { outcomes, notices, asks, events };
}

function setUp(kind: Link['kind'], script: Script, changes: Partial<PeerDeps> = {}) {
  const clock = new MovableClock();
  const server = fakeServer(kind, script);
  const drops: string[] = [];
  const heard: string[] = [];
  const unasked: ServerRequest[] = [];
  const events: UpstreamEvents = {
    listChanged: (kindOfList) => heard.push(`list ${kindOfList}`),
    resourceUpdated: (params) => heard.push(`updated ${String(params['uri'])}`),
    log: () => heard.push('log'),
    ask: (request) => unasked.push(request),
    notify: (method) => heard.push(method),
    closed: (fault) => heard.push(`closed ${fault.code}`),
  };
  const deps: PeerDeps = { clock, random: () => 0.5, gatewayInfo: { name: 'metamcp', version: '1' }, events, isInteractive: true, onDropped: (reason) => drops.push(reason), ...changes };
  return { clock, server, drops, heard, unasked, deps };
}

function call(params: JsonObject = {}, changes: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return { method: 'tools/call', params, progressToken: undefined, clientCapabilities: {}, clientInfo: undefined, logLevel: undefined, headers: {}, timeoutMs: 60_000, ...changes };
}

const SCRIPTS = { legacy: legacyScript, modern: modernScript };
const CONNECT = { legacy: connectLegacyPeer, modern: connectModernPeer };

function pick<T>(list: readonly T[], n: number): T | undefined {
  return list[n % Math.max(list.length, 1)];
}

function callsOf(link: FakeLink | undefined) {
  return link?.sent.filter((sent) => sent.method === 'tools/call') ?? [];
}

test('the legacy handshake asks for 2025-11-25, says initialized and sends session and version from then on', async () => {
  const { server, deps } = setUp('http', (sent, link) => {
    if (sent.method !== 'initialize') return;
    link.openSession(sent.id, 's1');
    link.answer(sent.id, INITIALIZE_RESULT);
  });
  await connectLegacyPeer(server.open, fakeSpec('a', { type: 'http' }), deps);
  const [link] = server.links;
  expect(link?.sent[0]?.params).toMatchObject({ protocolVersion: '2025-11-25', capabilities: { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } } });
  expect(link?.sent[1]).toMatchObject({ method: 'notifications/initialized', headers: { 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Session-Id': 's1' } });
  expect(link?.listenHeaders).toEqual([{ 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Session-Id': 's1' }]);
});

test('a server that answers with a version nobody knows is refused', async () => {
  const { server, deps } = setUp('stdio', (sent, link) => link.answer(sent.id, { ...INITIALIZE_RESULT, protocolVersion: '1999-01-01' }));
  await expect(connectLegacyPeer(server.open, fakeSpec('a'), deps)).rejects.toMatchObject({ code: 'upstream.protocol_error', reason: 'unsupported_protocol_version' });
  expect(server.links[0]?.isClosed).toBe(true);
});

test('[SS-06] 1,000 answers in any order reach their callers, each once, and foreign ids reach nobody', async () => {
  const { server, deps, drops } = setUp('stdio', legacyScript());
  const peer = await connectLegacyPeer(server.open, fakeSpec('a'), deps);
  const calls = Array.from({ length: 1_000 }, (_, index) => {
    const record = recorder();
    peer.send(call({ name: 'echo', arguments: { index } }), record.events);
    return record;
  });
  const [link] = server.links;
  const sent = [...callsOf(link)].sort((a, b) => ((Number(a.id) * 7919) % 1_009) - ((Number(b.id) * 7919) % 1_009));
  for (const one of sent) {
    link?.say({ id: String(one.id), result: { wrong: true } });
    link?.answer(one.id, { arguments: one.params['arguments'] });
    link?.answer(one.id, { second: true });
  }
  calls.forEach(({ outcomes }, index) => {
    expect(outcomes).toHaveLength(1);
    expect(outcomes[0]?.kind === 'result' && outcomes[0].result.value).toEqual({ arguments: { index } });
  });
  expect(drops).toHaveLength(2_000);
});

test('however answers, cancels, time and the end of the connection interleave, every call ends exactly once and only with its own answer', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('call' as const), n: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ do: fc.constantFrom('answer' as const, 'refuse' as const, 'cancel' as const, 'stranger' as const), n: fc.nat(30) }),
    fc.record({ do: fc.constant('wait' as const), n: fc.integer({ min: 1, max: 4_000 }) }),
    fc.record({ do: fc.constant('crash' as const), n: fc.constant(0) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.constantFrom('legacy' as const, 'modern' as const), async (steps, family) => {
      const { server, deps, clock } = setUp('stdio', SCRIPTS[family]());
      const peer = await CONNECT[family](server.open, fakeSpec('a'), deps);
      const [link] = server.links;
      const begun: { record: ReturnType<typeof recorder>; cancel: (reason: string) => void }[] = [];
      for (const { do: what, n } of steps) {
        const target = pick(callsOf(link), n);
        if (what === 'call') {
          for (let index = 0; index < n; index++) {
            const record = recorder();
            const sent = peer.send(call({ mark: begun.length }, { timeoutMs: 5_000 }), record.events);
            begun.push({ record, cancel: (reason) => sent.cancel(reason) });
          }
        } else if (what === 'answer') link?.answer(target?.id, { mark: target?.params['mark'] });
        else if (what === 'refuse') link?.refuse(target?.id, -32000);
        else if (what === 'cancel') pick(begun, n)?.cancel('test');
        else if (what === 'stranger') link?.answer(100_000 + n, {});
        else if (what === 'wait') await clock.move(n);
        else link?.crash('test');
      }
      await clock.move(10_000);
      begun.forEach(({ record }, index) => {
        expect(record.outcomes).toHaveLength(1);
        const [outcome] = record.outcomes;
        if (outcome?.kind === 'result') expect(outcome.result.value['mark']).toBe(index);
      });
      expect(peer.inFlight).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('[RL-12] a call ends at its deadline even while progress comes, and the server is told', async () => {
  const { server, deps, clock } = setUp('stdio', legacyScript());
  const peer = await connectLegacyPeer(server.open, fakeSpec('a'), deps);
  const { outcomes, notices, events } = recorder();
  peer.send(call({}, { progressToken: 'mine', timeoutMs: 10_000 }), events);
  const [link] = server.links;
  const id = callsOf(link)[0]?.id;
  expect(callsOf(link)[0]?.params['_meta']).toEqual({ progressToken: id });
  for (const progress of [1, 3, 2, 3, 4]) {
    link?.say({ method: 'notifications/progress', params: { progressToken: id, progress } });
    await clock.move(1_900);
  }
  link?.say({ method: 'notifications/progress', params: { progressToken: 'mine', progress: 9 } });
  expect(outcomes).toEqual([]);
  await clock.move(600);
  expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'upstream.timeout', effect: 'unknown' } }]);
  expect(notices.map(({ params }) => [params['progressToken'], params['progress']])).toEqual([['mine', 1], ['mine', 3], ['mine', 4]]);
  expect(link?.sent.at(-1)).toMatchObject({ method: 'notifications/cancelled', params: { requestId: id } });
});

test('a cancellation is a notification to legacy servers and to modern ones over stdio, and an abort over modern HTTP', async () => {
  const seen: unknown[] = [];
  for (const [kind, family] of [['stdio', 'legacy'], ['http', 'legacy'], ['stdio', 'modern'], ['http', 'modern']] as const) {
    const { server, deps } = setUp(kind, family === 'legacy' ? legacyScript() : modernScript());
    const peer = await (family === 'legacy' ? connectLegacyPeer : connectModernPeer)(server.open, fakeSpec('a'), deps);
    const { outcomes, events } = recorder();
    peer.send(call(), events).cancel('enough');
    const link = server.links[0];
    const id = callsOf(link)[0]?.id;
    expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'request.cancelled' } }]);
    seen.push([kind, family, link?.sent.some((sent) => sent.method === 'notifications/cancelled' && sent.params['requestId'] === id), link?.aborted.includes(Number(id))]);
  }
  expect(seen).toEqual([['stdio', 'legacy', true, false], ['http', 'legacy', true, false], ['stdio', 'modern', true, false], ['http', 'modern', false, true]]);
});

test('a lost session is opened again once for all, and what was refused goes out again once', async () => {
  let sessions = 0;
  const fault = new Fault('upstream.unavailable', { reason: 'upstream_not_found' });
  const { server, deps, heard } = setUp('http', (sent, link) => {
    if (sent.method === 'initialize') {
      link.openSession(sent.id, `s${++sessions}`);
      link.answer(sent.id, INITIALIZE_RESULT);
    } else if (sent.method === 'tools/call') {
      if (sent.headers['Mcp-Session-Id'] === 's1') link.fail(sent.id, fault, 404);
      else link.answer(sent.id, { session: sent.headers['Mcp-Session-Id'] });
    }
  });
  const peer = await connectLegacyPeer(server.open, fakeSpec('a', { type: 'http' }), deps);
  const records = [1, 2, 3].map(() => recorder());
  for (const { events } of records) peer.send(call(), events);
  await settle();
  await settle();
  expect(sessions).toBe(2);
  for (const { outcomes } of records) expect(outcomes[0]?.kind === 'result' && outcomes[0].result.value).toEqual({ session: 's2' });
  expect(callsOf(server.links[0])).toHaveLength(6);
  expect(heard).toEqual(['list tools', 'list prompts', 'list resources']);
});

test('a question over HTTP goes to the call whose answer carried it, over stdio to the only call there is, else to nobody in particular', async () => {
  const http = setUp('http', legacyScript());
  const overHttp = await connectLegacyPeer(http.server.open, fakeSpec('a', { type: 'http' }), http.deps);
  const [first, second] = [recorder(), recorder()];
  overHttp.send(call(), first.events);
  overHttp.send(call(), second.events);
  const link = http.server.links[0];
  link?.say({ id: 'q', method: 'elicitation/create', params: {} }, Number(callsOf(link)[1]?.id));
  expect([first.asks.length, second.asks.length, http.unasked.length]).toEqual([0, 1, 0]);
  second.asks[0]?.reply({ action: 'accept' });
  second.asks[0]?.reply({ action: 'decline' });
  expect(link?.sent.filter((sent) => sent.id === 'q').map((sent) => sent.message['result'])).toEqual([{ action: 'accept' }]);

  const stdio = setUp('stdio', legacyScript());
  const overStdio = await connectLegacyPeer(stdio.server.open, fakeSpec('a'), stdio.deps);
  const [one, two] = [recorder(), recorder()];
  overStdio.send(call(), one.events);
  stdio.server.links[0]?.say({ id: 1, method: 'sampling/createMessage', params: {} });
  overStdio.send(call(), two.events);
  stdio.server.links[0]?.say({ id: 2, method: 'sampling/createMessage', params: {} });
  expect([one.asks.length, two.asks.length, stdio.unasked.length]).toEqual([1, 0, 1]);
});

test('of several calls of one principal over stdio, a question waits until it is clear whose it is; where all of them ask, only the last to ask is refused, and told why', async () => {
  const { server, deps, unasked, drops } = setUp('stdio', legacyScript(), { ownership: () => 'principal' });
  const peer = await connectLegacyPeer(server.open, fakeSpec('a'), deps);
  const link = server.links[0];
  const [one, two, three] = [recorder(), recorder(), recorder()];
  for (const { events } of [one, two, three]) peer.send(call(), events);
  const ids = callsOf(link).map(({ id }) => id);
  const asks = (): number[] => [one, two, three].map((each) => each.asks.length);
  for (const id of ['q1', 'q2']) link?.say({ id, method: 'elicitation/create', params: { message: id } });
  expect(asks()).toEqual([0, 0, 0]);
  link?.say({ id: 'q3', method: 'elicitation/create', params: { message: 'q3' } });
  const refusalOf = (question: string): unknown => link?.sent.find(({ id }) => id === question)?.message['error'];
  expect([refusalOf('q1'), refusalOf('q2'), refusalOf('q3')]).toEqual([undefined, undefined, { code: -32603, message: expect.stringContaining('does not tell which of them asks') }]);
  // A call whose question was refused ends with an error of its own, until one is left, whose question it must be.
  link?.answer(ids[2], { content: [], isError: true });
  expect([asks(), refusalOf('q1'), refusalOf('q2')]).toEqual([[0, 0, 0], undefined, expect.objectContaining({ code: -32603 })]);
  link?.answer(ids[1], { content: [], isError: true });
  expect([asks(), unasked.length, drops]).toEqual([[1, 0, 0], 0, ['server_request', 'server_request']]);
  expect(one.asks.map(({ params }) => params['message'])).toEqual(['q1']);
});

test('a question that a cancelled call may have left behind is put to no other call', async () => {
  const { server, deps, unasked } = setUp('stdio', legacyScript(), { ownership: () => 'principal' });
  const peer = await connectLegacyPeer(server.open, fakeSpec('a'), deps);
  const link = server.links[0];
  const [one, two] = [recorder(), recorder()];
  const first = peer.send(call(), one.events);
  peer.send(call(), two.events);
  link?.say({ id: 'q', method: 'roots/list', params: {} });
  first.cancel('gone');
  expect([one.asks.length, two.asks.length, unasked.length]).toEqual([0, 0, 0]);
  expect(link?.sent.find(({ id }) => id === 'q')?.message['error']).toMatchObject({ code: -32603 });
});

test('the peer answers ping itself and refuses what no client could answer', async () => {
  const { server, deps, unasked } = setUp('stdio', legacyScript());
  await connectLegacyPeer(server.open, fakeSpec('a'), deps);
  server.links[0]?.say({ id: 7, method: 'ping' });
  server.links[0]?.say({ id: 8, method: 'tasks/list' });
  expect(server.links[0]?.sent.slice(-2).map((sent) => sent.message)).toEqual([{ jsonrpc: '2.0', id: 7, result: {} }, { jsonrpc: '2.0', id: 8, error: { code: -32601, message: 'Method not found' } }]);
  expect(unasked).toEqual([]);
});

test('the level of log messages goes up to the most verbose one wanted, and each call hears its own', async () => {
  const { server, deps } = setUp('http', legacyScript());
  const peer = await connectLegacyPeer(server.open, fakeSpec('a', { type: 'http' }), deps);
  const [quiet, chatty] = [recorder(), recorder()];
  peer.send(call({}, { logLevel: 'error' }), quiet.events);
  peer.send(call({}, { logLevel: 'debug' }), chatty.events);
  peer.send(call({}, { logLevel: 'info' }), recorder().events);
  const link = server.links[0];
  expect(link?.sent.filter((sent) => sent.method === 'logging/setLevel').map((sent) => sent.params['level'])).toEqual(['error', 'debug']);
  for (const one of callsOf(link)) link?.say({ method: 'notifications/message', params: { level: 'info', data: 'x' } }, Number(one.id));
  expect([quiet.notices.length, chatty.notices.length]).toEqual([0, 1]);
});

test('a modern request carries its metadata and mirrored headers', async () => {
  const { server, deps } = setUp('http', modernScript());
  const peer = await connectModernPeer(server.open, fakeSpec('a', { type: 'http' }), deps);
  const { events } = recorder();
  peer.send(call({ name: 'grüß', arguments: {}, _meta: { traceparent: 't' } }, { clientCapabilities: { roots: {} }, clientInfo: { name: 'c' }, logLevel: 'info', headers: { 'Mcp-Param-Region': 'eu' } }), events);
  const [sent] = callsOf(server.links[0]);
  expect(sent?.headers).toEqual({ 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': '=?base64?Z3LDvMOf?=', 'Mcp-Param-Region': 'eu' });
  expect(sent?.params['_meta']).toEqual({
    traceparent: 't',
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'metamcp', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { roots: {} },
    'io.modelcontextprotocol/logLevel': 'info',
    'metamcp/client': { name: 'c' },
  });
});

test.each([
  [{}, {}, 'result'],
  [{ resultType: 'complete' }, {}, 'result'],
  [{ resultType: 'input_required', requestState: 'x' }, {}, 'result'],
  [{ resultType: 'task' }, { extensions: { 'io.modelcontextprotocol/tasks': {} } }, 'result'],
  [{ resultType: 'task' }, {}, 'fault'],
  [{ resultType: 7 }, { extensions: { 'a/b': {} } }, 'fault'],
] as const)('a modern result %j for a client with %j ends as a %s', async (result, clientCapabilities, kind) => {
  const { server, deps } = setUp('http', modernScript((sent, link) => sent.method === 'tools/call' && link.answer(sent.id, result)));
  const peer = await connectModernPeer(server.open, fakeSpec('a', { type: 'http' }), deps);
  const { outcomes, events } = recorder();
  peer.send(call({}, { clientCapabilities }), events);
  await settle();
  expect(outcomes.map((outcome) => outcome.kind)).toEqual([kind]);
});

test('a modern server is listened to, again with other URIs, and again after an interruption', async () => {
  const { server, deps, clock, heard, drops } = setUp('http', modernScript());
  const peer = await connectModernPeer(server.open, fakeSpec('a', { type: 'http' }), deps);
  const link = server.links[0];
  const listens = () => link?.sent.filter((sent) => sent.method === 'subscriptions/listen') ?? [];
  const tell = (id: unknown, method: string, params: JsonObject = {}): void => link?.say({ method, params: { ...params, _meta: { 'io.modelcontextprotocol/subscriptionId': Number(id) } } }, Number(id));
  expect(listens()[0]?.params['notifications']).toEqual({ toolsListChanged: true });
  tell(listens()[0]?.id, 'notifications/subscriptions/acknowledged');
  void peer.watch({ uris: new Set(['file:///a']), taskIds: new Set() });
  expect(listens()[1]?.params['notifications']).toEqual({ toolsListChanged: true, resourceSubscriptions: ['file:///a'] });
  expect(link?.aborted).toEqual([]);
  tell(listens()[1]?.id, 'notifications/subscriptions/acknowledged');
  expect(link?.aborted).toEqual([listens()[0]?.id]);
  tell(listens()[1]?.id, 'notifications/resources/updated', { uri: 'file:///a' });
  tell(listens()[1]?.id, 'notifications/tools/list_changed');
  tell(9_999, 'notifications/tools/list_changed');
  expect(heard).toEqual(['updated file:///a', 'list tools']);
  expect(drops).toEqual(['subscription']);
  link?.fail(listens()[1]?.id, new Fault('upstream.closed'));
  await clock.move(2_000);
  tell(listens()[2]?.id, 'notifications/subscriptions/acknowledged');
  expect(listens()[2]?.params['notifications']).toMatchObject({ resourceSubscriptions: ['file:///a'] });
  expect(heard.slice(2)).toEqual(['list tools', 'list prompts', 'list resources']);
});

test.each([
  ['stdio', 'a discover result', 'modern', { script: modernScript(), links: 1 }],
  ['http', 'a discover result', 'modern', { script: modernScript(), links: 1 }],
  ['stdio', 'method not found', 'legacy', { script: legacyScript(), links: 1 }],
  ['http', 'method not found', 'legacy', { script: legacyScript(), links: 1 }],
  ['http', '400 without a message', 'legacy', { script: ((sent, link) => (sent.method === 'server/discover' ? link.fail(sent.id, new Fault('upstream.protocol_error'), 400) : legacyScript()(sent, link))) as Script, links: 1 }],
  ['http', 'an error that names no request', 'legacy', { script: ((sent, link) => (sent.method === 'server/discover' ? link.say({ id: null, error: { code: -32000, message: 'Bad Request' } }, Number(sent.id)) : legacyScript()(sent, link))) as Script, links: 1 }],
  ['stdio', 'the end of the process', 'legacy', { script: ((sent, link) => (sent.method === 'server/discover' ? link.crash('unknown method') : legacyScript()(sent, link))) as Script, links: 2 }],
  ['stdio', 'silence', 'legacy', { script: ((sent, link) => sent.method !== 'server/discover' && legacyScript()(sent, link)) as Script, links: 1 }],
] as const)('over %s a server that answers server/discover with %s is %s', async (kind, _what, family, { script, links }) => {
  const { server, deps, clock } = setUp(kind, script, { isInteractive: false });
  const verdicts = new Verdicts(clock);
  const connecting = connectUpstream(server.open, fakeSpec('a', { type: kind }), { ...deps, verdicts });
  await clock.move(6_000);
  const peer = await connecting;
  expect(peer.profile.family).toBe(family);
  expect(server.links).toHaveLength(links);
  expect(verdicts.find('a')).toEqual({ family, isStale: false });
});

test('a refusal that says nothing about the family is passed on, and no verdict is kept', async () => {
  const { server, deps, clock } = setUp('http', (sent, link) => link.fail(sent.id, new Fault('upstream.grant_needed'), 401));
  const verdicts = new Verdicts(clock);
  await expect(connectUpstream(server.open, fakeSpec('a', { type: 'http' }), { ...deps, verdicts })).rejects.toMatchObject({ code: 'upstream.grant_needed' });
  expect(verdicts.find('a')).toBeUndefined();
});

test('a slow modern server that was also asked to initialize is still found to be modern, and gets a process that was asked nothing else', async () => {
  let late: (() => void) | undefined;
  const { server, deps, clock } = setUp('stdio', (sent, link) => {
    if (sent.method === 'server/discover' && server.links.length > 1) link.answer(sent.id, DISCOVER_RESULT);
    else if (sent.method === 'server/discover') late = () => link.answer(sent.id, DISCOVER_RESULT);
    else if (sent.method === 'initialize') link.refuse(sent.id, -32601);
  });
  const connecting = connectUpstream(server.open, fakeSpec('a'), { ...deps, verdicts: new Verdicts(clock) });
  await clock.move(3_000);
  late?.();
  expect((await connecting).profile.family).toBe('modern');
  expect(server.links.map((link) => [link.isClosed, link.sent.map((sent) => sent.method)])).toEqual([
    [true, ['server/discover', 'initialize']],
    [false, ['server/discover', 'subscriptions/listen']],
  ]);
});
