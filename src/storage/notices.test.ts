import { Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startPostgres, type TestPostgres } from '../../test/support/start-postgres.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { Notices, notify } from './notices.ts';
import { openPostgres } from './postgres.ts';
import type { Database, Db } from './schema.ts';
import { takeTurn } from './take-turn.ts';

let postgres: TestPostgres | undefined;
let databaseUrl = '';
const undo: (() => Promise<void>)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  databaseUrl = (await postgres?.createDatabase()) ?? '';
});
afterAll(() => postgres?.stop());
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function listen(): Promise<{ readonly notices: Notices; readonly heard: string[] }> {
  const heard: string[] = [];
  const notices = new Notices({ databaseUrl, clock: systemClock, heard: (text) => heard.push(text), began: () => undefined, report: () => undefined });
  await notices.start();
  undo.push(() => notices.close());
  return { notices, heard };
}

function open(): Db {
  const db = new Kysely<Database>({ dialect: openPostgres(databaseUrl, systemClock, () => undefined) });
  undo.push(() => db.destroy());
  return db;
}

test('[RP-04] of three gateways one leads, and when it goes another does', async ({ skip }) => {
  if (postgres === undefined) return skip();
  const [one, two, three] = await Promise.all([listen(), listen(), listen()]);
  const all = [one, two, three].map(({ notices }) => notices);
  const leaders = all.filter(({ isLeader }) => isLeader);
  expect(leaders).toHaveLength(1);
  await leaders[0]?.close();
  await vi.waitFor(() => expect(all.filter(({ isLeader }) => isLeader)).toHaveLength(1), { timeout: 10_000 });
  expect(leaders[0]?.isLeader).toBe(false);
});

test('what one says all hear, itself too', async ({ skip }) => {
  if (postgres === undefined) return skip();
  const [one, two] = await Promise.all([listen(), listen()]);
  await notify(open(), { kind: 'hello' });
  await vi.waitFor(() => expect([one.heard, two.heard]).toEqual([['{"kind":"hello"}'], ['{"kind":"hello"}']]), { timeout: 10_000 });
});

test('[RP-04] what only one may do at a time waits for the one who does it', async ({ skip }) => {
  if (postgres === undefined) return skip();
  let looks = 0;
  const clock: Clock = {
    ...systemClock,
    after: (delayMs, run) => {
      looks++;
      return systemClock.after(delayMs, run);
    },
  };
  const end = await takeTurn({ db: open(), dialect: 'postgres' }, 'a grant', systemClock);
  let isTaken = false;
  const second = takeTurn({ db: open(), dialect: 'postgres' }, 'a grant', clock).then((endSecond) => {
    isTaken = true;
    return endSecond;
  });
  const other = await takeTurn({ db: open(), dialect: 'postgres' }, 'another grant', systemClock);
  await vi.waitFor(() => expect(looks).toBeGreaterThanOrEqual(3), { timeout: 10_000 });
  expect(isTaken).toBe(false);
  await end();
  await (await second)();
  await other();
  expect(isTaken).toBe(true);
});
