/**
 * Creations that may be sent twice. The answer is kept with the change it belongs to, in one transaction, for a day; the
 * same `Idempotency-Key` with the same request gets it again and changes nothing.
 */
import { createHash } from 'node:crypto';
import { Fault } from '../base/fault.ts';
import { open, seal } from '../base/sealed.ts';
import type { Operation } from '../contract/operation.ts';
import type { JsonValue } from '../protocol/messages.ts';
import { canonicalJson } from '../protocol/canonical.ts';
import { findKeptAnswer, keepAnswer } from '../storage/idempotency.ts';
import type { Tx } from '../storage/schema.ts';
import type { RandomBytes } from '../base/ids.ts';
import type { Clock } from '../base/clock.ts';
import type { InstanceKey } from '../auth/instance-key.ts';

const KEPT_MS = 24 * 3_600_000;
/** A UUID fits, and what else clients make up. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** What of a request it takes. */
export interface OnceRequest {
  readonly principal: { readonly id: string };
  readonly headers: { readonly idempotencyKey: string | undefined };
  readonly input: unknown;
  readonly services: { readonly instanceKey: InstanceKey; readonly clock: Clock; readonly random: RandomBytes };
}

export interface Once {
  /** What this very request was answered before. */
  readonly answer: unknown;
  keep(answer: unknown): Promise<void>;
}

/** Throws `request.params_invalid` for a key that is none, `request.conflict` for one that belongs to another request. */
export async function answerOnce(tx: Tx, operation: Operation, { principal, headers, input, services }: OnceRequest): Promise<Once> {
  const key = operation.isIdempotent === true ? headers.idempotencyKey : undefined;
  if (key === undefined) return { answer: undefined, keep: async () => undefined };
  if (!KEY.test(key)) throw new Fault('request.params_invalid', { data: { errors: [{ path: 'header.Idempotency-Key', expected: '1 to 255 visible ASCII characters', message: 'must be 1 to 255 visible ASCII characters' }] } });
  const { instanceKey, clock, random } = services;
  const fingerprint = createHash('sha256')
    .update(`${operation.id}\n${canonicalJson(input as unknown as JsonValue)}`)
    .digest('hex');
  // Answers may hold what is shown once.
  const sealing = { key: instanceKey.sealing, record: `idempotency:${principal.id}:${key}` };
  const kept = await findKeptAnswer(tx, principal.id, key);
  if (kept !== undefined && kept.fingerprint !== fingerprint) throw new Fault('request.conflict', { message: 'This Idempotency-Key was sent with another request.', reason: 'idempotency_key_reused' });
  return {
    answer: kept === undefined ? undefined : (JSON.parse(open(kept.sealedAnswer, sealing)) as unknown),
    keep: async (answer) => {
      const atMs = clock.nowMs();
      await keepAnswer(tx, { principal: principal.id, key, fingerprint, sealedAnswer: seal(JSON.stringify(answer), sealing, random), atMs }, atMs - KEPT_MS);
    },
  };
}
