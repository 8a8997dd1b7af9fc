import { join } from 'node:path';
import { type Duplex, duplexPair, Readable } from 'node:stream';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { hostileSpec } from '../../../test/fixtures/hostile-stdio/spec.ts';
import { systemClock } from '../../base/clock.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { connectUpstream, Verdicts } from '../detect.ts';
import type { OpenLink } from '../link.ts';
import type { Peer } from '../peer.ts';
import type { Outcome, UpstreamEvents } from '../upstream.ts';
import { OrphanWatcher } from './orphan-watcher.ts';
import type { RunningServer } from './running-server.ts';
import { SharedServer } from './shared-server.ts';
import { linkTo, openStdioLink } from './stdio-link.ts';

const FIXTURES = join(import.meta.dirname, '../../../test/fixtures');
const watcher = new OrphanWatcher({ clock: systemClock, platform: process.platform, onProblem: (detail) => expect.unreachable(detail) });
const peers: Peer[] = [];

afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close()));
});
afterAll(() => watcher.close());

interface Heard extends UpstreamEvents {
  readonly told: string[];
}

function hearing(): Heard {
  const told: string[] = [];
  return {
    told,
    listChanged: (kind) => void told.push(`${kind} changed`),
    resourceUpdated: (params) => void told.push(`updated ${String(params['uri'])}`),
    log: () => undefined,
    notify: () => undefined,
    ask: (request) => request.refuse({ code: -32601, message: 'nobody' }),
    closed: (fault) => void told.push(fault.code),
  };
}

async function connect(openLink: OpenLink, events: Heard, fixture: string): Promise<Peer> {
  const spec = hostileSpec([], { name: fixture });
  const peer = await connectUpstream(openLink, spec, { clock: systemClock, random: () => 0.5, gatewayInfo: { name: 'test', version: '1' }, verdicts: new Verdicts(systemClock), isInteractive: true, ownership: () => 'nobody', onDropped: () => undefined, events });
  peers.push(peer);
  return peer;
}

/** The own peer and two of other gateways, each over a stream of its own. */
async function sharing(fixture: string, args: readonly string[]): Promise<{ shared: SharedServer; own: Peer; others: Peer[]; streams: Duplex[]; heard: Heard[]; sent: string[] }> {
  const shared = new SharedServer();
  const heard = [hearing(), hearing(), hearing()];
  const spec = hostileSpec([], { command: process.execPath, args: [join(FIXTURES, fixture), '--stdio', ...args] });
  const sent: string[] = [];
  const open: OpenLink = async (events) => {
    const link = await openStdioLink(spec, (text) => text, { clock: systemClock, environment: process.env, watcher }, events);
    return { kind: link.kind, pid: link.pid, abort: (id) => link.abort(id), close: (end) => link.close(end), stderrTail: () => link.stderrTail(), send: (message) => {
      sent.push(message.method);
      link.send(message);
    } };
  };
  const own = await connect(shared.open(open), heard[0] as Heard, fixture);
  expect(shared.isReady).toBe(true);
  const streams: Duplex[] = [];
  const others = await Promise.all(
    [1, 2].map((index) => {
      const [near, far] = duplexPair();
      streams.push(near);
      shared.join(far);
      const elsewhere: RunningServer = { pid: undefined, label: 'elsewhere', stdin: near, stdout: near, stderr: Readable.from([]), onEnd: (listener) => void near.once('close', () => listener('gone')), end: () => Promise.resolve(void near.destroy()) };
      return connect((events) => Promise.resolve(linkTo(elsewhere, spec, { clock: systemClock, redact: (text) => text }, events)), heard[index] as Heard, fixture);
    }),
  );
  return { shared, own, others, streams, heard, sent };
}

function call(peer: Peer, name: string, args: JsonObject, notified: string[] = []): { readonly outcome: Promise<string>; cancel(): void } {
  let cancel = (): void => undefined;
  const outcome = new Promise<string>((resolve) => {
    const end = (ended: Outcome): void => resolve(ended.kind === 'result' ? JSON.stringify(ended.result.value['content'] ?? null) : ended.kind === 'error' ? `error ${ended.error.code}` : ended.fault.code);
    const started = peer.send({ method: 'tools/call', params: { name, arguments: args }, progressToken: `token of ${name}`, clientCapabilities: {}, clientInfo: undefined, logLevel: undefined, headers: {}, timeoutMs: 20_000 }, { end, notify: (method, params) => void notified.push(`${method} ${String(params['progressToken'])}`), ask: () => undefined });
    cancel = () => started.cancel('no longer wanted');
  });
  return { outcome, cancel };
}

