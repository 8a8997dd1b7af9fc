import type { Migrate } from './migration.ts';

/** What was approved of each definition of a server, and what was refused. */
export const definitionPins: Migrate = async ({ db, timeMs }) => {
  await db.schema
    .createTable('definition_pin')
    .addColumn('namespace', 'text', (column) => column.notNull())
    .addColumn('server', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('hash', 'text')
    .addColumn('rejected_hash', 'text')
    // As it was approved, for the difference; unknown where the hash came from a lock file.
    .addColumn('definition', 'text')
    .addColumn('instructions', 'text')
    .addColumn('decided_at_ms', timeMs, (column) => column.notNull())
    .addColumn('decided_by', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('definition_pin_pk', ['namespace', 'server', 'kind', 'name'])
    .execute();
};
