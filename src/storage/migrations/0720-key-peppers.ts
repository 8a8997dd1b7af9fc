import type { Migrate } from './migration.ts';

/** Peppers of API keys after the instance's own, each on top of those before. */
export const keyPeppers: Migrate = async ({ db, timeMs }) => {
  await db.schema
    .createTable('key_pepper')
    .addColumn('position', 'integer', (column) => column.primaryKey())
    .addColumn('wrapped', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', timeMs, (column) => column.notNull())
    .execute();
};