describe.each(['legacy', 'modern'])('a %s process for three gateways', (era) => {
  test('is one, answers each its own, and shows the same to all', async () => {
    const { own, others } = await sharing('counting-server.ts', ['--era', era]);
    expect(new Set([own, ...others].map(({ profile }) => JSON.stringify([profile.family, profile.serverInfo]))).size).toBe(1);
    const outcomes = await Promise.all([own, ...others].flatMap((peer, at) => Array.from({ length: 40 }, (_, index) => call(peer, 'count', { key: `${at}-${index}` }).outcome)));
    expect(outcomes).toEqual([0, 1, 2].flatMap((at) => Array.from({ length: 40 }, (_, index) => JSON.stringify([{ type: 'text', text: JSON.stringify({ key: `${at}-${index}`, count: 1 }) }]))));
    const pids = await Promise.all([own, ...others].map((peer) => call(peer, 'canary', {}).outcome));
    expect(new Set(pids).size).toBe(1);
  }, 30_000);

  test('numbers that a double does not hold go through unharmed', async () => {
    const { others } = await sharing('counting-server.ts', ['--era', era]);
    const [other] = others;
    if (other === undefined) throw new Error('nobody');
    const { rawJSON } = JSON as unknown as { rawJSON(text: string): number };
    const given: JsonObject = { big: rawJSON('12345678901234567890123') };
    expect(await call(other, 'canary', given).outcome).toContain('1.2345678901234568e+22');
  }, 30_000);

  test('a stream that breaks ends its own calls alone, and the process ends the streams with it', async () => {
    const { own, others, streams, heard } = await sharing('counting-server.ts', ['--era', era]);
    const [first, second] = others;
    if (first === undefined || second === undefined) throw new Error('nobody');
    const lost = call(first, 'count', { key: 'lost', delayMs: 30_000 });
    const kept = call(second, 'count', { key: 'kept', delayMs: 300 });
    await call(first, 'count', { key: 'marker' }).outcome;
    streams[0]?.destroy();
    expect(await lost.outcome).toBe('upstream.closed');
    expect(await kept.outcome).toContain('kept');
    expect(await call(own, 'counts', {}).outcome).toContain(String.raw`\"lost\":1`);
    await own.close();
    await expect.poll(() => heard[2]?.told).toContain('upstream.closed');
  }, 30_000);
});

test('progress and cancellation keep to the call they belong to', async () => {
  const { own, others } = await sharing('conformance-server.ts', ['--era', 'legacy']);
  const notified = [[], [], []] as string[][];
  const outcomes = [own, ...others].map((peer, at) => call(peer, 'test_tool_with_progress', {}, notified[at]).outcome);
  await Promise.all(outcomes);
  for (const told of notified) expect(told).toEqual(Array.from({ length: 3 }, () => 'notifications/progress token of test_tool_with_progress'));
  const [first] = others;
  if (first === undefined) throw new Error('nobody');
  const given = call(first, 'test_simple_text', {});
  given.cancel();
  expect(await given.outcome).toBe('request.cancelled');
  expect(await call(first, 'test_simple_text', {}).outcome).toContain('text');
}, 30_000);

test('a resource is watched until the last one who wanted it does not', async () => {
  const { own, others, heard, sent } = await sharing('conformance-server.ts', ['--era', 'legacy']);
  const told = (): string[] => sent.filter((method) => method.startsWith('resources/'));
  const watch = (peer: Peer | undefined, ...uris: string[]): Promise<void> | undefined => peer?.watch({ uris: new Set(uris), taskIds: new Set() });
  const trigger = async (): Promise<void> => void (await call(own, 'test_trigger_resource_update', {}).outcome);
  const uri = 'test://watched-resource';
  await Promise.all([watch(own, uri), watch(others[0], uri)]);
  await trigger();
  await expect.poll(() => heard.map(({ told }) => told.length)).toEqual([1, 1, 1]);
  await watch(own);
  expect(told()).toEqual(['resources/subscribe', 'resources/subscribe']);
  await trigger();
  await expect.poll(() => heard[1]?.told).toEqual([`updated ${uri}`, `updated ${uri}`]);
  await watch(others[0]);
  await expect.poll(told).toEqual(['resources/subscribe', 'resources/subscribe', 'resources/unsubscribe']);
}, 30_000);
