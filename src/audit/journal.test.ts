import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { Fault } from '../base/fault.ts';
import type { CallRecord } from './audit-record.ts';
import { Journal, type JournalOptions, type UnderWay } from './journal.ts';
import { type PendingRecord, type RecordPack, unpackRecords } from './record-pack.ts';

const FLUSH_MS = 250;

/** A store on a disk that can be full. */
function open(mode: JournalOptions['mode'], queuedMax = 1_000) {
  const clock = new MovableClock();
  const disk = { isFull: false };
  const written: PendingRecord[] = [];
  const told: string[] = [];
  const append = async (packs: readonly RecordPack[]): Promise<void> => {
    // What is added while a write is under way is none of that write's.
    await Promise.resolve();
    if (disk.isFull) throw new Fault('storage.unavailable', { detail: 'SQLITE_FULL database or disk is full' });
    written.push(...unpackRecords(packs.map(({ bytes }) => bytes)));
  };
  const journal = new Journal({ store: { append }, mode, clock, flushMs: FLUSH_MS, queuedMax, clean: (text) => text, report: (problem) => told.push(problem) });
  const records = (): (CallRecord & { readonly detail?: unknown })[] => written.map(({ record }) => JSON.parse(record) as CallRecord);
  return { clock, disk, journal, records, told };
}

function pending(kind: 'intent' | 'outcome' | 'call', id: string): PendingRecord {
  return { record: JSON.stringify({ kind, id, atMs: 0 }) };
}

function call(id: string): UnderWay {
  return { place: 0, isTaken: false, toIntent: () => pending('intent', id) };
}

test('[AU-02] strict, on a full disk: the call is refused before it is sent, and calls go again once there is room', async () => {
  const { disk, journal, records, told } = open('strict');
  disk.isFull = true;
  await expect(journal.begin(call('a'))).rejects.toMatchObject({ code: 'gateway.audit_unavailable', http: 503 });
  expect(told).toEqual(['records cannot be written: SQLITE_FULL database or disk is full']);
  expect(journal.state).toMatchObject({ queued: 0, lastError: 'SQLITE_FULL database or disk is full' });
  disk.isFull = false;
  await journal.begin(call('b'));
  // The refused call was never made, so nothing says that it was.
  expect(records().map(({ id }) => id)).toEqual(['b']);
  expect(told.at(-1)).toBe('records are written again');
  expect(journal.state.lastError).toBeUndefined();
});

test('strict: where what waits fills the queue, calls are refused too', async () => {
  const { disk, journal } = open('strict', 2);
  disk.isFull = true;
  for (const id of ['a', 'b']) journal.end(pending('call', id), undefined);
  await expect(journal.begin(call('c'))).rejects.toMatchObject({ code: 'gateway.audit_unavailable' });
});

test('buffered, on a full disk: calls go on, what no longer fits is counted and told, and the record says how much is missing', async () => {
  const { clock, disk, journal, records, told } = open('buffered', 5);
  disk.isFull = true;
  for (let index = 0; index < 8; index++) {
    const begun = call(`call-${index}`);
    expect(journal.begin(begun)).toBeUndefined();
    journal.end(pending('call', `call-${index}`), begun);
  }
  await clock.move(4 * FLUSH_MS);
  expect(journal.state).toEqual({ mode: 'buffered', queued: 5, lost: 3, lastError: 'SQLITE_FULL database or disk is full' });
  // Once each, however often it is tried.
  expect(told).toEqual(['records are lost: the store does not keep up', 'records cannot be written: SQLITE_FULL database or disk is full']);
  disk.isFull = false;
  await clock.move(2 * FLUSH_MS);
  expect(records().map(({ kind, id, detail }) => [kind, id ?? detail])).toEqual([...[0, 1, 2, 3, 4].map((index) => ['call', `call-${index}`]), ['loss', { records: 3 }]]);
  expect(journal.state).toMatchObject({ queued: 0, lost: 3, lastError: undefined });
  expect(told.at(-1)).toBe('records are written again');
});

test('buffered: a call that goes on for longer than an interval has an intent of its own, a short one has not', async () => {
  const { clock, journal, records } = open('buffered');
  const short = call('short');
  await journal.begin(short);
  journal.end(pending('call', 'short'), short);
  const long = call('long');
  await journal.begin(long);
  await clock.move(FLUSH_MS);
  expect([short.isTaken, long.isTaken]).toEqual([false, true]);
  journal.end(pending('outcome', 'long'), long);
  await clock.move(FLUSH_MS);
  expect(records().map(({ kind, id }) => [kind, id])).toEqual([
    ['call', 'short'],
    ['intent', 'long'],
    ['outcome', 'long'],
  ]);
});

test('buffered, without room: intents wait, and a call whose intent never was written has one record', async () => {
  const { clock, disk, journal, records } = open('buffered', 1);
  disk.isFull = true;
  journal.end(pending('call', 'first'), undefined);
  const begun = call('second');
  await journal.begin(begun);
  await clock.move(2 * FLUSH_MS);
  expect([begun.isTaken, journal.state.lost]).toEqual([false, 0]);
  disk.isFull = false;
  await clock.move(FLUSH_MS);
  journal.end(pending('call', 'second'), begun);
  await clock.move(FLUSH_MS);
  expect(records().map(({ kind, id }) => [kind, id])).toEqual([
    ['call', 'first'],
    ['call', 'second'],
  ]);
});

test('whatever fills and empties the disk between: what was added is written once each, in its order, and refused calls are not', async () => {
  const step = fc.oneof({ weight: 6, arbitrary: fc.constant('end' as const) }, { weight: 3, arbitrary: fc.constant('begin' as const) }, { weight: 2, arbitrary: fc.constant('move' as const) }, { weight: 1, arbitrary: fc.constant('disk' as const) }, { weight: 2, arbitrary: fc.constant('tick' as const) });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('buffered' as const, 'strict' as const), fc.array(step, { maxLength: 60 }), async (mode, steps) => {
      const { clock, disk, journal, records } = open(mode);
      const ended: string[] = [];
      const begun: Promise<string | undefined>[] = [];
      for (const [index, what] of steps.entries()) {
        const id = `${what}-${index}`;
        if (what === 'end') {
          journal.end(pending('call', id), undefined);
          ended.push(id);
        } else if (what === 'begin' && mode === 'strict') {
          const going = journal.begin(call(id));
          begun.push((going ?? Promise.resolve()).then(() => id, () => undefined));
        } else if (what === 'disk') disk.isFull = !disk.isFull;
        else if (what === 'move') await clock.move(FLUSH_MS);
        else await Promise.resolve();
      }
      disk.isFull = false;
      await journal.close();
      const went = (await Promise.all(begun)).filter((id) => id !== undefined);
      const written = records().map(({ id }) => id);
      expect(written.filter((id) => id.startsWith('end'))).toEqual(ended);
      expect(written.filter((id) => id.startsWith('begin'))).toEqual(went);
      expect(journal.state).toMatchObject({ queued: 0, lost: 0 });
    }),
    { numRuns: 300 },
  );
});
