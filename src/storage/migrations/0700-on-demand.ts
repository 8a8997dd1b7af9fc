import type { Migrate } from './migration.ts';

/** Events of servers on demand; workflows, their runs and what became of each step. */
export const onDemand: Migrate = async ({ db, timeMs }) => {
  await db.schema
    .createTable('child_event')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('at_ms', timeMs, (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('server_id', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('principal', 'text', (column) => column.notNull())
    .addColumn('detail', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('child_event_of_server').on('child_event').columns(['server_id', 'id']).execute();

  await db.schema
    .createTable('workflow')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('owner', 'text')
    .addColumn('definition', 'text', (column) => column.notNull())
    .addColumn('updated_at_ms', timeMs, (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('workflow_run')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('workflow', 'text', (column) => column.notNull())
    .addColumn('definition', 'text', (column) => column.notNull())
    .addColumn('principal', 'text', (column) => column.notNull())
    .addColumn('principal_id', 'text', (column) => column.notNull())
    .addColumn('inputs', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('output', 'text')
    .addColumn('started_at_ms', timeMs, (column) => column.notNull())
    .addColumn('ended_at_ms', timeMs)
    .execute();
  await db.schema.createIndex('workflow_run_status').on('workflow_run').columns(['status', 'id']).execute();

  await db.schema
    .createTable('workflow_step')
    .addColumn('run', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('result', 'text')
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('started_at_ms', timeMs, (column) => column.notNull())
    .addColumn('ended_at_ms', timeMs)
    .addPrimaryKeyConstraint('workflow_step_pk', ['run', 'key'])
    .execute();
};
