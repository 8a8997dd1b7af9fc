import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MovableClock, settle } from '../../test/support/movable-clock.ts';
import { KeptReply, plainSealer, principalOf, resolved } from '../../test/support/plain-exchange.ts';
import { RawObject } from '../protocol/envelope.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { Outcome, ServerRequest } from '../upstream/upstream.ts';
import { Deliveries } from './deliveries.ts';
import type { Admitted, Resolved } from './exchange.ts';
import { RoutedCall } from './routed-call.ts';
import { Sessions, sessionLimits } from './sessions.ts';
import { TaskIds } from './task-ids.ts';

const DONE: Outcome = { kind: 'result', result: RawObject.of({ content: [] }) };

function setUp(changes: Partial<Resolved> = {}) {
  const clock = new MovableClock();
  const reply = new KeptReply();
  const exchange = resolved({ reply, progressToken: 'mine', ...changes }) as Admitted;
  const parked: ReadonlyMap<string, ServerRequest>[] = [];
  const cancelled: string[] = [];
  const deliveries = new Deliveries();
  const call = new RoutedCall(exchange, { clock, taskIds: new TaskIds(plainSealer), deliveries, park: (_call, asked) => parked.push(asked) });
  const outcomes: Outcome[] = [];
  let held = 0;
  const run = (isNew = true): void => {
    const running = isNew ? call.run(exchange, () => ({ cancel: (reason) => cancelled.push(reason), hold: () => (held++, () => held--) })) : call.run(exchange);
    void running.then((outcome) => outcomes.push(outcome));
  };
  return { clock, reply, exchange, call, run, outcomes, parked, cancelled, deliveries, held: () => held };
}

function withSession(capabilities: JsonObject = {}) {
  const clock = new MovableClock();
  const sessions = new Sessions({ clock, limits: sessionLimits(10, 3_600_000), randomId: () => 'id', ended: () => undefined });
  const { session } = sessions.open({ endpoint: 'dev', principal: principalOf('ann'), revision: '2025-11-25', capabilities, info: undefined });
  return { session, client: { revision: '2025-11-25' as const, capabilities, info: undefined, logLevel: undefined, session } };
}

function question(method: string, params: JsonObject = {}) {
  const told: unknown[] = [];
  const request: ServerRequest = { method, params, reply: (result) => told.push(result), refuse: (error) => told.push(error.code) };
  return { request, told };
}

test('a call ends once: whatever is said of it later changes nothing', async () => {
  const { call, run, outcomes } = setUp();
  run();
  call.end(DONE);
  call.end({ kind: 'error', error: { code: 1, message: 'late' } });
  await settle();
  expect(outcomes).toEqual([DONE]);
  expect(call.isOver).toBe(true);
});

test('[SS-07] progress carries the token of the client and only ever grows', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: -5, max: 20 }), fc.constant(Number.NaN), fc.constant('x')), { maxLength: 30 }), (steps) => {
      const { call, run, reply } = setUp();
      run();
      for (const progress of steps) call.notify('notifications/progress', { progressToken: 'of the server', progress });
      const sent = reply.sent.map(({ params }) => params as JsonObject);
      expect(sent.every(({ progressToken }) => progressToken === 'mine')).toBe(true);
      const values = sent.map(({ progress }) => Number(progress));
      expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b));
    }),
  );
});

test('progress that nobody asked for is left out', () => {
  const { call, run, reply } = setUp({ progressToken: undefined });
  run();
  call.notify('notifications/progress', { progress: 1 });
  expect(reply.sent).toEqual([]);
});

test.each([
  [undefined, 'error', 0],
  ['warning', 'info', 0],
  ['warning', 'warning', 1],
  ['debug', 'debug', 1],
])('a client that wants %s hears %s messages: %i', (logLevel, level, count) => {
  const { call, run, reply } = setUp({ client: { revision: '2026-07-28', capabilities: {}, info: undefined, logLevel, session: undefined } });
  run();
  call.notify('notifications/message', { level, data: 'x' });
  expect(reply.sent).toHaveLength(count);
});

test('what comes while the call is parked is told when it goes on, up to a hundred', async () => {
  const { call, run, reply, outcomes } = setUp();
  run();
  call.detach(DONE);
  for (let count = 0; count < 150; count++) call.notify('notifications/other', { count });
  expect(reply.sent).toEqual([]);
  call.end({ kind: 'error', error: { code: 7, message: 'm' } });
  run(false);
  await settle();
  expect(reply.sent).toHaveLength(100);
  expect(outcomes).toMatchObject([DONE, { kind: 'error', error: { code: 7 } }]);
});

