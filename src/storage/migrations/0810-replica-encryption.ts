import type { Migrate } from './migration.ts';

/** Whether a gateway takes what others send on over TLS; those that do not know of it say nothing, and take it plainly. */
export const replicaEncryption: Migrate = async ({ db }) => {
  await db.schema
    .alterTable('replica')
    .addColumn('is_encrypted', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
};
