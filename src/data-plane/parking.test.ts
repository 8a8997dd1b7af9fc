import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MovableClock, settle } from '../../test/support/movable-clock.ts';
import { KeptReply, plainEndpoint, plainSealer, principalOf, resolved } from '../../test/support/plain-exchange.ts';
import { RawObject } from '../protocol/envelope.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { CallEvents, Outcome, ServerRequest } from '../upstream/upstream.ts';
import { Deliveries } from './deliveries.ts';
import type { Admitted, Resolved } from './exchange.ts';
import { Parking } from './parking.ts';
import { RoutedCall } from './routed-call.ts';
import { TaskIds } from './task-ids.ts';

const TEN_MINUTES_MS = 600_000;
const CAPABLE = {
  revision: '2026-07-28',
  capabilities: { elicitation: { form: {}, url: {} } },
  info: undefined,
  logLevel: undefined,
  session: undefined,
} as const;

interface Asking {
  readonly endpoint?: string;
  readonly principal?: string;
  readonly method?: string;
  readonly params?: JsonObject;
  readonly server?: string;
}

/** The exchange of one request, and of the one that comes back with a state. */
function asking(
  { endpoint = 'dev', principal = 'ann', method = 'tools/call', params = { name: 'files__read', arguments: { path: 'a' } }, server = 'files' }: Asking,
  requestState?: unknown,
): Admitted {
  const sent = requestState === undefined ? params : { ...params, requestState: requestState as string, inputResponses: { input_1: { action: 'accept' } } };
  return resolved({
    endpoint: plainEndpoint({ name: endpoint }),
    principal: principalOf(principal),
    method,
    params: sent,
    upstreamParams: sent,
    client: CAPABLE,
    target: { server, as: server, own: 'read', entry: undefined },
    reply: new KeptReply(),
  }) as Admitted;
}

function setUp() {
  const clock = new MovableClock();
  let ids = 0;
  const parking = new Parking({ clock, sealer: plainSealer, newId: () => `p${++ids}` });
  return { clock, parking };
}

type SetUp = ReturnType<typeof setUp>;

function stateOf(outcome: Outcome): string {
  return outcome.kind === 'result' ? String(outcome.result.value['requestState']) : '';
}

/** A modern server's own state, as its client gets it. */
function sealedState(parking: Parking, exchange: Resolved): string {
  return stateOf(
    parking.forModern(exchange, { kind: 'result', result: RawObject.of({ resultType: 'input_required', inputRequests: {}, requestState: 'of the server' }) }),
  );
}

const invalid = expect.objectContaining({ code: 'request.params_invalid', reason: 'request_state_invalid' });

describe('[SS-08] [SS-09] a state of a modern server', () => {
  test('returns to it as it was', () => {
    const { parking } = setUp();
    const state = sealedState(parking, asking({}));
    expect(state).not.toContain('of the server');
    expect(parking.resume(asking({}, state))).toMatchObject({
      kind: 'fresh',
      params: { requestState: 'of the server', inputResponses: { input_1: { action: 'accept' } } },
    });
  });

  test.each<[string, Asking]>([
    ['another principal', { principal: 'bob' }],
    ['another endpoint', { endpoint: 'prod' }],
    ['another method', { method: 'prompts/get' }],
    ['another argument', { params: { name: 'files__read', arguments: { path: 'b' } } }],
    ['another tool', { params: { name: 'files__write', arguments: { path: 'a' } } }],
    ['one argument more', { params: { name: 'files__read', arguments: { path: 'a' }, extra: 1 } }],
    ['another server under the same name', { server: 'mail' }],
  ])('does not open for %s', (_what, changes) => {
    const { parking } = setUp();
    const state = sealedState(parking, asking({}));
    expect(() => parking.resume(asking(changes, state))).toThrow(invalid);
  });

  test('opens for ten minutes and not a millisecond longer', async () => {
    const { clock, parking } = setUp();
    const state = sealedState(parking, asking({}));
    await clock.move(TEN_MINUTES_MS);
    expect(parking.resume(asking({}, state)).kind).toBe('fresh');
    await clock.move(1);
    expect(() => parking.resume(asking({}, state))).toThrow(invalid);
  });

  test('opens whatever the order of the arguments, and whatever _meta says', () => {
    const { parking } = setUp();
    const state = sealedState(parking, asking({ params: { name: 't', arguments: { a: 1, b: [{ c: 2, d: 3 }] }, _meta: { trace: 1 } } }));
    expect(parking.resume(asking({ params: { arguments: { b: [{ d: 3, c: 2 }], a: 1 }, name: 't', _meta: { trace: 2 } } }, state)).kind).toBe('fresh');
  });

  test('that anybody changed or made up opens nothing', () => {
    const { parking } = setUp();
    const state = sealedState(parking, asking({}));
    fc.assert(
      fc.property(fc.nat(state.length - 1), fc.constantFrom(...'AZaz09-_.'), (at, letter) => {
        const forged = state.slice(0, at) + letter + state.slice(at + 1);
        // The last letter of base64 may hold unused bits.
        fc.pre(forged !== state && at !== state.length - 1);
        expect(() => parking.resume(asking({}, forged))).toThrow(invalid);
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), (made) => {
        fc.pre(made !== undefined);
        expect(() => parking.resume(asking({}, made))).toThrow(invalid);
      }),
    );
  });
});

