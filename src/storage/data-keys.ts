/**
 * Envelope encryption of what we must be able to show again: each value is sealed with a data key, and the data keys
 * with a key derived from the instance key. A new data key re-seals everything in one transaction, while all goes on.
 */
import { Fault } from '../base/fault.ts';
import { newId, type RandomBytes } from '../base/ids.ts';
import { open, seal } from '../base/sealed.ts';
import type { Clock } from '../base/clock.ts';
import type { Db, Tx } from './schema.ts';

export interface EnvelopeDeps {
  /** 32 bytes, derived from the instance key. */
  readonly wrapping: Uint8Array;
  readonly random: RandomBytes;
  readonly clock: Clock;
}

/** A value with the id of its data key. */
export interface Sealed {
  readonly dataKey: string;
  readonly sealed: string;
}

const KEY_BYTES = 32;

export class Envelope {
  readonly #deps: EnvelopeDeps;
  /** Opened data keys by id; a data key never changes. */
  readonly #opened = new Map<string, Uint8Array>();

  constructor(deps: EnvelopeDeps) {
    this.#deps = deps;
  }

  /** `record` names what the value belongs to: elsewhere it does not open. */
  async seal(db: Db, plain: string, record: string): Promise<Sealed> {
    const { id, key } = await this.#current(db);
    return { dataKey: id, sealed: seal(plain, { key, record }, this.#deps.random) };
  }

  /** Throws `storage.secret_unreadable`. */
  async open(db: Db, { dataKey, sealed }: Sealed, record: string): Promise<string> {
    return open(sealed, { key: await this.#key(db, dataKey), record });
  }

  /** Retires the data key in use and makes the next. What is sealed with a retired one is the caller's to seal anew. */
  async renew(tx: Tx): Promise<string> {
    const atMs = this.#deps.clock.nowMs();
    await tx.updateTable('data_key').set({ retired_at_ms: atMs }).where('retired_at_ms', 'is', null).execute();
    return (await this.#make(tx)).id;
  }

  async #current(db: Db): Promise<{ readonly id: string; readonly key: Uint8Array }> {
    const row = await db.selectFrom('data_key').select('id').where('retired_at_ms', 'is', null).orderBy('id', 'desc').executeTakeFirst();
    return row === undefined ? this.#make(db) : { id: row.id, key: await this.#key(db, row.id) };
  }

  async #make(db: Db): Promise<{ readonly id: string; readonly key: Uint8Array }> {
    const { random, clock, wrapping } = this.#deps;
    const id = newId('dk', clock, random);
    const key = random(KEY_BYTES);
    const wrapped = seal(Buffer.from(key).toString('base64'), { key: wrapping, record: `data_key:${id}` }, random);
    await db.insertInto('data_key').values({ id, wrapped, created_at_ms: clock.nowMs(), retired_at_ms: null }).execute();
    return { id, key };
  }

  async #key(db: Db, id: string): Promise<Uint8Array> {
    const known = this.#opened.get(id);
    if (known !== undefined) return known;
    const row = await db.selectFrom('data_key').select('wrapped').where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw new Fault('storage.secret_unreadable', { detail: `the data key ${id} is gone` });
    const key = Buffer.from(open(row.wrapped, { key: this.#deps.wrapping, record: `data_key:${id}` }), 'base64');
    this.#opened.set(id, key);
    return key;
  }
}

/** Data keys that were retired before, and with which nothing is sealed any more. */
export async function deleteUnusedDataKeys(tx: Tx, retiredBeforeMs: number): Promise<void> {
  await tx
    .deleteFrom('data_key')
    .where('retired_at_ms', '<', retiredBeforeMs)
    .where('id', 'not in', (from) => from.selectFrom('secret').select('data_key'))
    .where('id', 'not in', (from) => from.selectFrom('upstream_grant').select('data_key'))
    .where('id', 'not in', (from) => from.selectFrom('upstream_client').select('data_key'))
    .where('id', 'not in', (from) => from.selectFrom('chat_model').select('data_key').where('data_key', 'is not', null).$narrowType<{ data_key: string }>())
    .execute();
}
