/** Faults between the data plane, over real HTTP, and servers in memory that do exactly what the test says. */
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { type FakeLink, legacyScript, modernScript, type Script, type Sent, tool } from '../support/fake-link.ts';
import { modernRequest, openSession, post, type RawAnswer, textOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type Plane, type PlaneOptions, startPlane } from '../support/start-plane.ts';
import { MovableClock } from '../support/movable-clock.ts';
import { canaryOf, History, violations } from './history.ts';
import { SEED, seeded, shuffled } from './seed.ts';

/** A busy machine takes its time; what is measured is measured apart. */
const BUSY = { timeout: 10_000 };
const planes: Plane[] = [];
afterEach(async () => {
  await Promise.all(planes.splice(0).map((plane) => plane.stop()));
});

async function start(options: PlaneOptions): Promise<Plane> {
  const plane = await startPlane(options);
  planes.push(plane);
  return plane;
}

const read = ({ message }: RawAnswer) => ({ isError: message.error !== undefined, text: JSON.stringify(message) });
const text = (value: string) => ({ content: [{ type: 'text', text: value }] });
const call = (plane: Plane, name: string, args: object = {}, id: string | number = 1): Promise<RawAnswer> => modernRequest({ url: plane.url }, 'tools/call', { name, arguments: args }, id);

/** Answers `echo` with its own arguments; what else is called waits in `held`. */
function holding(held: { sent: Sent; link: FakeLink }[], family: (otherwise: Script) => Script = modernScript): Script {
  return family((sent, link) => {
    if (sent.method !== 'tools/call') return;
    if (sent.params['name'] === 'echo') link.answer(sent.id, { resultType: 'complete', ...text(JSON.stringify(sent.params['arguments'])) });
    else held.push({ sent, link });
  });
}

const TOOLS = [tool('echo'), tool('wait')];
function withTools(script: Script): Script {
  return (sent, link) => {
    if (sent.method === 'tools/list') link.answer(sent.id, { resultType: 'complete', tools: TOOLS });
    else script(sent, link);
  };
}

test('[F-02] a call without an answer ends at its time limit, the server is told, its turn is free, and after five nobody waits for that server', async () => {
  const history = new History(() => performance.now());
  const held: { sent: Sent; link: FakeLink }[] = [];
  const plane = await start({ servers: { deaf: withTools(holding(held)), well: withTools(holding([])) }, serverConfig: { deaf: { callTimeoutMs: 1_000 } } });
  const ask = (name: string, index: number): Promise<RawAnswer> => history.ask({ request: `${name}-${index}`, principal: 'ann', timeoutMs: 1_000 }, () => call(plane, name, {}, index), read);
  const late = await Promise.all([0, 1, 2, 3, 4].map((index) => ask('deaf__wait', index)));
  expect(late.map(({ message }) => message.error?.code)).toEqual([-31_002, -31_002, -31_002, -31_002, -31_002]);
  expect(late[0]?.message.error?.data).toMatchObject({ server: 'deaf', outcome: 'unknown' });
  expect(plane.links('deaf').flatMap((link) => link.aborted)).toHaveLength(5);
  const startedMs = performance.now();
  const { message } = await ask('deaf__wait', 5);
  expect(message.error).toMatchObject({ code: -31_001, data: { reason: 'circuit_open', retryable: true, outcome: 'not_executed' } });
  expect(performance.now() - startedMs).toBeLessThan(500);
  expect(held).toHaveLength(5);
  expect((await ask('well__echo', 6)).message.result).toBeDefined();
  // The probe after the rest is answered, and the server is in use again.
  await expect.poll(async () => (await call(plane, 'deaf__echo')).message.result !== undefined, { timeout: 5_000, interval: 200 }).toBe(true);
  expect((await call(plane, 'deaf__echo')).message.result).toBeDefined();
  expect(violations(history.events)).toEqual([]);
});