/** A call at a legacy server, which asks something; the exchange has ended with `input_required`. */
async function parked({ clock, parking }: SetUp, exchange: Admitted = asking({}), keys: readonly string[] = ['name']) {
  const replies: JsonObject[] = [];
  const cancelled: string[] = [];
  const call = new RoutedCall(exchange, {
    clock,
    taskIds: new TaskIds(plainSealer),
    deliveries: new Deliveries(),
    park: (one, asked) => parking.park(one, asked),
  });
  let held = 0;
  let server: CallEvents | undefined;
  const ending = call.run(exchange, (events) => {
    server = events;
    return { cancel: (reason) => cancelled.push(reason), hold: () => (held++, () => held--) };
  });
  for (const key of keys) {
    const request: ServerRequest = {
      method: 'elicitation/create',
      params: { message: key, elicitationId: 'gone', requestedSchema: {} },
      reply: (result) => replies.push(result),
      refuse: (error) => replies.push({ error: error.code }),
    };
    server?.ask(request);
  }
  await clock.move(10);
  const outcome = await ending;
  return { call, outcome, state: stateOf(outcome), replies, cancelled, held: () => held, server };
}

describe('a parked call', () => {
  test('is asked for everything together, waits outside of its deadline, and goes on with the answers', async () => {
    const setup = setUp();
    const { outcome, state, replies, held, call, server } = await parked(setup, asking({}), ['name', 'age']);
    expect(outcome.kind === 'result' && outcome.result.value).toMatchObject({
      resultType: 'input_required',
      inputRequests: { input_1: { method: 'elicitation/create', params: { message: 'name', requestedSchema: {} } }, input_2: { params: { message: 'age' } } },
    });
    expect([setup.parking.size, held(), JSON.stringify(outcome)]).toEqual([1, 1, expect.not.stringContaining('gone')]);
    const back = asking({}, state);
    const resumed = setup.parking.resume(
      Object.assign(back, { upstreamParams: { ...back.upstreamParams, inputResponses: { input_1: { content: 'Ann' }, input_2: { content: 3 } } } }),
    );
    expect(resumed).toEqual({ kind: 'call', call });
    expect([replies, held(), setup.parking.size]).toEqual([[{ content: 'Ann' }, { content: 3 }], 0, 0]);
    const ending = call.run(back);
    server?.end({ kind: 'result', result: RawObject.of({ content: [] }) });
    expect(await ending).toMatchObject({ kind: 'result' });
  });

  test('is taken up once: its state opens nothing the second time', async () => {
    const setup = setUp();
    const { state } = await parked(setup);
    expect(setup.parking.resume(asking({}, state)).kind).toBe('call');
    expect(() => setup.parking.resume(asking({}, state))).toThrow(invalid);
  });

  test('is out of reach for another principal, and still there for its own', async () => {
    const setup = setUp();
    const { state } = await parked(setup);
    expect(() => setup.parking.resume(asking({ principal: 'bob' }, state))).toThrow(invalid);
    expect(setup.parking.resume(asking({}, state)).kind).toBe('call');
  });

  test('is out of reach where its name leads to another server by now, and still there for its own', async () => {
    const setup = setUp();
    const { state } = await parked(setup);
    expect(() => setup.parking.resume(asking({ server: 'mail' }, state))).toThrow(invalid);
    expect(setup.parking.resume(asking({}, state)).kind).toBe('call');
  });

  test('is asked again for what was not answered', async () => {
    const setup = setUp();
    const { state, replies, call } = await parked(setup, asking({}), ['name', 'age']);
    const back = asking({}, state);
    setup.parking.resume(back);
    const ending = call.run(back);
    await setup.clock.move(0);
    expect(await ending).toMatchObject({ kind: 'result' });
    expect(replies).toEqual([{ action: 'accept' }]);
    expect(setup.parking.size).toBe(1);
  });

  test('is cancelled when nobody comes back for ten minutes', async () => {
    const setup = setUp();
    const { cancelled, state } = await parked(setup);
    await setup.clock.move(TEN_MINUTES_MS);
    expect([cancelled, setup.parking.size]).toEqual([['the client did not come back'], 0]);
    expect(() => setup.parking.resume(asking({}, state))).toThrow(invalid);
  });

  test('makes room: the oldest of the same server and principal goes', async () => {
    const setup = setUp();
    const first = await parked(setup);
    const second = await parked(setup);
    expect([setup.parking.dropOldest('mail', 'key:ann'), setup.parking.dropOldest('files', 'key:bob')]).toEqual([false, false]);
    expect(setup.parking.dropOldest('files', 'key:ann')).toBe(true);
    expect([first.cancelled.length, second.cancelled.length, setup.parking.size]).toEqual([1, 0, 1]);
  });

  test('beyond a thousand is refused, and its server told', { timeout: 60_000 }, async () => {
    const setup = setUp();
    for (let count = 0; count < 1_000; count++) await parked(setup);
    const { outcome, cancelled } = await parked(setup);
    expect(outcome).toMatchObject({ kind: 'fault', fault: { code: 'limit.overloaded', reason: 'too_many_parked_calls' } });
    expect([cancelled.length, setup.parking.size]).toEqual([1, 1_000]);
  });

  test('is cancelled when the gateway stops, and nothing is left', async () => {
    const setup = setUp();
    const { cancelled } = await parked(setup);
    setup.parking.close();
    await settle();
    expect([cancelled, setup.parking.size]).toEqual([['the gateway is stopping'], 0]);
  });
});

