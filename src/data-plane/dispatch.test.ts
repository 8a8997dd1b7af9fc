import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FakeLink, legacyScript, modernScript, type Script } from '../../test/support/fake-link.ts';
import { MovableClock, settle } from '../../test/support/movable-clock.ts';
import { KeptReply, plainHttp, plainSealer, principalOf, resolved } from '../../test/support/plain-exchange.ts';
import { startPlainUpstreams } from '../../test/support/plain-upstreams.ts';
import { sleep } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { Outcome } from '../upstream/upstream.ts';
import { Deliveries } from './deliveries.ts';
import { dispatch } from './dispatch.ts';
import type { Admitted, Resolved } from './exchange.ts';
import { Parking } from './parking.ts';
import type { Session } from './session.ts';
import { Sessions, sessionLimits } from './sessions.ts';
import { TaskIds } from './task-ids.ts';

async function setUp(script: Script, lineMs = 0) {
  const clock = new MovableClock();
  const { upstreams, links } = await startPlainUpstreams({ files: script }, clock);
  const parking = new Parking({ clock, sealer: plainSealer, newId: () => 'p1' });
  const bulkheads = { enter: () => (lineMs === 0 ? undefined : sleep(clock, lineMs).then(() => undefined)), leave: () => undefined };
  const deps = { clock, upstreams, bulkheads, parking, taskIds: new TaskIds(plainSealer), deliveries: new Deliveries(), park: parking.park.bind(parking) };
  const sessions = new Sessions({ clock, limits: sessionLimits(10, 3_600_000), randomId: () => 'id', ended: () => undefined });
  const start = (changes: Partial<Resolved> = {}) => {
    const reply = new KeptReply();
    const outcomes: Outcome[] = [];
    const exchange = resolved({ reply, ...changes }) as Admitted;
    void dispatch(exchange, deps).then((outcome) => outcomes.push(outcome));
    return { reply, outcomes, exchange };
  };
  const openSession = (capabilities: JsonObject = {}): { readonly session: Session; readonly client: Resolved['client'] } => {
    const { session } = sessions.open({ endpoint: 'dev', principal: principalOf('ann'), revision: '2025-11-25', capabilities, info: undefined });
    return { session, client: { revision: '2025-11-25', capabilities, info: undefined, logLevel: undefined, session } };
  };
  return { clock, links, start, openSession, parking };
}

