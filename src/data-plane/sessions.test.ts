import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MovableClock, settle } from '../../test/support/movable-clock.ts';
import { principalOf } from '../../test/support/plain-exchange.ts';
import type { JsonObject, Revision } from '../protocol/messages.ts';
import type { SessionOpening } from './session-opening.ts';
import type { ClientAnswer, Session } from './session.ts';
import { type SessionLimits, Sessions, sessionLimits } from './sessions.ts';

const LIMITS: SessionLimits = { idleMs: 60_000, totalMs: 600_000, perCredentialMax: 3, max: 5 };

function opening(changes: Partial<SessionOpening> = {}): SessionOpening {
  return { endpoint: 'dev', principal: principalOf('ann'), revision: '2025-11-25', capabilities: {}, info: undefined, ...changes };
}

function setUp(limits: SessionLimits = LIMITS) {
  const clock = new MovableClock();
  const ended: string[] = [];
  let count = 0;
  const sessions = new Sessions({ clock, limits, randomId: () => `id-${++count}`, ended: (session) => ended.push(session.label) });
  return { clock, sessions, ended };
}

const unknown = expect.objectContaining({ code: 'request.session_unknown', http: 404 });

describe('[SS-02] a session', () => {
  const who = fc.record({ endpoint: fc.constantFrom('dev', 'prod'), principal: fc.constantFrom('ann', 'bob'), credential: fc.constantFrom('k1', 'k2') });

  test('answers to the endpoint, principal and credential that opened it, and is as unknown to any other as one that never was', () => {
    fc.assert(
      fc.property(who, who, fc.boolean(), (owner, visitor, isSameConnection) => {
        const { sessions } = setUp();
        const { id, session } = sessions.open(opening({ endpoint: owner.endpoint, principal: principalOf(owner.principal, owner.credential) }));
        const carrier = {};
        sessions.get(id, owner.endpoint, principalOf(owner.principal, owner.credential), carrier);
        const visit = (shown: string): Session =>
          sessions.get(shown, visitor.endpoint, principalOf(visitor.principal, visitor.credential), isSameConnection ? carrier : {});
        if (JSON.stringify(owner) === JSON.stringify(visitor)) expect(visit(id)).toBe(session);
        else expect(() => visit(id)).toThrow(unknown);
        expect(() => visit(`${id}0`)).toThrow(unknown);
      }),
    );
  });

  test('that ended is unknown, also on the connection that used it', () => {
    const { sessions } = setUp();
    const { id, session } = sessions.open(opening());
    const carrier = {};
    expect(sessions.get(id, 'dev', principalOf('ann'), carrier)).toBe(session);
    session.end();
    expect(() => sessions.get(id, 'dev', principalOf('ann'), carrier)).toThrow(unknown);
  });

  test('that another gateway had in between is found again on the connection that used it', () => {
    const { sessions } = setUp();
    const { id, session } = sessions.open(opening());
    const carrier = {};
    expect(sessions.get(id, 'dev', principalOf('ann'), carrier)).toBe(session);
    sessions.drop(hash('sha256', id, 'base64url'));
    expect(sessions.has(id, carrier)).toBe(false);
    const restored = sessions.restore(id, { opening: session.opening, logLevel: 'info' });
    expect([sessions.has(id, carrier), sessions.get(id, 'dev', principalOf('ann'), carrier) === restored]).toEqual([true, true]);
  });

  test('is itself among any number that take turns on a connection', () => {
    const { sessions } = setUp({ ...LIMITS, perCredentialMax: 1_000, max: 1_000 });
    const opened = Array.from({ length: 600 }, () => sessions.open(opening()));
    const carrier = {};
    for (let turn = 0; turn < 2; turn++) expect(opened.every(({ id, session }) => sessions.get(id, 'dev', principalOf('ann'), carrier) === session)).toBe(true);
  });
});

test('[SS-01] the id of a session is told once and kept nowhere', () => {
  const { sessions } = setUp();
  const { id, session } = sessions.open(opening());
  expect(session.label).not.toContain(id);
  expect(JSON.stringify(Object.values(session))).not.toContain(id);
  expect(sessions.labelled(id)).toBeUndefined();
  expect(sessions.labelled(session.label)).toBe(session);
});