test('[F-03] a slow server gets a thousand calls, a hundred wait, the next is told at once, and others notice nothing', async () => {
  const held: { sent: Sent; link: FakeLink }[] = [];
  const plane = await start({ servers: { slow: withTools(holding(held)), well: withTools(holding([])) } });
  const waiting = Array.from({ length: 1_101 }, (_, index) => call(plane, 'slow__wait', {}, index));
  // Whichever of them finds the line full is the only one with an answer.
  const refused = await Promise.race(waiting);
  expect(held).toHaveLength(1_000);
  expect(refused).toMatchObject({ status: 503, message: { error: { code: -31_006, data: { reason: 'server_queue_full', outcome: 'not_executed', retryable: true } } } });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  const startedMs = performance.now();
  expect((await call(plane, 'well__echo')).message.result).toBeDefined();
  expect(performance.now() - startedMs).toBeLessThan(500);
  while (held.length > 0) {
    const { sent, link } = held.shift() as (typeof held)[number];
    link.answer(sent.id, { resultType: 'complete', ...text('done') });
    if (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await expect.poll(() => {
    for (const { sent, link } of held.splice(0)) link.answer(sent.id, { resultType: 'complete', ...text('done') });
    return plane.upstreams.state('slow')?.status;
  }).toBe('ready');
  const answers = await Promise.all([...waiting.map(async (one) => {
    const answer = await one;
    for (const { sent, link } of held.splice(0)) link.answer(sent.id, { resultType: 'complete', ...text('done') });
    return answer;
  })]);
  // A busy machine may let some wait for longer than they may.
  expect(answers.filter(({ message }) => message.result !== undefined).length).toBeGreaterThanOrEqual(1_000);
  expect(answers.filter(({ message, status }) => message.result === undefined && status !== 503)).toEqual([]);
}, 60_000);

test('[F-11] [F-12] [F-13] a thousand answers in any order, twice, and among answers to nobody, reach those who asked', async () => {
  const random = seeded(SEED);
  const history = new History(() => performance.now());
  const held: { sent: Sent; link: FakeLink }[] = [];
  const plane = await start({ servers: { odd: withTools(holding(held)) } });
  const asked = Array.from({ length: 1_000 }, (_, index) => {
    const principal = `p${index}`;
    const said = canaryOf(principal, SEED);
    return history.ask({ request: `r${index}`, principal, timeoutMs: 60_000 }, () => call(plane, 'odd__wait', { said }, index), read).then(({ message }) => [textOf(message), said]);
  });
  await expect.poll(() => held.length, { timeout: 20_000 }).toBe(1_000);
  for (const { sent, link } of shuffled(held, random)) {
    const { said } = sent.params['arguments'] as { said: string };
    const wrong = { resultType: 'complete', ...text(canaryOf('nobody', SEED)) };
    link.say({ id: Number(sent.id) + 1_000_000, result: wrong }, Number(sent.id));
    link.say({ id: String(sent.id), result: wrong }, Number(sent.id));
    link.answer(sent.id, { resultType: 'complete', ...text(said) });
    link.answer(sent.id, wrong);
  }
  for (const [got, said] of await Promise.all(asked)) expect(got).toBe(said);
  expect(violations(history.events)).toEqual([]);
}, 60_000);

test('[F-24] a process that is short of memory refuses new requests with 503 and a time, and finishes what it has', async () => {
  const held: { sent: Sent; link: FakeLink }[] = [];
  let overload: string | undefined;
  const plane = await start({ servers: { one: withTools(holding(held)) }, deps: { overload: () => overload } });
  const before = call(plane, 'one__wait');
  await expect.poll(() => held.length, BUSY).toBe(1);
  overload = 'heap';
  const refused = await call(plane, 'one__echo');
  expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '2' }, message: { error: { code: -31_006, data: { reason: 'heap', outcome: 'not_executed' } } } });
  for (const { sent, link } of held) link.answer(sent.id, { resultType: 'complete', ...text('finished') });
  expect(textOf((await before).message)).toBe('finished');
  overload = undefined;
  expect((await call(plane, 'one__echo')).status).toBe(200);
});