/** Waits out what waits for promises only: opening a connection takes some turns. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await settle();
}

const echo: Script = (sent, link) =>
  link.answer(sent.id, { resultType: 'complete', content: [{ type: 'text', text: JSON.stringify(sent.params['arguments'] ?? {}) }] });

describe('a call', () => {
  test.each([
    ['legacy', legacyScript(echo)],
    ['modern', modernScript(echo)],
  ])('of a modern client at a %s server comes back with its result', async (_family, script) => {
    const { start } = await setUp(script);
    const { outcomes, reply } = start({ upstreamParams: { name: 'read', arguments: { a: 1 } } });
    await turns();
    expect(outcomes).toMatchObject([{ kind: 'result', result: { value: { content: [{ text: '{"a":1}' }] } } }]);
    expect(reply.sent).toEqual([]);
  });

  test('[RL-12] has its time limit as a whole: what it waits for its turn is a part of it', async () => {
    const { start, clock } = await setUp(modernScript(() => undefined), 9_000);
    const { outcomes } = start({ upstreamParams: { name: 'read', arguments: {} } });
    await clock.move(59_900);
    expect(outcomes).toEqual([]);
    await clock.move(200);
    expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'upstream.timeout' } }]);
  });

  test('[SS-06] has an id of ours: two clients that both say 1 do not meet', async () => {
    const { start, links } = await setUp(modernScript(echo));
    const calls = [1, 1, '1'].map((id, index) => start({ id, principal: principalOf(`p${index}`), upstreamParams: { name: 'read', arguments: { index } } }));
    await turns();
    expect(calls.map(({ outcomes }) => JSON.stringify(outcomes[0]?.kind === 'result' && outcomes[0].result.value['content']))).toEqual(
      [0, 1, 2].map((index) => JSON.stringify([{ type: 'text', text: `{"index":${index}}` }])),
    );
    const ids = links('files').flatMap(({ sent }) => sent.filter(({ method }) => method === 'tools/call').map(({ id }) => id));
    expect(new Set(ids).size).toBe(3);
  });

  test('[AZ-07] takes along no credential of its client', async () => {
    const { start, links } = await setUp(modernScript(echo));
    const http = plainHttp({ authorization: 'Bearer canary', cookie: 'canary', 'x-api-key': 'canary', 'proxy-authorization': 'canary' });
    const { outcomes } = start({ http, paramHeaders: { 'mcp-param-region': 'eu' } });
    await turns();
    const [sent] = links('files').flatMap((link) => link.sent.filter(({ method }) => method === 'tools/call'));
    expect(outcomes).toHaveLength(1);
    expect(sent?.headers).toMatchObject({ 'mcp-param-region': 'eu' });
    expect(JSON.stringify(sent)).not.toContain('canary');
  });

  test('to a server that is not there is a fault of it, unsent', async () => {
    const { start } = await setUp(modernScript(echo));
    const { outcomes } = start({ target: { server: 'gone', as: 'gone', own: 'x', entry: undefined } });
    await turns();
    expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'upstream.unavailable', effect: 'not_executed' } }]);
  });

  test('ends at its time limit', async () => {
    const { start, clock } = await setUp(modernScript());
    const { outcomes } = start();
    await turns();
    await clock.move(60_000);
    await turns();
    expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'upstream.timeout', effect: 'unknown' } }]);
  });

  test('[TR-23] of a modern client that closes its answer is cancelled at the server; its lost connection cancels nothing of a session', async () => {
    const { start, links, openSession } = await setUp(modernScript());
    const modern = start();
    const legacy = start({ client: openSession().client });
    await turns();
    modern.reply.leave();
    legacy.reply.leave();
    await turns();
    expect(modern.outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'request.cancelled' } }]);
    expect(legacy.outcomes).toEqual([]);
    expect(links('files').flatMap(({ aborted }) => aborted)).toHaveLength(1);
  });

  test('of a client that left before is not sent at all', async () => {
    const { start, links } = await setUp(modernScript(echo));
    const reply = new KeptReply();
    reply.isGone = true;
    const { outcomes } = start({ reply });
    await turns();
    expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'request.cancelled', effect: 'not_executed' } }]);
    expect(links('files').flatMap(({ sent }) => sent.filter(({ method }) => method === 'tools/call'))).toEqual([]);
  });

  test('of a session is cancelled by its id, and forgotten when it ends', async () => {
    const { start, openSession } = await setUp(modernScript());
    const { client, session } = openSession();
    const { outcomes } = start({ id: 'x', client });
    await turns();
    session.inFlight.find('x')?.cancel('enough');
    await turns();
    expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'request.cancelled', detail: expect.stringContaining('enough') as unknown } }]);
    expect(session.inFlight.size).toBe(0);
  });

  test('whatever a server does, in whatever order, ends exactly once', async () => {
    const deeds = {
      answer: (link: FakeLink, id: number) => link.answer(id, { resultType: 'complete', content: [] }),
      refuse: (link: FakeLink, id: number) => link.refuse(id, -32000),
      fail: (link: FakeLink, id: number) => link.fail(id, new Fault('upstream.closed')),
      progress: (link: FakeLink) => link.say({ method: 'notifications/progress', params: { progressToken: 1, progress: 1 } }),
      foreign: (link: FakeLink) => link.answer(99_999, { content: [] }),
      crash: (link: FakeLink) => link.crash('gone'),
    };
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...(Object.keys(deeds) as (keyof typeof deeds)[])), { maxLength: 5 }), fc.boolean(), async (names, leaves) => {
        const { start, links, clock } = await setUp(modernScript());
        const { outcomes, reply } = start({ progressToken: 'p' });
        await turns();
        const [link] = links('files').filter(({ sent }) => sent.some(({ method }) => method === 'tools/call'));
        const id = Number(link?.sent.find(({ method }) => method === 'tools/call')?.id);
        for (const name of names) {
          if (link !== undefined) deeds[name](link, id);
          await settle();
        }
        if (leaves) reply.leave();
        await clock.move(61_000);
        await turns();
        expect(outcomes).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

/** Wants input for so many rounds, then tells what it got. */
function wanting(rounds: number, request: JsonObject): Script {
  return modernScript((sent, link) => {
    const round = Number(sent.params['requestState'] ?? 0);
    if (round < rounds) link.answer(sent.id, { resultType: 'input_required', inputRequests: { who: request }, requestState: String(round + 1) });
    else link.answer(sent.id, { resultType: 'complete', content: [], structuredContent: sent.params['inputResponses'] ?? {} });
  });
}