describe('[SS-03] sessions are bounded:', () => {
  test('one credential may not take them all, and an ended one makes room', () => {
    const { sessions } = setUp();
    const own = Array.from({ length: 3 }, () => sessions.open(opening()).session);
    expect(() => sessions.open(opening())).toThrow(expect.objectContaining({ code: 'limit.overloaded', reason: 'too_many_sessions', retryAfterSeconds: 30 }));
    for (let count = 0; count < 2; count++) sessions.open(opening({ principal: principalOf('bob') }));
    expect(() => sessions.open(opening({ principal: principalOf('cy') }))).toThrow(expect.objectContaining({ code: 'limit.overloaded' }));
    own[0]?.end();
    expect(sessions.open(opening()).session.isEnded).toBe(false);
  });

  test('half of all are for one credential, and always one', () => {
    expect([sessionLimits(10, 1).perCredentialMax, sessionLimits(3, 1).perCredentialMax, sessionLimits(1, 1).perCredentialMax]).toEqual([5, 2, 1]);
  });

  test('whoever opens and ends, in whatever order, the counts come back to nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean()), { maxLength: 40 }), (steps) => {
        const { sessions, ended } = setUp();
        const open: Session[] = [];
        let opened = 0;
        for (const [name, isEnd] of steps) {
          if (isEnd) open.shift()?.end();
          else {
            try {
              open.push(sessions.open(opening({ principal: principalOf(name) })).session);
              opened++;
            } catch (thrown) {
              expect(thrown).toMatchObject({ code: 'limit.overloaded' });
            }
          }
          expect(sessions.size).toBe(open.length);
        }
        sessions.close();
        expect([sessions.size, ended.length]).toEqual([0, opened]);
        for (let count = 0; count < 3; count++) sessions.open(opening({ principal: principalOf('a') }));
      }),
    );
  });

  test('an idle one ends, one in use does not, an old one ends whatever it does', async () => {
    const { clock, sessions, ended } = setUp();
    const idle = sessions.open(opening()).session;
    const busy = sessions.open(opening()).session;
    busy.inFlight.add(1, { cancel: () => undefined, send: () => false });
    const used = sessions.open(opening({ principal: principalOf('bob') }));
    await clock.move(50_000);
    sessions.get(used.id, 'dev', principalOf('bob'));
    await clock.move(30_000);
    expect([idle.isEnded, busy.isEnded, used.session.isEnded]).toEqual([true, false, false]);
    await clock.move(600_000);
    expect(sessions.size).toBe(0);
    expect(ended).toHaveLength(3);
  });
});

function sessionOf(revision: Revision = '2025-11-25') {
  const { clock, sessions } = setUp({ ...LIMITS, idleMs: 86_400_000, totalMs: 86_400_000 });
  const { session } = sessions.open(opening({ revision }));
  const sent: JsonObject[] = [];
  const send = (message: string): boolean => sent.push(JSON.parse(message) as JsonObject) > 0;
  return { clock, session, sent, send };
}

