/** Gateways on one PostgreSQL, by their heartbeats. Times are the database's: clocks of machines differ. */
import { sql } from 'kysely';
import type { Db } from './schema.ts';

/** What a gateway says of itself. */
export interface ReplicaFacts {
  readonly id: string;
  readonly name: string;
  /** Base address for other replicas, without a slash at the end. */
  readonly address: string | undefined;
  /** It speaks TLS there. Gateways from before there was this say nothing of it. */
  readonly isEncrypted: boolean;
  readonly version: string;
  readonly generation: number;
  readonly isListening: boolean;
  readonly isLeader: boolean;
  readonly sessions: number;
  readonly startedAtMs: number;
}

export interface StoredReplica extends ReplicaFacts {
  readonly seenAtMs: number;
  /** By the clock of the database. */
  readonly silentMs: number;
}

const NOW_MS = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

export async function beat(db: Db, { id, isListening, isLeader, isEncrypted, startedAtMs, address, ...facts }: ReplicaFacts): Promise<void> {
  const changing = { ...facts, address: address ?? null, is_listening: Number(isListening), is_leader: Number(isLeader), is_encrypted: Number(isEncrypted), seen_at_ms: NOW_MS };
  await db
    .insertInto('replica')
    .values({ id, started_at_ms: startedAtMs, ...changing })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changing))
    .execute();
}

/** Oldest first. */
export async function listReplicas(db: Db): Promise<StoredReplica[]> {
  const rows = await db.selectFrom('replica').selectAll().select(sql<number>`${NOW_MS} - seen_at_ms`.as('silent_ms')).orderBy('started_at_ms').orderBy('id').execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    address: row.address ?? undefined,
    isEncrypted: row.is_encrypted === 1,
    version: row.version,
    generation: row.generation,
    isListening: row.is_listening === 1,
    isLeader: row.is_leader === 1,
    sessions: row.sessions,
    startedAtMs: row.started_at_ms,
    seenAtMs: row.seen_at_ms,
    silentMs: Number(row.silent_ms),
  }));
}

export async function deleteReplica(db: Db, id: string): Promise<void> {
  await db.deleteFrom('replica').where('id', '=', id).execute();
}

/** Those that were not heard of for so long. */
export async function deleteSilentReplicas(db: Db, silentMs: number): Promise<void> {
  await db.deleteFrom('replica').where('seen_at_ms', '<', sql<number>`${NOW_MS} - ${silentMs}::bigint`).execute();
}