describe('a modern server that wants something of a client with a session', () => {
  const form = { method: 'elicitation/create', params: { message: 'who?', requestedSchema: {} } };

  test('asks it over its own request, and is called again with the answer', async () => {
    const { start, openSession } = await setUp(wanting(1, form));
    const { client, session } = openSession({ elicitation: {} });
    const { outcomes, reply } = start({ client });
    await turns();
    expect(reply.sent).toMatchObject([{ id: 'metamcp-1', method: 'elicitation/create', params: { message: 'who?' } }]);
    session.answered('metamcp-1', { kind: 'result', result: { action: 'accept', content: { name: 'Ann' } } });
    await turns();
    expect(outcomes).toMatchObject([{ kind: 'result', result: { value: { structuredContent: { who: { action: 'accept', content: { name: 'Ann' } } } } } }]);
  });

  test('is told that the form was declined, where the client cannot be asked', async () => {
    const { start, openSession } = await setUp(wanting(1, form));
    const { outcomes } = start({ client: openSession().client });
    await turns();
    expect(outcomes).toMatchObject([{ kind: 'result', result: { value: { structuredContent: { who: { action: 'decline' } } } } }]);
  });

  test('of anything else that the client cannot do fails with the capability that is missing', async () => {
    const { start, openSession } = await setUp(wanting(1, { method: 'sampling/createMessage', params: {} }));
    const { outcomes } = start({ client: openSession().client });
    await turns();
    expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'request.capability_missing', data: { requiredCapabilities: { sampling: {} } } } }]);
  });

  test.each([
    ['without end', wanting(1_000, form), 'too_many_rounds'],
    ['by a request that is none', wanting(1, { nothing: true }), 'bad_input_request'],
  ])('%s breaks the protocol', async (_how, script, reason) => {
    const { start, openSession } = await setUp(script);
    const { outcomes } = start({ client: openSession().client });
    for (let count = 0; count < 5; count++) await turns();
    expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'upstream.protocol_error', reason } }]);
  });
});

test('[SS-09] the state of a modern server reaches a modern client sealed, and no other server', async () => {
  const { start, parking } = await setUp(wanting(1, { method: 'elicitation/create', params: {} }));
  const client = { revision: '2026-07-28', capabilities: { elicitation: {} }, info: undefined, logLevel: undefined, session: undefined } as const;
  const { outcomes, exchange } = start({ client });
  await turns();
  const [outcome] = outcomes;
  const state = outcome?.kind === 'result' ? String(outcome.result.value['requestState']) : '';
  expect(state).toMatch(/^v1\./);
  const back = (server: string): Resolved => ({
    ...exchange,
    upstreamParams: { ...exchange.upstreamParams, requestState: state },
    target: { ...exchange.target, server },
  });
  expect(parking.resume(back('files'))).toMatchObject({ params: { requestState: '1' } });
  expect(() => parking.resume(back('mail'))).toThrow(expect.objectContaining({ reason: 'request_state_invalid' }));
});

