import { expect, test } from 'vitest';
import { fakeSpec, legacyScript, type Script } from '../../test/support/fake-link.ts';
import { MovableClock, settle } from '../../test/support/movable-clock.ts';
import { KeptReply, plainSealer, plainSnapshot, resolved } from '../../test/support/plain-exchange.ts';
import { startPlainUpstreams } from '../../test/support/plain-upstreams.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Entry } from './catalog.ts';
import { Deliveries } from './deliveries.ts';
import { dispatch } from './dispatch.ts';
import type { Admitted, Resolved } from './exchange.ts';
import { Parking } from './parking.ts';
import { TaskIds } from './task-ids.ts';

const CALL_TIMEOUT_MS = 10_000;

/** A server that is drilled for a while; calls of one tool with these annotations. */
async function setUp(annotations: JsonObject, trust: { readonly waits: boolean; readonly isTrusted: boolean } = { waits: true, isTrusted: true }) {
  const clock = new MovableClock();
  let calls = 0;
  const script: Script = (sent, link) => {
    if (sent.method === 'tools/call') link.answer(sent.id, { content: [{ type: 'text', text: String(++calls) }] });
    if (sent.method === 'resources/read') link.answer(sent.id, { contents: [] });
  };
  const { upstreams } = await startPlainUpstreams({ files: legacyScript(script) }, clock);
  const spec = { ...fakeSpec('files', { type: 'http', callTimeoutMs: CALL_TIMEOUT_MS }), waitsForRecovery: trust.waits, trustsAnnotations: trust.isTrusted };
  const snapshot = plainSnapshot({ servers: new Map([['files', spec]]) });
  const parking = new Parking({ clock, sealer: plainSealer, newId: () => 'p1' });
  const deps = { clock, upstreams, parking, taskIds: new TaskIds(plainSealer), deliveries: new Deliveries(), park: parking.park.bind(parking) };
  const entry = { exposed: 'files__read', member: { server: 'files', as: 'files' }, own: 'read', definition: { name: 'read', annotations }, chain: [], mirrored: [] } as unknown as Entry;
  const outcomes: Outcome[] = [];
  const reply = new KeptReply();
  const start = (changes: Partial<Resolved> = {}): void => {
    const exchange = resolved({ reply, snapshot, target: { server: 'files', as: 'files', own: 'read', entry }, ...changes }) as Admitted;
    void dispatch(exchange, deps).then((outcome) => outcomes.push(outcome));
  };
  const away = async (forMs: number): Promise<void> => {
    void upstreams.takeOut?.('files', forMs);
    for (let turn = 0; turn < 8; turn++) await settle();
  };
  return { clock, start, outcomes, away, reply, calls: () => calls };
}

test('a call that may be made twice waits for a server that is away, and is made once', async () => {
  const { clock, start, outcomes, away, calls } = await setUp({ idempotentHint: true });
  await away(5_000);
  start();
  await clock.move(4_900);
  expect(outcomes).toEqual([]);
  await clock.move(1_000);
  expect(outcomes).toMatchObject([{ kind: 'result' }]);
  expect(calls()).toBe(1);
});

test('it waits until its own deadline and no longer, and is told why', async () => {
  const { clock, start, outcomes, away } = await setUp({ readOnlyHint: true });
  await away(60_000);
  start();
  await clock.move(CALL_TIMEOUT_MS - 200);
  expect(outcomes).toEqual([]);
  await clock.move(300);
  expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'upstream.unavailable', effect: 'not_executed', reason: 'failed' } }]);
});

test('a client that goes away waits for nothing', async () => {
  const { clock, start, outcomes, away, reply, calls } = await setUp({ idempotentHint: true });
  await away(5_000);
  start();
  await clock.move(1_000);
  reply.onGone?.();
  await clock.move(200);
  expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'request.cancelled', effect: 'not_executed' } }]);
  await clock.move(10_000);
  expect(calls()).toBe(0);
});

test.each([
  ['a tool that says nothing of itself', {}, { waits: true, isTrusted: true }],
  ['a tool that nobody trusts', { idempotentHint: true }, { waits: true, isTrusted: false }],
  ['a call at a server of which that is not configured', { idempotentHint: true }, { waits: false, isTrusted: true }],
] as const)('%s is refused at once', async (_, annotations, trust) => {
  const { clock, start, outcomes, away } = await setUp(annotations, trust);
  await away(5_000);
  start();
  await clock.move(0);
  expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'upstream.unavailable' } }]);
});

test('a resource is read once its server is back', async () => {
  const { clock, start, outcomes, away } = await setUp({});
  await away(3_000);
  start({ method: 'resources/read', params: { uri: 'file:///a' }, upstreamParams: { uri: 'file:///a' } });
  await clock.move(2_900);
  expect(outcomes).toEqual([]);
  await clock.move(1_000);
  expect(outcomes).toMatchObject([{ kind: 'result', result: { value: { contents: [] } } }]);
});