describe('a question to the client', () => {
  test('[SS-11] is answered once; another answer, or one to no question, changes nothing', async () => {
    const { session, sent, send } = sessionOf();
    const { answer } = session.ask({ method: 'roots/list', params: {} }, send);
    expect(sent).toEqual([{ jsonrpc: '2.0', id: 'metamcp-1', method: 'roots/list', params: {} }]);
    const other: ClientAnswer = { kind: 'result', result: { roots: [] } };
    expect([session.answered('metamcp-2', other), session.answered(1, other), session.answered('metamcp-1', other)]).toEqual([false, false, true]);
    expect(session.answered('metamcp-1', { kind: 'result', result: { forged: true } })).toBe(false);
    expect(await answer).toEqual(other);
  });

  test('[SS-11] of one session is not answered by another', async () => {
    const { clock, sessions } = setUp();
    const [ann, bob] = [sessions.open(opening()).session, sessions.open(opening({ principal: principalOf('bob') })).session];
    const { answer } = ann.ask({ method: 'roots/list', params: {} }, () => true);
    let settled = false;
    void answer.then(() => (settled = true));
    expect(bob.answered('metamcp-1', { kind: 'result', result: {} })).toBe(false);
    await clock.move(0);
    await settle();
    expect(settled).toBe(false);
  });

  test('is withdrawn after ten minutes, and the client is told', async () => {
    const { clock, session, sent, send } = sessionOf();
    const { answer } = session.ask({ method: 'roots/list', params: {} }, send);
    await clock.move(600_000);
    expect(await answer).toMatchObject({ kind: 'error' });
    expect(sent[1]).toMatchObject({ method: 'notifications/cancelled', params: { requestId: 'metamcp-1' } });
    expect(session.answered('metamcp-1', { kind: 'result', result: {} })).toBe(false);
  });

  test('that nothing carries is refused', () => {
    const { session } = sessionOf();
    expect(() => session.ask({ method: 'roots/list', params: {} }, () => false)).toThrow(expect.objectContaining({ code: 'request.capability_missing' }));
  });

  test('[SS-07] has a progress token of ours, and tells its progress to who asked', () => {
    const { session, sent, send } = sessionOf();
    const told: JsonObject[] = [];
    session.ask({ method: 'm', params: { _meta: { progressToken: 7, kept: 1 } }, progress: (params) => told.push(params) }, send);
    expect(sent[0]?.['params']).toEqual({ _meta: { progressToken: 'metamcp-1', kept: 1 } });
    session.progressed({ progressToken: 'metamcp-1', progress: 1 });
    session.progressed({ progressToken: 7, progress: 2 });
    session.progressed({ progressToken: 'metamcp-9', progress: 3 });
    expect(told).toEqual([{ progress: 1 }]);
  });
});

test('the end of a session cancels its calls, answers its questions and ends its streams, once', async () => {
  const { session, send } = sessionOf();
  const cancelled: string[] = [];
  session.inFlight.add('a', { cancel: (reason) => cancelled.push(reason), send: () => false });
  const { answer } = session.ask({ method: 'm', params: {} }, send);
  const stream = session.openStream();
  let ends = 0;
  session.onEnd = () => ends++;
  session.end();
  session.end();
  expect([cancelled, ends, stream.isEnded]).toEqual([['the session ended'], 1, true]);
  expect(await answer).toMatchObject({ kind: 'error', error: { message: 'The session ended' } });
});

describe('[TR-22] an event id', () => {
  test('leads to its own stream and place, any other to none', () => {
    const { session } = sessionOf();
    const [one, two] = [session.openStream(), session.openStream()];
    expect(session.findStream('s1_0')).toEqual({ stream: one, sinceSequence: 0 });
    expect(session.findStream('s2_17')).toEqual({ stream: two, sinceSequence: 17 });
    for (const id of ['', 's3_1', 's1', '_1', 's1_x', 's1_1.5', 's1_99999999999999999999']) expect(session.findStream(id), id).toBeUndefined();
  });

  test('is forgotten five minutes after the end of its stream', async () => {
    const { clock, session } = sessionOf();
    const stream = session.openStream();
    stream.end();
    await clock.move(299_999);
    expect(session.findStream('s1_0')?.stream).toBe(stream);
    await clock.move(1);
    expect(session.findStream('s1_0')).toBeUndefined();
  });
});

test('a request is found by its id and type, and only while it is under way', () => {
  const { session } = sessionOf();
  const [one, two] = [
    { cancel: () => undefined, send: () => true },
    { cancel: () => undefined, send: () => true },
  ];
  session.inFlight.add(1, one);
  session.inFlight.add('1', two);
  expect([session.inFlight.find(1), session.inFlight.find('1'), session.inFlight.find(2)]).toEqual([one, two, undefined]);
  session.inFlight.remove(one);
  session.inFlight.remove(one);
  expect([session.inFlight.find(1), session.inFlight.find('1'), session.inFlight.size]).toEqual([undefined, two, 1]);
});
