import { expect, test } from 'vitest';
import { fakeServer, fakeSpec, legacyScript, modernScript, type Script, tool } from '../../test/support/fake-link.ts';
import { MovableClock, settle } from '../../test/support/movable-clock.ts';
import { Fault } from '../base/fault.ts';
import type { ServerSpec } from '../model/server.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { createUpstreams } from './pool.ts';
import type { Call, CallEvents, Outcome, UpstreamRequest } from './upstream.ts';
import type { ConnectionOwner, Lease } from './upstreams.ts';

const REQUEST: UpstreamRequest = { method: 'tools/call', params: { name: 'echo' }, progressToken: undefined, clientCapabilities: {}, clientInfo: undefined, logLevel: undefined, headers: {}, timeoutMs: 60_000 };

function lease(changes: Partial<Lease> = {}): Lease {
  return { principalId: 'p', sessionId: undefined, wantsInteraction: false, family: 'legacy', ...changes };
}

function setUp(scripts: Readonly<Record<string, Script>>, kind: 'stdio' | 'http' = 'stdio') {
  const clock = new MovableClock();
  const servers = Object.fromEntries(Object.entries(scripts).map(([name, script]) => [name, fakeServer(kind, script)]));
  const changes: string[] = [];
  const asked: ConnectionOwner[] = [];
  const upstreams = createUpstreams({
    clock,
    random: () => 0,
    gatewayInfo: { name: 'metamcp', version: '1' },
    openLink: (spec) => servers[spec.name]?.open ?? (() => Promise.reject(new Error('no such server'))),
    onDropped: () => undefined,
    events: {
      listChanged: (server, list) => changes.push(`${server} ${list}`),
      stateChanged: () => undefined,
      resourceUpdated: () => undefined,
      notified: () => undefined,
      asked: (owner) => asked.push(owner) < 0,
    },
  });
  const apply = async (...specs: ServerSpec[]): Promise<void> => {
    upstreams.apply(new Map(specs.map((spec) => [spec.name, spec])));
    await clock.move(0);
    await settle();
  };
  return { clock, servers, changes, asked, upstreams, apply };
}

function begin(): { outcomes: Outcome[]; events: CallEvents } {
  const outcomes: Outcome[] = [];
  return { outcomes, events: { end: (outcome) => outcomes.push(outcome), notify: () => undefined, ask: () => undefined } };
}

test('[SS-04] a modern server is shared; a legacy one gives each principal its own connection and each session that can be asked another', async () => {
  const { upstreams, apply, servers } = setUp({ old: legacyScript(), new: modernScript() });
  await apply(fakeSpec('old'), fakeSpec('new'));
  expect(upstreams.state('new')?.isolation.effective).toBe('shared');
  expect(upstreams.state('old')?.isolation.effective).toBe('per-principal');
  expect(upstreams.find('new', lease({ principalId: 'a' }))).toBe(await upstreams.acquire('new', lease({ principalId: 'b', sessionId: 's', wantsInteraction: true })));
  expect(upstreams.find('old', lease())).toBeUndefined();
  const leases = [lease({ principalId: 'a' }), lease({ principalId: 'b' }), lease({ principalId: 'a', sessionId: 's1', wantsInteraction: true }), lease({ principalId: 'a', sessionId: 's2', wantsInteraction: true })];
  const connections = await Promise.all(leases.map((one) => upstreams.acquire('old', one)));
  expect(new Set(connections).size).toBe(4);
  expect(leases.map((one) => upstreams.find('old', one))).toEqual(connections);
  // One more is the catalogue's.
  expect(servers['old']?.links).toHaveLength(5);
  upstreams.release('s1');
  await settle();
  expect(leases.map((one) => upstreams.find('old', one) !== undefined)).toEqual([true, true, false, true]);
});

test('a session that can be asked gets a connection of its own family to a server that speaks both, and the shared one where initialize is refused', async () => {
  const both: Script = (sent, link) => (sent.method === 'server/discover' || sent.method === 'tools/list' ? modernScript()(sent, link) : legacyScript()(sent, link));
  const { upstreams, apply } = setUp({ both, new: modernScript() });
  await apply(fakeSpec('both'), fakeSpec('new'));
  const session = lease({ sessionId: 's', wantsInteraction: true });
  const own = await upstreams.acquire('both', session);
  expect([own.profile.family, upstreams.find('both', session), upstreams.find('both', lease())?.profile.family]).toEqual(['legacy', own, 'modern']);
  upstreams.release('s');
  await settle();
  expect(upstreams.find('both', session)).toBeUndefined();
  const shared = await upstreams.acquire('new', session);
  expect([shared, upstreams.find('new', session)]).toEqual([upstreams.find('new', lease()), shared]);
});

