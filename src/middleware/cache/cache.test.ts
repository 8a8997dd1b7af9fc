import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MovableClock } from '../../../test/support/movable-clock.ts';
import type { CallContext, CallOutcome, SharedResult, SharedResults } from '../../model/middleware.ts';
import { Fault } from '../../base/fault.ts';
import { RawObject } from '../../protocol/envelope.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { cache } from './cache.ts';

const READING = { name: 'read', annotations: { readOnlyHint: true } };

function setUp(options: Parameters<typeof cache.options.parse>[0] = {}) {
  const clock = new MovableClock();
  const { around } = cache.create(cache.options.parse(options));
  let calls = 0;
  const call = async (args: JsonObject, more: Partial<CallContext> & { result?: JsonObject; params?: JsonObject } = {}): Promise<unknown> => {
    const { result, params, ...context } = more;
    const next = (): Promise<CallOutcome> => Promise.resolve({ kind: 'result', result: RawObject.of(result ?? { content: [], call: ++calls }) });
    const outcome = await around?.({ name: 'read', arguments: args, ...params }, next, { method: 'tools/call', server: 'files', own: 'read', principal: 'ann', definition: READING, services: { clock, failed: () => undefined }, ...context });
    return outcome?.kind === 'result' ? outcome.result.value['call'] : outcome;
  };
  return { clock, call };
}

test('the same call is answered from memory until its time is over', async () => {
  const { clock, call } = setUp({ seconds: 60 });
  expect([await call({ a: 1, b: 2 }), await call({ b: 2, a: 1 }), await call({ a: 2 })]).toEqual([1, 1, 2]);
  await clock.move(60_000);
  expect(await call({ a: 1, b: 2 })).toBe(3);
});

test('nobody is given what another principal was answered, unless the answer depends on nobody', async () => {
  const { call } = setUp();
  expect([await call({}), await call({}, { principal: 'bob' }), await call({}, { principal: undefined })]).toEqual([1, 2, 3]);
  const shared = setUp({ scope: 'shared' });
  expect([await shared.call({}), await shared.call({}, { principal: 'bob' })]).toEqual([1, 1]);
  expect(await shared.call({ x: 1 }, { result: { cacheScope: 'private', call: 'anns' } })).toBe('anns');
  expect(await shared.call({ x: 1 }, { principal: 'bob', result: { call: 'bobs' } })).toBe('bobs');
});

test.each([
  ['a tool that may write', { definition: { name: 'write' } }],
  ['a tool of which nothing is known', { definition: undefined }],
  ['a failure', { result: { isError: true, content: [] } }],
  ['what may not be kept', { result: { ttlMs: 0 } }],
  ['a question', { result: { resultType: 'input_required' } }],
  ['part of something longer', { params: { requestState: 'x' } }],
  ['something else than a tool', { method: 'resources/read' }],
] as const)('%s is never kept', async (_, more) => {
  const { call } = setUp();
  await call({}, more);
  const { result: __, ...again } = { result: undefined, ...more };
  expect(await call({}, { ...again, result: { call: 'fresh' } })).toBe('fresh');
});

test('while the server is away the last result stands in for a while, and says so; a tool that fails does not bring it back', async () => {
  const clock = new MovableClock();
  const { around } = cache.create(cache.options.parse({ seconds: 10, staleSeconds: 60 }));
  const ask = async (outcome: CallOutcome): Promise<CallOutcome | undefined> => around?.({ name: 'read', arguments: {} }, () => Promise.resolve(outcome), { method: 'tools/call', server: 'files', own: 'read', principal: 'ann', definition: READING, services: { clock, failed: () => undefined } });
  const good: CallOutcome = { kind: 'result', result: RawObject.of({ content: [], _meta: { own: 1 } }) };
  const away: CallOutcome = { kind: 'fault', fault: new Fault('upstream.unavailable', { server: 'files' }) };
  expect(await ask(away)).toBe(away);
  await ask(good);
  await clock.move(30_000);
  expect(await ask(away)).toMatchObject({ kind: 'result', result: { value: { content: [], _meta: { own: 1, 'metamcp/stale': { ageMs: 30_000, because: 'upstream.unavailable' } } } } });
  const denied: CallOutcome = { kind: 'fault', fault: new Fault('policy.denied') };
  expect(await ask(denied)).toBe(denied);
  await clock.move(40_000);
  expect(await ask(away)).toBe(away);
});