test('a cancelled call is cancelled at the server with the first reason, and takes no further round', () => {
  const { call, run, cancelled } = setUp();
  run();
  call.cancel('one');
  call.cancel('two');
  expect(cancelled).toEqual(['one', 'two']);
  expect(() => call.throwIfCancelled()).toThrow(expect.objectContaining({ code: 'request.cancelled', detail: 'one', effect: 'unknown' }));
  expect(() => call.run(setUp().exchange)).toThrow(expect.objectContaining({ code: 'request.cancelled' }));
});

describe('what a server asks of a modern client', () => {
  const client = { revision: '2026-07-28', capabilities: { elicitation: {}, roots: {} }, info: undefined, logLevel: undefined, session: undefined } as const;

  test('within ten milliseconds is put to it together; what was withdrawn is not', async () => {
    const { call, run, parked, clock } = setUp({ client });
    run();
    const [one, two, three] = [question('roots/list'), question('elicitation/create'), question('roots/list')];
    call.ask(one.request);
    await clock.move(9);
    call.ask(two.request);
    call.ask(three.request);
    one.request.onWithdrawn?.('no more');
    await clock.move(1);
    expect(parked.map((asked) => [...asked.keys()])).toEqual([['input_2', 'input_3']]);
  });

  test.each(['completion/complete', 'tasks/get'])('because of %s, which may not be answered with a question, is refused', async (method) => {
    const { call, run, parked, clock } = setUp({ client, method });
    run();
    const { request, told } = question('elicitation/create');
    call.ask(request);
    await clock.move(10);
    expect([told, parked]).toEqual([[-32601], []]);
  });

  test('and it did not declare is refused; only where the call then fails is that the answer', async () => {
    for (const outcome of [
      DONE,
      { kind: 'result', result: RawObject.of({ content: [], isError: true }) },
      { kind: 'error', error: { code: 1, message: 'm' } },
    ] satisfies Outcome[]) {
      const { call, run, outcomes } = setUp({ client });
      run();
      const { request, told } = question('sampling/createMessage');
      call.ask(request);
      expect(told).toEqual([-32601]);
      call.end(outcome);
      await settle();
      if (outcome === DONE) expect(outcomes).toEqual([DONE]);
      else expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'request.capability_missing', data: { requiredCapabilities: { sampling: {} } } } }]);
    }
  });
});

describe('[TR-24] what a server asks of a client with a session', () => {
  test('goes over the stream of the very request that caused it, and holds its deadline', async () => {
    const { client, session } = withSession({ roots: {} });
    const { call, run, reply, held } = setUp({ client });
    run();
    const { request, told } = question('roots/list');
    call.ask(request);
    expect([reply.sent, held()]).toMatchObject([[{ id: 'metamcp-1', method: 'roots/list' }], 1]);
    session.answered('metamcp-1', { kind: 'result', result: { roots: [] } });
    await settle();
    expect([told, held()]).toEqual([[{ roots: [] }], 0]);
  });

  test('is refused with what the client itself said', async () => {
    const { client, session } = withSession({ roots: {} });
    const { call, run } = setUp({ client });
    run();
    const { request, told } = question('roots/list');
    call.ask(request);
    session.answered('metamcp-1', { kind: 'error', error: { code: -1, message: 'user rejected' } });
    await settle();
    expect(told).toEqual([-1]);
  });

  test('and it did not declare never reaches it', () => {
    const { client } = withSession();
    const { call, run, reply } = setUp({ client });
    run();
    const { request, told } = question('sampling/createMessage');
    call.ask(request);
    expect([told, reply.sent]).toEqual([[-32601], []]);
  });

  test('is withdrawn when the call ends', async () => {
    const { client, session } = withSession({ roots: {} });
    const { call, run, reply } = setUp({ client });
    run();
    const { request, told } = question('roots/list');
    call.ask(request);
    call.end(DONE);
    await settle();
    expect(reply.sent[1]).toMatchObject({ method: 'notifications/cancelled', params: { requestId: 'metamcp-1' } });
    expect(session.answered('metamcp-1', { kind: 'result', result: {} })).toBe(false);
    expect(told).toEqual([-32603]);
  });

  test('by an address is remembered, so that its end can be told to this session alone', () => {
    const { client, session } = withSession({ elicitation: { url: {} } });
    const { call, run, deliveries } = setUp({ client });
    run();
    call.ask(question('elicitation/create', { mode: 'url', url: 'https://a.example', elicitationId: 'e1' }).request);
    expect(deliveries.find('elicitation', 'files', 'e1')).toBe(session);
    expect(deliveries.find('elicitation', 'mail', 'e1')).toBeUndefined();
    session.end();
    expect(deliveries.find('elicitation', 'files', 'e1')).toBeUndefined();
  });
});