test('calls that come at once for one principal open one connection', async () => {
  const { upstreams, apply, servers } = setUp({ old: legacyScript() });
  await apply(fakeSpec('old'));
  const all = await Promise.all(Array.from({ length: 20 }, () => upstreams.acquire('old', lease())));
  expect(new Set(all).size).toBe(1);
  expect(servers['old']?.links).toHaveLength(2);
});

test('calls of one modern client share a connection until a server over stdio asks something; then they get one each, eight at most, and the others wait for their turn', async () => {
  const { upstreams, apply, servers, clock } = setUp({ old: legacyScript() });
  await apply(fakeSpec('old', { callTimeoutMs: 60_000 }));
  const interactive = lease({ wantsInteraction: true, family: 'modern' });
  const first = await upstreams.acquire('old', interactive);
  const call = first.send(REQUEST, begin().events);
  expect(upstreams.find('old', interactive)).toBe(first);
  servers['old']?.links.at(-1)?.say({ id: 'q', method: 'roots/list', params: {} });
  call.cancel('done');
  const used = new Map<unknown, Call>();
  for (let index = 0; index < 8; index++) {
    const upstream = upstreams.find('old', interactive) ?? (await upstreams.acquire('old', interactive));
    used.set(upstream, upstream.send({ ...REQUEST, timeoutMs: 500_000 }, begin().events));
  }
  expect(used.size).toBe(8);
  expect(upstreams.find('old', interactive)).toBeUndefined();
  let crowded = 0;
  const turns: unknown[] = [];
  const waiting = [1, 2, 3, 4].map((turn) =>
    upstreams.acquire('old', { ...interactive, onCrowded: () => crowded++ }).then((upstream) => {
      turns.push(turn);
      // The second gives up before it sends anything.
      if (turn !== 2) upstream.send({ ...REQUEST, timeoutMs: 500_000 }, begin().events);
      return upstream;
    }),
  );
  const tooLate = expect(waiting[3]).rejects.toMatchObject({ code: 'limit.overloaded', reason: 'interactive_calls', effect: 'not_executed' });
  await settle();
  const [[first8, done] = [], [second8, alsoDone] = []] = [...used];
  done?.cancel('done');
  // Who comes now does not push in.
  expect(upstreams.find('old', interactive)).toBeUndefined();
  expect(await waiting[0]).toBe(first8);
  await clock.move(5_000);
  expect(crowded).toBe(3);
  alsoDone?.cancel('done');
  expect(await waiting[1]).toBe(second8);
  await clock.move(0);
  expect([await waiting[2], turns]).toEqual([second8, [1, 2, 3]]);
  await clock.move(60_000);
  await tooLate;
});

test('who waits for a connection gets a new one when another ends, and hears at once when the server stops', async () => {
  const { upstreams, apply, servers, clock } = setUp({ old: legacyScript() });
  await apply(fakeSpec('old'));
  const interactive = lease({ wantsInteraction: true, family: 'modern' });
  (await upstreams.acquire('old', interactive)).send(REQUEST, begin().events);
  servers['old']?.links.at(-1)?.say({ id: 'q', method: 'roots/list', params: {} });
  for (let index = 0; index < 7; index++) (await upstreams.acquire('old', interactive)).send(REQUEST, begin().events);
  const busy = servers['old']?.links.length ?? 0;
  const waiting = [upstreams.acquire('old', interactive), upstreams.acquire('old', interactive)];
  const stopped = expect(waiting[1]).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'stopped' });
  servers['old']?.links.at(-1)?.crash('killed');
  (await waiting[0])?.send(REQUEST, begin().events);
  expect(servers['old']?.links).toHaveLength(busy + 1);
  await apply();
  await stopped;
  await clock.move(100_000);
});