test('a server without completion has nothing to suggest', async () => {
  const { start } = await setUp(modernScript());
  const { outcomes } = start({ method: 'completion/complete', params: {}, upstreamParams: { ref: { type: 'ref/prompt', name: 'ask' } } });
  await turns();
  expect(outcomes).toMatchObject([{ kind: 'result', result: { value: { completion: { values: [] } } } }]);
});

describe('a call that waits for its client far longer than its time limit of a minute', () => {
  const ANSWER = { action: 'accept', content: { name: 'Ann' } };
  const FORM = { message: 'who?', requestedSchema: {} };
  const HOURGLASS_MS = 9 * 60_000;

  /** Asks in the middle of the call, and answers it with what it was told; `Silent` asks and never answers. */
  function askingScript(isSilent = false): Script {
    const calls: number[] = [];
    return legacyScript((sent, link) => {
      if (sent.method === 'tools/call') {
        calls.push(Number(sent.id));
        link.say({ id: `q${sent.id}`, method: 'elicitation/create', params: FORM }, Number(sent.id));
      } else if (sent.method === '' && !isSilent) link.answer(calls.shift(), { content: [], structuredContent: sent.message['result'] as JsonObject });
    });
  }
  const families = [
    ['legacy', askingScript()],
    ['modern', wanting(1, { method: 'elicitation/create', params: FORM })],
  ] as const;
  const done = [{ kind: 'result', result: expect.objectContaining({ value: expect.objectContaining({ structuredContent: expect.anything() as unknown }) as unknown }) as unknown }];

  test.each(families)('goes on with the answer of a session at a %s server', async (_family, script) => {
    const { start, openSession, clock } = await setUp(script);
    const { client, session } = openSession({ elicitation: {} });
    const { outcomes, reply } = start({ client });
    await turns();
    await clock.move(HOURGLASS_MS);
    await turns();
    expect(outcomes).toEqual([]);
    session.answered(String(reply.sent[0]?.['id']), { kind: 'result', result: ANSWER });
    await turns();
    expect(outcomes).toEqual(done);
    expect(JSON.stringify(outcomes[0]?.kind === 'result' && outcomes[0].result.value)).toContain('Ann');
  });

  test.each(families)('goes on with the answer that a modern client brings back to a %s server', async (_family, script) => {
    const { start, clock } = await setUp(script);
    const client = { revision: '2026-07-28', capabilities: { elicitation: {} }, info: undefined, logLevel: undefined, session: undefined } as const;
    const first = start({ client });
    await turns();
    await clock.move(10);
    await turns();
    const asked = first.outcomes[0]?.kind === 'result' ? first.outcomes[0].result.value : {};
    const [key] = Object.keys(asked['inputRequests'] as JsonObject);
    await clock.move(HOURGLASS_MS);
    await turns();
    const again = start({ client, upstreamParams: { ...first.exchange.upstreamParams, requestState: asked['requestState'], inputResponses: { [key ?? '']: ANSWER } } });
    await turns();
    expect(again.outcomes).toEqual(done);
    expect(JSON.stringify(again.outcomes[0]?.kind === 'result' && again.outcomes[0].result.value)).toContain('Ann');
  });

  test('has what was left of its time after the answer, and no more', async () => {
    const { start, openSession, clock } = await setUp(askingScript(true));
    const { client, session } = openSession({ elicitation: {} });
    const { outcomes, reply } = start({ client });
    await turns();
    await clock.move(HOURGLASS_MS);
    session.answered(String(reply.sent[0]?.['id']), { kind: 'result', result: ANSWER });
    await turns();
    await clock.move(59_000);
    await turns();
    expect(outcomes).toEqual([]);
    await clock.move(1_000);
    await turns();
    expect(outcomes).toMatchObject([{ kind: 'fault', fault: { code: 'upstream.timeout', effect: 'unknown' } }]);
  });
});
