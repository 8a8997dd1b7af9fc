/** Answers of creating requests, kept for a while so that the same request sent again gets the same answer. */
import type { Db, Tx } from './schema.ts';

export interface KeptAnswer {
  readonly principal: string;
  /** The `Idempotency-Key` of the request. */
  readonly key: string;
  /** Digest of operation and input: the same key on another request is a mistake. */
  readonly fingerprint: string;
  readonly sealedAnswer: string;
  readonly atMs: number;
}

export async function findKeptAnswer(db: Db, principal: string, key: string): Promise<KeptAnswer | undefined> {
  const row = await db.selectFrom('idempotency').selectAll().where('principal', '=', principal).where('key', '=', key).executeTakeFirst();
  return row && { principal, key, fingerprint: row.fingerprint, sealedAnswer: row.answer, atMs: row.at_ms };
}

/** Also forgets those older than `forgetBeforeMs`. */
export async function keepAnswer(tx: Tx, kept: KeptAnswer, forgetBeforeMs: number): Promise<void> {
  const { principal, key, fingerprint, sealedAnswer, atMs } = kept;
  await tx.deleteFrom('idempotency').where('at_ms', '<', forgetBeforeMs).execute();
  await tx.insertInto('idempotency').values({ principal, key, fingerprint, answer: sealedAnswer, at_ms: atMs }).execute();
}
