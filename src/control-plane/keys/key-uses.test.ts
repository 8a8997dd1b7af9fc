import { afterEach, beforeEach, expect, test } from 'vitest';
import { startAdmin, type TestAdmin } from '../../../test/support/start-admin.ts';
import type { Clock } from '../../base/clock.ts';
import { findKey } from '../../storage/keys.ts';
import { createKeyUses } from './key-uses.ts';

let admin: TestAdmin;
let nowMs: number;
let scheduled: (() => void)[];
const clock: Clock = {
  nowMs: () => nowMs,
  monotonicMs: () => nowMs,
  after(_delayMs, run) {
    scheduled.push(run);
    return () => {};
  },
};

beforeEach(async () => {
  admin = await startAdmin();
  nowMs = 1_800_000_000_000;
  scheduled = [];
});

afterEach(async () => {
  await admin.close();
});

const lastUsed = async (): Promise<number | undefined> => (await findKey(admin.services.storage.db, admin.starter?.id ?? ''))?.lastUsedAtMs;

test('many uses are one write, which has the last of them', async () => {
  const uses = createKeyUses({ storage: admin.services.storage, clock, flushMs: 60_000, report: () => {} });
  for (let count = 0; count < 5; count++) {
    nowMs += 1;
    uses.used(admin.starter?.id ?? '');
  }
  uses.used('key_of_the_file');
  expect(scheduled).toHaveLength(1);
  expect(await lastUsed()).toBeUndefined();

  await uses.stop();
  expect(await lastUsed()).toBe(1_800_000_000_005);

  uses.used(admin.starter?.id ?? '');
  expect(scheduled).toHaveLength(2);
});

test('a write that fails is told and tried again with the next', async () => {
  const problems: unknown[] = [];
  let isDown = true;
  const { storage } = admin.services;
  const flaky = {
    ...storage,
    get db() {
      if (isDown) throw new Error('down');
      return storage.db;
    },
  };
  const uses = createKeyUses({ storage: flaky, clock, flushMs: 60_000, report: (problem) => problems.push(problem) });
  uses.used(admin.starter?.id ?? '');
  await uses.stop();
  expect(problems).toHaveLength(1);
  isDown = false;
  await uses.stop();
  expect(await lastUsed()).toBe(1_800_000_000_000);
});
