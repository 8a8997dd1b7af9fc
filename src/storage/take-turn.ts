/** What only one gateway on a PostgreSQL may do at a time: those that want it too wait for their turn. */
import { sql } from 'kysely';
import { type Clock, sleep } from '../base/clock.ts';
import type { Storage } from './open-storage.ts';
import { query } from './transaction.ts';

const LOOK_MS = 50;

/**
 * Resolves once it is this gateway's turn at what is named, with how to end it. The turn of one that dies ends with its
 * connection (an advisory lock of the session). On the embedded database there is nobody to wait for. Rejects with `storage.unavailable`.
 */
export async function takeTurn({ db, dialect }: Pick<Storage, 'db' | 'dialect'>, name: string, clock: Clock): Promise<() => Promise<void>> {
  if (dialect === 'sqlite') return () => Promise.resolve();
  const lock = sql`hashtextextended(${`metamcp ${name}`}, 0)`;
  const [taken, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const turn = query(db, () =>
    db.connection().execute(async (connection) => {
      for (;;) {
        const { rows } = await sql<{ isTaken: boolean }>`select pg_try_advisory_lock(${lock}) as "isTaken"`.execute(connection);
        if (rows[0]?.isTaken === true) break;
        await sleep(clock, LOOK_MS);
      }
      taken.resolve();
      await ended.promise;
      await sql`select pg_advisory_unlock(${lock})`.execute(connection);
    }),
  );
  turn.catch((thrown: unknown) => taken.reject(thrown));
  await taken.promise;
  return async () => {
    ended.resolve();
    // Where the connection is gone the turn is over too.
    await turn.catch(() => undefined);
  };
}
