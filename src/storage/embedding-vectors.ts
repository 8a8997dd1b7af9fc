/** Vectors of tools, by hash of model and of text: whoever has the text can make them again, so nothing else is kept. */
import type { Db } from './schema.ts';
import { query, transact } from './transaction.ts';

/** Databases bound the parameters of one statement. */
const HASHES_MAX = 500;

/** Those that are there. Rejects with `storage.unavailable`. */
export async function loadVectors(db: Db, model: string, hashes: readonly string[]): Promise<ReadonlyMap<string, Float32Array>> {
  const vectors = new Map<string, Float32Array>();
  for (let at = 0; at < hashes.length; at += HASHES_MAX) {
    const part = hashes.slice(at, at + HASHES_MAX);
    const rows = await query(db, () => db.selectFrom('embedding_vector').select(['text_hash', 'vector']).where('model', '=', model).where('text_hash', 'in', part).execute());
    for (const { text_hash: hash, vector } of rows) vectors.set(hash, fromText(vector));
  }
  return vectors;
}

/** What is there already stays. Rejects with `storage.unavailable`. */
export async function saveVectors(db: Db, model: string, vectors: ReadonlyMap<string, Float32Array>): Promise<void> {
  const rows = [...vectors].map(([hash, vector]) => ({ model, text_hash: hash, vector: toText(vector) }));
  if (rows.length === 0) return;
  await transact(db, async (tx) => {
    await tx.insertInto('embedding_vector').values(rows).onConflict((conflict) => conflict.doNothing()).execute();
  });
}

function toText(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}

function fromText(text: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return new Float32Array(bytes.buffer);
}
