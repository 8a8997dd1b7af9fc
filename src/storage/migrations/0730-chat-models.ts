import type { Migrate } from './migration.ts';

/** The model that each principal chats with in the playground; its key is sealed. */
export const chatModels: Migrate = async ({ db, timeMs }) => {
  await db.schema
    .createTable('chat_model')
    .addColumn('principal', 'text', (column) => column.primaryKey())
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('is_operators', 'integer', (column) => column.notNull())
    .addColumn('data_key', 'text')
    .addColumn('sealed', 'text')
    .addColumn('updated_at_ms', timeMs, (column) => column.notNull())
    .execute();
};
