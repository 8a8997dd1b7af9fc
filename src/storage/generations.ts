/** The number of the configuration that gateways on one PostgreSQL have in common; triggers raise it. */
import { sql } from 'kysely';
import type { Db, Tx } from './schema.ts';

export interface Generations {
  /** Until the transaction ends no other gateway changes the configuration. */
  readonly lock: (tx: Tx) => Promise<void>;
  readonly read: (db: Db) => Promise<number>;
}

export const sharedGenerations: Generations = {
  lock: async (tx) => void (await sql`select number from configuration_generation for update`.execute(tx)),
  read: async (db) => (await db.selectFrom('configuration_generation').select('number').executeTakeFirstOrThrow()).number,
};