test('what a server says of its result is heeded where it is less', async () => {
  const { clock, call } = setUp({ seconds: 60 });
  await call({}, { result: { ttlMs: 1_000, call: 'first' } });
  expect(await call({})).toBe('first');
  await clock.move(1_000);
  expect(await call({})).not.toBe('first');
});

test('the cache stays within its bytes, whatever is called', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 400 })), { maxLength: 60 }), async (calls) => {
      const { call } = setUp({ bytesMax: 1_000 });
      for (const [id, size] of calls) await call({ id }, { result: { call: 'x'.repeat(size) } });
      let kept = 0;
      for (let id = 0; id <= 20; id++) {
        const answer = await call({ id }, { result: { isError: true, call: '' } });
        kept += typeof answer === 'string' ? answer.length : 0;
      }
      expect(kept).toBeLessThanOrEqual(1_000);
    }),
  );
});

/** What gateways share: forgets nothing. */
function store(): SharedResults & { readonly kept: Map<string, SharedResult> } {
  const kept = new Map<string, SharedResult>();
  return { kept, find: (key) => Promise.resolve(kept.get(key)), keep: (key, result) => void kept.set(key, result) };
}

function gateway(sharedResults: SharedResults, place: string | undefined, options: Parameters<typeof cache.options.parse>[0] = {}) {
  const clock = new MovableClock();
  const { around } = cache.create(cache.options.parse(options), place);
  let calls = 0;
  const call = async (principal: string, args: JsonObject = {}): Promise<unknown> => {
    const next = (): Promise<CallOutcome> => Promise.resolve({ kind: 'result', result: RawObject.of({ content: [], call: `${place ?? 'nowhere'} ${++calls}` }) });
    const outcome = await around?.({ name: 'read', arguments: args }, next, { method: 'tools/call', server: 'files', own: 'read', principal, definition: READING, services: { clock, failed: () => undefined, sharedResults } });
    return outcome?.kind === 'result' ? outcome.result.value['call'] : outcome;
  };
  return { clock, call, calls: () => calls };
}

test('what another gateway was answered is given again here, for the time that is left of it, to the same principal', async () => {
  const shared = store();
  const [one, two] = [gateway(shared, 'here', { seconds: 60 }), gateway(shared, 'here', { seconds: 60 })];
  expect([await one.call('ann'), await two.call('ann'), await two.call('bob')]).toEqual(['here 1', 'here 1', 'here 1']);
  expect([one.calls(), two.calls()]).toEqual([1, 1]);
  const [first] = shared.kept.keys();
  expect(shared.kept.get(first ?? '')?.leftMs).toBe(60_000);
  shared.kept.clear();
  // It is in the memory of both by now.
  await two.clock.move(59_999);
  expect(await two.call('ann')).toBe('here 1');
  await two.clock.move(1);
  expect([await two.call('ann'), two.calls()]).toEqual(['here 2', 2]);
});

test('a step at another place, or one that is only tried, is given nothing of it', async () => {
  const shared = store();
  await gateway(shared, 'here').call('ann');
  expect(await gateway(shared, 'behind another step').call('ann')).toBe('behind another step 1');
  expect(await gateway(shared, undefined).call('ann')).toBe('nowhere 1');
  expect(shared.kept.size).toBe(2);
});

test('what depends on nobody is everybody\'s at the other gateway too', async () => {
  const shared = store();
  const [one, two] = [gateway(shared, 'here', { scope: 'shared' }), gateway(shared, 'here', { scope: 'shared' })];
  expect([await one.call('ann'), await two.call('bob')]).toEqual(['here 1', 'here 1']);
  expect(two.calls()).toBe(0);
});
