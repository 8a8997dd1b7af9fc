import { expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { Fault } from '../base/fault.ts';
import type { CallRecord } from './audit-record.ts';
import type { PendingRecord } from './audit-store.ts';
import { Journal, type JournalEntry, type JournalOptions } from './journal.ts';

const FLUSH_MS = 250;

/** A store on a disk that can be full. */
function open(mode: JournalOptions['mode'], queuedMax = 1_000) {
  const clock = new MovableClock();
  const disk = { isFull: false };
  const written: PendingRecord[] = [];
  const told: string[] = [];
  const append = (batch: readonly PendingRecord[]): Promise<void> => {
    if (disk.isFull) return Promise.reject(new Fault('storage.unavailable', { detail: 'SQLITE_FULL database or disk is full' }));
    written.push(...batch);
    return Promise.resolve();
  };
  const journal = new Journal({ store: { append }, mode, clock, flushMs: FLUSH_MS, queuedMax, clean: (text) => text, report: (problem) => told.push(problem) });
  const records = (): (CallRecord & { readonly detail?: unknown })[] => written.map(({ record }) => JSON.parse(record) as CallRecord);
  return { clock, disk, journal, records, told };
}

function entry(kind: 'intent' | 'outcome', id: string): JournalEntry {
  return { record: { kind, id, atMs: 0 }, arguments: undefined, isArgumentsCut: false, result: undefined, isResultCut: false, isTaken: false };
}

test('[AU-02] strict, on a full disk: the call is refused before it is sent, and calls go again once there is room', async () => {
  const { disk, journal, records, told } = open('strict');
  disk.isFull = true;
  await expect(journal.intent(entry('intent', 'a'))).rejects.toMatchObject({ code: 'gateway.audit_unavailable', http: 503 });
  expect(told).toEqual(['records cannot be written: SQLITE_FULL database or disk is full']);
  expect(journal.state).toMatchObject({ queued: 0, lastError: 'SQLITE_FULL database or disk is full' });
  disk.isFull = false;
  await journal.intent(entry('intent', 'b'));
  // The refused call was never made, so nothing says that it was.
  expect(records().map(({ id }) => id)).toEqual(['b']);
  expect(told.at(-1)).toBe('records are written again');
  expect(journal.state.lastError).toBeUndefined();
});

test('strict: where what waits fills the queue, calls are refused too', async () => {
  const { disk, journal } = open('strict', 2);
  disk.isFull = true;
  for (const id of ['a', 'b']) journal.outcome(entry('outcome', id), undefined);
  await expect(journal.intent(entry('intent', 'c'))).rejects.toMatchObject({ code: 'gateway.audit_unavailable' });
});

test('buffered, on a full disk: calls go on, what no longer fits is counted and told, and the record says how much is missing', async () => {
  const { clock, disk, journal, records, told } = open('buffered', 5);
  disk.isFull = true;
  for (let index = 0; index < 8; index++) expect(journal.intent(entry('intent', `call-${index}`))).toBeUndefined();
  await clock.move(4 * FLUSH_MS);
  expect(journal.state).toEqual({ mode: 'buffered', queued: 5, lost: 3, lastError: 'SQLITE_FULL database or disk is full' });
  // Once each, however often it is tried.
  expect(told).toEqual(['records are lost: the store does not keep up', 'records cannot be written: SQLITE_FULL database or disk is full']);
  disk.isFull = false;
  await clock.move(2 * FLUSH_MS);
  expect(records().map(({ kind, id, detail }) => [kind, id ?? detail])).toEqual([...[0, 1, 2, 3, 4].map((index) => ['intent', `call-${index}`]), ['loss', { records: 3 }]]);
  expect(journal.state).toMatchObject({ queued: 0, lost: 3, lastError: undefined });
  expect(told.at(-1)).toBe('records are written again');
});
