/** From a call as the data plane tells of it, through the record, to what policies are tried on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolved } from '../../test/support/plain-exchange.ts';
import { startAdmin, type TestAdmin } from '../../test/support/start-admin.ts';
import { Fault } from '../base/fault.ts';
import type { RecordedCall } from '../control-plane/live-governance.ts';
import type { Admitted } from '../data-plane/exchange.ts';
import { RawObject } from '../protocol/envelope.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { createRecordedCalls } from './recorded-calls.ts';

let admin: TestAdmin;
let count = 0;

beforeAll(async () => {
  admin = await startAdmin();
});
afterAll(() => admin.close());

const DENIED = { effect: 'deny', rule: 'p#0', isAllowed: false, reason: undefined, factsUsed: [], isStatic: false, shadow: undefined } as const;

function decidedExchange(given: JsonObject | undefined, atMs: number) {
  const rawParams = RawObject.of({ name: 'files__move', ...(given === undefined ? {} : { arguments: given }) });
  return resolved({ correlationId: `decided_${++count}`, rawParams, params: rawParams.value, atMs, target: { server: 'files', as: 'files', own: 'move', entry: undefined }, upstreamParams: rawParams.value, decision: DENIED });
}

/** A call that policy refused. */
function refused(given: JsonObject | undefined, atMs = 1_700_000_000_000): void {
  const exchange = decidedExchange(given, atMs);
  admin.recorder.begin(exchange);
  admin.recorder.end(exchange, { kind: 'fault', fault: new Fault('policy.denied') });
}

async function recorded(): Promise<RecordedCall[]> {
  const { store, settle } = admin.services.recordings;
  const calls: RecordedCall[] = [];
  for await (const call of createRecordedCalls(store, settle).between(0, Number.MAX_SAFE_INTEGER)) calls.push(call);
  return calls;
}

test('recorded calls give policy the facts that were decided on', async () => {
  refused({ from: '/a', to: '/b' });
  expect(await recorded()).toEqual([
    {
      isExact: true,
      decided: { effect: 'deny', rule: 'p#0' },
      facts: {
        principal: { kind: 'key', id: 'key:ann', name: 'ann' },
        endpoint: 'dev',
        namespace: 'dev',
        server: 'files',
        primitive: 'tool',
        name: 'move',
        method: 'tools/call',
        risk: 'destructive',
        arguments: { from: '/a', to: '/b' },
        atMs: 1_700_000_000_000,
      },
    },
  ]);
});

test('a call is exact only where its arguments are those that were decided on, also where they stand with its intent', async () => {
  const before = (await recorded()).length;
  refused(undefined);
  refused({ password: 'hunter2hunter2' });
  refused({ text: 'x'.repeat(20_000) });
  const sent = decidedExchange({ amount: 5 }, 1_700_000_000_001);
  admin.recorder.begin(sent);
  await admin.recorder.intent(sent as Admitted);
  await admin.services.recordings.settle();
  admin.recorder.answered(sent as Admitted);
  admin.recorder.end(sent, { kind: 'result', result: RawObject.of({ content: [] }) });
  const calls = (await recorded()).slice(before);
  expect(calls.map(({ isExact, facts }) => [isExact, facts.arguments])).toEqual([
    [true, {}],
    [false, { password: expect.stringMatching(/^\[redacted secret-member #[0-9a-f]{16}\]$/) as string }],
    [false, {}],
    [true, { amount: 5 }],
  ]);
});
