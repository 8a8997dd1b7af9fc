/** Gateways that start on one PostgreSQL at the same time do it one after the other: each makes what is not there yet. */
import { sql } from 'kysely';
import { type Clock, sleep } from '../base/clock.ts';
import type { Storage } from './open-storage.ts';
import { query } from './transaction.ts';

/** Another number than the leader's. */
const START_LOCK = 1_835_363_697;
const LOOK_MS = 50;

/** Resolves once it is this gateway's turn, with how to end it. The turn of one that dies ends with its connection. */
export async function takeTurn({ db, dialect }: Pick<Storage, 'db' | 'dialect'>, clock: Clock): Promise<() => Promise<void>> {
  if (dialect === 'sqlite') return () => Promise.resolve();
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const taken = Promise.withResolvers<void>();
  const turn = query(db, () =>
    db.connection().execute(async (connection) => {
      for (;;) {
        const { rows } = await sql<{ isTaken: boolean }>`select pg_try_advisory_lock(${START_LOCK}) as "isTaken"`.execute(connection);
        if (rows[0]?.isTaken === true) break;
        await sleep(clock, LOOK_MS);
      }
      taken.resolve();
      await ended;
      await sql`select pg_advisory_unlock(${START_LOCK})`.execute(connection);
    }),
  );
  turn.catch((thrown: unknown) => taken.reject(thrown));
  await taken.promise;
  return async () => {
    end();
    await turn;
  };
}