test('unused connections are closed, used ones stay, and the catalogue stays', async () => {
  const { upstreams, apply, clock } = setUp({ old: legacyScript() });
  await apply(fakeSpec('old', { idleTimeoutMs: 60_000 }));
  const busy = await upstreams.acquire('old', lease({ principalId: 'busy' }));
  await upstreams.acquire('old', lease({ principalId: 'idle' }));
  busy.send({ ...REQUEST, timeoutMs: 500_000 }, begin().events);
  await clock.move(200_000);
  expect(upstreams.find('old', lease({ principalId: 'idle' }))).toBeUndefined();
  expect(upstreams.find('old', lease({ principalId: 'busy' }))).toBe(busy);
  expect(upstreams.state('old')).toMatchObject({ status: 'ready', connections: 2 });
});

test('the reserve is filled before anybody comes and refilled when one is taken', async () => {
  const { upstreams, apply, servers } = setUp({ old: legacyScript() });
  await apply(fakeSpec('old', { idleConnections: 2 }));
  expect(servers['old']?.links).toHaveLength(3);
  await upstreams.acquire('old', lease({ sessionId: 's', wantsInteraction: true }));
  await settle();
  expect(servers['old']?.links).toHaveLength(4);
});

test('a server has 64 connections at most; the next is refused loudly', async () => {
  const { upstreams, apply } = setUp({ old: legacyScript() });
  await apply(fakeSpec('old'));
  const settled = await Promise.allSettled(Array.from({ length: 70 }, (_, index) => upstreams.acquire('old', lease({ principalId: `p${index}` }))));
  expect(settled.filter((one) => one.status === 'fulfilled')).toHaveLength(64);
  expect(settled.at(-1)).toMatchObject({ reason: { code: 'limit.overloaded' } });
});

test('a changed server is replaced while calls in flight finish, its lists stay until the new ones are read', async () => {
  const { upstreams, apply, servers, clock } = setUp({ a: modernScript() });
  await apply(fakeSpec('a'));
  const { outcomes, events } = begin();
  const before = upstreams.find('a', lease());
  before?.send(REQUEST, events);
  upstreams.apply(new Map([['a', fakeSpec('a', { fingerprint: 'other' })]]));
  expect(upstreams.lists('a')).toMatchObject({ isStale: true, tools: [{ name: 'echo' }] });
  await clock.move(1_000);
  expect(upstreams.find('a', lease())).not.toBe(before);
  const [old] = servers['a']?.links ?? [];
  expect(old?.isClosed).toBe(false);
  old?.answer(old.sent.find((sent) => sent.method === 'tools/call')?.id, { resultType: 'complete' });
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(['result']);
  await clock.move(1_000);
  expect(old?.isClosed).toBe(true);
  expect(upstreams.lists('a')?.isStale).toBe(false);
});

test('a crash ends its calls with unknown effect, marks the lists stale and brings the server back after a second', async () => {
  const { upstreams, apply, servers, clock } = setUp({ a: modernScript() });
  await apply(fakeSpec('a'));
  const { outcomes, events } = begin();
  upstreams.find('a', lease())?.send(REQUEST, events);
  servers['a']?.links[0]?.crash('killed');
  expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'upstream.closed', effect: 'unknown' } }]);
  expect(upstreams.state('a')).toMatchObject({ status: 'connecting', lastError: 'upstream.closed: killed', stderrTail: 'last words' });
  expect(upstreams.lists('a')).toMatchObject({ isStale: true, tools: [{ name: 'echo' }] });
  await clock.move(999);
  expect(servers['a']?.links).toHaveLength(1);
  await clock.move(2);
  expect(upstreams.state('a')).toMatchObject({ status: 'ready', restarts: 1 });
  expect(upstreams.lists('a')?.isStale).toBe(false);
});

test('[ST-12] a server that always ends is tried after 1, 2, 4, 8 and 16 s, then failed, and refused at once; others do not notice', async () => {
  const { upstreams, apply, servers, clock } = setUp({ bad: (_sent, link) => link.crash('exit 1'), silent: () => undefined, good: legacyScript() });
  await apply(fakeSpec('bad', { revision: 'legacy' }), fakeSpec('silent', { revision: 'legacy', startTimeoutMs: 30_000 }), fakeSpec('good'));
  expect(upstreams.state('good')?.status).toBe('ready');
  const counts: number[] = [];
  for (const stepMs of [500, 1_000, 2_000, 4_000, 8_000, 16_000]) {
    await clock.move(stepMs);
    counts.push(servers['bad']?.links.length ?? 0);
  }
  expect(counts).toEqual([1, 2, 3, 4, 5, 6]);
  expect(upstreams.state('bad')?.status).toBe('failed');
  await expect(upstreams.acquire('bad', lease())).rejects.toMatchObject({ code: 'upstream.unavailable', effect: 'not_executed' });
  expect(upstreams.state('silent')?.status).toBe('failed');
  await upstreams.settled(1);
  await clock.move(5 * 60_000);
  expect(servers['bad']?.links).toHaveLength(7);
});

