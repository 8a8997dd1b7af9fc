/** Models of the playground in the database, one a principal. Keys go in and out through the envelope only. */
import type { ChatModel } from '../model/chat.ts';
import type { Envelope } from './data-keys.ts';
import type { Db, Tx } from './schema.ts';

/** Without its key. */
export interface StoredChatModel extends Pick<ChatModel, 'url' | 'model' | 'isOperators'> {
  readonly principal: string;
  readonly hasKey: boolean;
  readonly updatedAtMs: number;
}

export async function findChatModel(db: Db, principal: string): Promise<StoredChatModel | undefined> {
  const row = await db.selectFrom('chat_model').selectAll().where('principal', '=', principal).executeTakeFirst();
  if (row === undefined) return undefined;
  const { url, model, is_operators: isOperators, data_key: dataKey, updated_at_ms: updatedAtMs } = row;
  return { principal, url, model, isOperators: isOperators === 1, hasKey: dataKey !== null, updatedAtMs };
}

/** Undefined where there is none. Throws `storage.secret_unreadable`. */
export async function openChatModel(db: Db, envelope: Envelope, principal: string): Promise<ChatModel | undefined> {
  const row = await db.selectFrom('chat_model').selectAll().where('principal', '=', principal).executeTakeFirst();
  if (row === undefined) return undefined;
  const { url, model, is_operators: isOperators, data_key: dataKey, sealed } = row;
  const key = dataKey === null || sealed === null ? undefined : await envelope.open(db, { dataKey, sealed }, recordOf(principal));
  return { url, model, key, isOperators: isOperators === 1 };
}

/** In place of what there was. */
export async function upsertChatModel(tx: Tx, envelope: Envelope, { principal, atMs, ...chosen }: ChatModel & { readonly principal: string; readonly atMs: number }): Promise<void> {
  const { dataKey = null, sealed = null } = chosen.key === undefined ? {} : await envelope.seal(tx, chosen.key, recordOf(principal));
  const row = { url: chosen.url, model: chosen.model, is_operators: chosen.isOperators ? 1 : 0, data_key: dataKey, sealed, updated_at_ms: atMs };
  await tx
    .insertInto('chat_model')
    .values({ principal, ...row })
    .onConflict((conflict) => conflict.column('principal').doUpdateSet(row))
    .execute();
}

/** False where there was none. */
export async function deleteChatModel(tx: Tx, principal: string): Promise<boolean> {
  const result = await tx.deleteFrom('chat_model').where('principal', '=', principal).executeTakeFirst();
  return result.numDeletedRows === 1n;
}

/** Seals every key with the present data key. Resolves with how many there are. */
export async function resealChatModels(tx: Tx, envelope: Envelope): Promise<number> {
  const rows = await tx.selectFrom('chat_model').selectAll().where('sealed', 'is not', null).execute();
  for (const { principal, updated_at_ms: atMs } of rows) {
    const model = await openChatModel(tx, envelope, principal);
    if (model !== undefined) await upsertChatModel(tx, envelope, { ...model, principal, atMs });
  }
  return rows.length;
}

function recordOf(principal: string): string {
  return `chat_model:${principal}`;
}
