import type { Migrate } from './migration.ts';

/** Scripts that wait for somebody: sealed journals, each until it is taken up again or too old. */
export const scriptRuns: Migrate = async ({ db, timeMs }) => {
  await db.schema
    .createTable('script_run')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .addColumn('expires_at_ms', timeMs, (column) => column.notNull())
    .execute();
};