test('calls wait over the pause after a first end; at a server that keeps ending they learn at once when it is tried again', async () => {
  let ends = 2;
  const { upstreams, apply, clock } = setUp({ a: (sent, link) => (ends-- > 0 ? link.crash('exit 1') : legacyScript()(sent, link)) });
  await apply(fakeSpec('a', { revision: 'legacy' }));
  const waiting = expect(upstreams.acquire('a', lease())).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'backing_off', effect: 'not_executed' });
  await clock.move(1_100);
  await waiting;
  await expect(upstreams.acquire('a', lease())).rejects.toMatchObject({ reason: 'backing_off', retryAfterSeconds: 2, message: 'The MCP server keeps ending; it is tried again in 2 s.' });
  expect(upstreams.state('a')?.status).toBe('connecting');
  await clock.move(2_200);
  expect((await upstreams.acquire('a', lease())).profile.family).toBe('legacy');
});

test('a failed server says when it is tried again', async () => {
  const { upstreams, apply, clock } = setUp({ a: (_sent, link) => link.crash('exit 1') });
  await apply(fakeSpec('a', { revision: 'legacy' }));
  for (const stepMs of [1_100, 2_200, 4_400, 8_800, 17_600]) await clock.move(stepMs);
  await clock.move(60_000);
  await expect(upstreams.acquire('a', lease())).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'failed', message: expect.stringMatching(/^The MCP server has failed; it is tried again in \d+ s\.$/) });
});

test('calls that wait for a server whose configuration is replaced wait for its heir, and fail only where there is none', async () => {
  let isReplaced = false;
  const { upstreams } = setUp({ a: (sent, link) => (isReplaced ? modernScript()(sent, link) : undefined), b: () => undefined });
  const old = fakeSpec('a', { revision: 'modern' });
  const removed = fakeSpec('b', { revision: 'modern' });
  upstreams.apply(new Map([['a', old], ['b', removed]]));
  const waiting = [upstreams.acquire('a', lease()), upstreams.acquire('a', lease({ principalId: 'bob' }))];
  const left = expect(upstreams.acquire('b', lease())).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'stopped', effect: 'not_executed' });
  await settle();
  isReplaced = true;
  upstreams.apply(new Map([['a', fakeSpec('a', { revision: 'modern', fingerprint: 'new' })]]));
  await left;
  expect((await Promise.all(waiting)).map((upstream) => upstream.profile.family)).toEqual(['modern', 'modern']);
});

test('a call waits for a server that is starting, until its start deadline', async () => {
  const { upstreams, clock } = setUp({ a: modernScript(), silent: () => undefined });
  upstreams.apply(new Map([['a', fakeSpec('a')], ['silent', fakeSpec('silent', { revision: 'modern', startTimeoutMs: 3_000 })]]));
  const waiting = upstreams.acquire('a', lease());
  const refused = expect(upstreams.acquire('silent', lease())).rejects.toMatchObject({ code: 'upstream.unavailable' });
  await clock.move(3_000);
  await refused;
  expect((await waiting).profile.family).toBe('modern');
});

test('a server over HTTP that nobody reaches three times is not ready any more and is tried again', async () => {
  let isDown = false;
  const down = new Fault('upstream.unavailable', { reason: 'upstream_refused' });
  const { upstreams, apply, clock } = setUp({ a: (sent, link) => (isDown ? link.fail(sent.id, down) : modernScript()(sent, link)) }, 'http');
  await apply(fakeSpec('a', { type: 'http' }));
  isDown = true;
  for (let index = 0; index < 3; index++) {
    expect(upstreams.state('a')?.status).toBe('ready');
    const { outcomes, events } = begin();
    upstreams.find('a', lease())?.send(REQUEST, events);
    await settle();
    expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'upstream.unavailable', effect: 'not_executed' } }]);
  }
  expect(upstreams.state('a')?.status).toBe('connecting');
  isDown = false;
  await clock.move(2_000);
  expect(upstreams.state('a')?.status).toBe('ready');
});