describe('what a server wants of a modern client', () => {
  test('and the client cannot do is told as the capability that is missing', () => {
    const { parking } = setUp();
    const result = RawObject.of({ resultType: 'input_required', inputRequests: { a: { method: 'sampling/createMessage', params: {} } }, requestState: 's' });
    expect(parking.forModern(asking({}), { kind: 'result', result })).toMatchObject({
      kind: 'fault',
      fault: { code: 'request.capability_missing', data: { requiredCapabilities: { sampling: {} } } },
    });
  });

  test('as the error -32042 of 2025-11-25 becomes a request for input', () => {
    const { parking } = setUp();
    const data = { elicitations: [{ mode: 'url', url: 'https://a.example', elicitationId: 'e', message: 'm' }] };
    const outcome = parking.forModern(asking({}), { kind: 'error', error: { code: -32042, message: 'visit', data } });
    expect(outcome.kind === 'result' && outcome.result.value).toMatchObject({
      resultType: 'input_required',
      inputRequests: { input_1: { method: 'elicitation/create', params: { mode: 'url', url: 'https://a.example', message: 'm' } } },
    });
    expect(parking.resume(asking({}, stateOf(outcome)))).toMatchObject({
      kind: 'fresh',
      params: expect.not.objectContaining({ requestState: expect.anything() as unknown }) as unknown,
    });
  });

  test.each([
    ['a complete result', { kind: 'result', result: RawObject.of({ resultType: 'complete' }) }],
    ['another error', { kind: 'error', error: { code: -32000, message: 'm' } }],
    ['-32042 without addresses', { kind: 'error', error: { code: -32042, message: 'm', data: { elicitations: 3 } } }],
    ['input that needs no state', { kind: 'result', result: RawObject.of({ resultType: 'input_required', inputRequests: {} }) }],
  ] satisfies [string, Outcome][])('%s passes as it is', (_what, outcome) => {
    expect(setUp().parking.forModern(asking({}), outcome)).toBe(outcome);
  });
});

test('a state of a client with sessions is no state of ours', () => {
  const { parking } = setUp();
  const exchange = Object.assign(asking({}, 'its own'), { client: { ...CAPABLE, revision: '2025-11-25' as const } });
  expect(parking.resume(exchange)).toMatchObject({ kind: 'fresh', params: { requestState: 'its own' } });
});