test('[F-25] the wall clock jumps by hours in both directions, and neither calls nor sessions end for it', async () => {
  let jumpMs = 0;
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + jumpMs };
  const held: { sent: Sent; link: FakeLink }[] = [];
  const plane = await start({ servers: { one: withTools(holding(held)) }, serverConfig: { one: { callTimeoutMs: 30_000 } }, deps: { clock } });
  const session = await openSession({ url: plane.url });
  const running = call(plane, 'one__wait');
  await expect.poll(() => held.length, BUSY).toBe(1);
  for (const hours of [1, -1, 24, -24]) {
    jumpMs = hours * 3_600_000;
    expect((await session.request('tools/call', { name: 'one__echo', arguments: {} })).message.result).toBeDefined();
  }
  for (const { sent, link } of held) link.answer(sent.id, { resultType: 'complete', ...text('still here') });
  expect(textOf((await running).message)).toBe('still here');
});

/** A request that its client gives up, as bytes. */
function abandon(url: string, body: string, headers: Readonly<Record<string, string>>): Socket {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const lines = Object.entries({ host: 'localhost', 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'content-length': String(Buffer.byteLength(body)), ...headers });
  socket.write(`POST ${pathname} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
  return socket;
}

test('[F-26] twenty modern clients that leave at twenty moments have their calls cancelled at the server, and nobody else does', async () => {
  const random = seeded(SEED);
  const held: { sent: Sent; link: FakeLink }[] = [];
  const plane = await start({ servers: { one: withTools(holding(held)) } });
  const stays = call(plane, 'one__wait', { stays: true });
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, 'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' } };
  const sockets = Array.from({ length: 20 }, (_, id) =>
    abandon(plane.url, JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'one__wait', arguments: {}, _meta: meta } }), { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'one__wait' }),
  );
  await expect.poll(() => held.length, BUSY).toBe(21);
  const startedMs = performance.now();
  for (const socket of shuffled(sockets, random)) {
    socket.destroy();
    if (random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
  }
  await expect.poll(() => plane.links('one').flatMap((link) => link.aborted).length, BUSY).toBe(20);
  expect(performance.now() - startedMs).toBeLessThan(1_500);
  const kept = held.find(({ sent }) => (sent.params['arguments'] as { stays?: boolean }).stays === true);
  kept?.link.answer(kept.sent.id, { resultType: 'complete', ...text('mine') });
  expect(textOf((await stays).message)).toBe('mine');
});

test('[F-26] [F-28] a legacy client that leaves in the middle finds the rest of its answer, once and in order, by the id of the last event', async () => {
  const held: { sent: Sent; link: FakeLink }[] = [];
  const plane = await start({ servers: { one: withTools(holding(held, legacyScript)) } });
  const session = await openSession({ url: plane.url });
  const body = JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'one__wait', arguments: {}, _meta: { progressToken: 'p' } } });
  const socket = abandon(plane.url, body, session.headers);
  let heard = '';
  socket.on('data', (chunk) => (heard += String(chunk)));
  await expect.poll(() => held.length, BUSY).toBe(1);
  const [{ sent, link } = { sent: undefined, link: undefined }] = held;
  const progress = (value: number): void => link?.say({ method: 'notifications/progress', params: { progressToken: Number(sent?.id), progress: value } }, Number(sent?.id));
  progress(1);
  await expect.poll(() => heard, BUSY).toContain('"progress":1');
  socket.destroy();
  progress(2);
  progress(3);
  link?.answer(sent?.id, text('the rest'));
  const lastId = [...heard.matchAll(/^id: (.+)$/gm)].at(-1)?.[1]?.trim() ?? '';
  const resume = async (id: string, headers: Readonly<Record<string, string>>): Promise<Response> => fetch(plane.url, { headers: { ...headers, accept: 'text/event-stream', 'last-event-id': id } });
  const rest = await (await resume(lastId, session.headers)).text();
  expect([...rest.matchAll(/"progress":(\d)|the rest/g)].map(([found, value]) => value ?? found)).toEqual(['2', '3', 'the rest']);
  const other = await openSession({ url: plane.url });
  const foreign = await resume(lastId, other.headers);
  // It may be a fresh stream of its own, which stays open.
  const reader = foreign.body?.getReader();
  const first = await Promise.race([reader?.read(), new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 300))]);
  expect(Buffer.from(first?.value ?? []).toString()).not.toContain('the rest');
  await reader?.cancel();
});

test('[F-28] an event stream is taken up at the replica and by the principal that it belongs to, and nowhere else', async () => {
  const held: { sent: Sent; link: FakeLink }[] = [];
  const keys = { ann: { value: randomKey() }, bob: { value: randomKey() } };
  const clock = new MovableClock();
  const options = { servers: { one: withTools(holding(held, legacyScript)) }, keys };
  const [plane, replica] = [await start({ ...options, deps: { clock: { nowMs: () => clock.nowMs(), monotonicMs: () => clock.monotonicMs(), after: (delayMs, run) => clock.after(delayMs, run) } } }), await start(options)];
  const own = { url: plane.url, key: keys.ann.value };
  const session = await openSession(own);
  const resume = async (url: string, key: string, id: string): Promise<{ readonly status: number; readonly text: string }> => {
    const stopping = new AbortController();
    const answer = await fetch(url, { headers: { ...session.headers, authorization: `Bearer ${key}`, accept: 'text/event-stream', 'last-event-id': id }, signal: stopping.signal });
    const first = await Promise.race([answer.body?.getReader().read(), new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 200))]).catch(() => undefined);
    stopping.abort();
    return { status: answer.status, text: Buffer.from(first?.value ?? []).toString() };
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'one__wait', arguments: {}, _meta: { progressToken: 'p' } } });
  const socket = abandon(plane.url, body, { ...session.headers, authorization: `Bearer ${keys.ann.value}` });
  let heard = '';
  socket.on('data', (chunk) => (heard += String(chunk)));
  await expect.poll(() => held.length, BUSY).toBe(1);
  const [{ sent, link } = { sent: undefined, link: undefined }] = held;
  link?.say({ method: 'notifications/progress', params: { progressToken: Number(sent?.id), progress: 1 } }, Number(sent?.id));
  await expect.poll(() => heard, BUSY).toContain('"progress":1');
  socket.destroy();
  link?.answer(sent?.id, text('the rest'));
  const lastId = [...heard.matchAll(/^id: (.+)$/gm)].at(-1)?.[1]?.trim() ?? '';
  // Foreign: another principal with the session's id.
  expect(await resume(plane.url, keys.bob.value, lastId)).toMatchObject({ status: 404, text: expect.not.stringContaining('the rest') });
  // Another replica: events lie where they arose.
  expect(await resume(replica.url, keys.ann.value, lastId)).toMatchObject({ status: 404, text: expect.not.stringContaining('the rest') });
  expect((await post({ url: replica.url, key: keys.ann.value }, { jsonrpc: '2.0', id: 1, method: 'ping' }, session.headers)).status).toBe(404);
  // The one it belongs to, as often as it asks.
  expect((await resume(plane.url, keys.ann.value, lastId)).text).toContain('the rest');
  // Expired: the session was idle for longer than it may be.
  await clock.move(120_000);
  expect(await resume(plane.url, keys.ann.value, lastId)).toMatchObject({ status: 404, text: expect.not.stringContaining('the rest') });
}, 20_000);

test('[F-38] a client that reads nothing of its answers is cut off, and others are served', async () => {
  const random = seeded(SEED);
  const held: { sent: Sent; link: FakeLink }[] = [];
  const plane = await start({ servers: { one: withTools(holding(held, legacyScript)) } });
  const session = await openSession({ url: plane.url });
  const body = JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'one__wait', arguments: {}, _meta: { progressToken: 'p' } } });
  const socket = abandon(plane.url, body, session.headers);
  socket.pause();
  await expect.poll(() => held.length, BUSY).toBe(1);
  const [{ sent, link } = { sent: undefined, link: undefined }] = held;
  let closed = false;
  socket.on('close', () => (closed = true));
  for (let value = 1; value <= 400; value++) {
    link?.say({ method: 'notifications/progress', params: { progressToken: Number(sent?.id), progress: value, message: 'x'.repeat(65_536 + Math.floor(random() * 1_000)) } }, Number(sent?.id));
    if (value % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  // What is left in the system's buffers is read, then the end is seen.
  socket.resume();
  await expect.poll(() => closed, { timeout: 5_000 }).toBe(true);
  expect((await call(plane, 'one__echo')).message.result).toBeDefined();
  expect((await post({ url: plane.url }, { jsonrpc: '2.0', id: 1, method: 'ping' }, session.headers)).status).toBe(200);
});