test('restart ends a failed server\'s rest', async () => {
  let isBroken = true;
  const { upstreams, apply, clock } = setUp({ a: (sent, link) => (isBroken ? link.crash('exit 1') : legacyScript()(sent, link)) });
  await apply(fakeSpec('a', { revision: 'legacy' }));
  await clock.move(40_000);
  expect(upstreams.state('a')?.status).toBe('failed');
  isBroken = false;
  await upstreams.restart('a');
  await settle();
  expect(upstreams.state('a')?.status).toBe('ready');
});

test('a storm of list changes is one read a second, and tells only of definitions that changed', async () => {
  let tools: readonly JsonObject[] = [tool('one')];
  const { upstreams, apply, servers, clock, changes } = setUp({ a: legacyScript(undefined, () => tools) });
  await apply(fakeSpec('a'));
  changes.length = 0;
  const link = servers['a']?.links[0];
  const reads = (): number => link?.sent.filter((sent) => sent.method === 'tools/list').length ?? 0;
  const before = reads();
  for (let index = 0; index < 10_000; index++) link?.say({ method: 'notifications/tools/list_changed' });
  await clock.move(3_000);
  expect(reads() - before).toBe(1);
  expect(changes).toEqual([]);
  tools = [tool('one'), tool('two')];
  for (let index = 0; index < 30; index++) {
    link?.say({ method: 'notifications/tools/list_changed' });
    await clock.move(100);
  }
  expect(reads() - before).toBeLessThanOrEqual(5);
  expect(changes).toEqual(['a tools']);
  expect(upstreams.lists('a')?.tools).toEqual(tools);
});

test('a list of tools that is suddenly empty is believed only the second time', async () => {
  let tools: readonly JsonObject[] = [tool('one')];
  const { upstreams, apply, servers, clock } = setUp({ a: legacyScript(undefined, () => tools) });
  await apply(fakeSpec('a'));
  tools = [];
  await clock.move(2_000);
  servers['a']?.links[0]?.say({ method: 'notifications/tools/list_changed' });
  await clock.move(500);
  expect(upstreams.lists('a')?.tools).toHaveLength(1);
  expect(upstreams.state('a')?.status).toBe('degraded');
  await clock.move(2_000);
  expect(upstreams.lists('a')?.tools).toHaveLength(0);
  expect(upstreams.state('a')?.status).toBe('ready');
});

test('an unasked question of a connection that belongs to nobody alone is refused', async () => {
  const { apply, servers, asked } = setUp({ a: legacyScript() });
  await apply(fakeSpec('a', { isolation: 'shared' }));
  const link = servers['a']?.links[0];
  link?.say({ id: 'q', method: 'roots/list' });
  expect(asked).toMatchObject([{ server: 'a', sessionId: undefined, principalId: undefined }]);
  expect(link?.sent.at(-1)?.message).toEqual({ jsonrpc: '2.0', id: 'q', error: { code: -32601, message: 'Method not found' } });
});

test('closing closes every connection and leaves no timer that opens one', async () => {
  const { upstreams, apply, servers, clock } = setUp({ a: legacyScript() });
  await apply(fakeSpec('a', { idleConnections: 2 }));
  await upstreams.acquire('a', lease());
  const closing = upstreams.close();
  await clock.move(1_000_000);
  await closing;
  expect(servers['a']?.links.every((link) => link.isClosed)).toBe(true);
  expect(upstreams.states()).toEqual([]);
});

test('a configuration that comes while the gateway ends, or later, starts nothing', async () => {
  const { upstreams, apply, servers } = setUp({ old: legacyScript(), new: modernScript() });
  await apply(fakeSpec('old'));
  const closed = upstreams.close();
  await apply(fakeSpec('old'), fakeSpec('new'));
  await closed;
  await apply(fakeSpec('old'), fakeSpec('new'));
  expect([servers['old']?.links.length, servers['new']?.links.length]).toEqual([1, 0]);
  expect(upstreams.states()).toEqual([]);
  await expect(upstreams.acquire('new', lease())).rejects.toMatchObject({ code: 'upstream.unavailable' });
});
