import type { Migrate } from './migration.ts';

/** Which gateway has a run, what a step waits for, and when a deadline began. Workflows are objects of the configuration. */
export const runLeases: Migrate = async ({ db, timeMs }) => {
  await db.schema.dropTable('workflow').execute();
  await db.schema.alterTable('workflow_run').addColumn('resumed_at_ms', timeMs).execute();
  await db.schema.alterTable('workflow_run').addColumn('lease_owner', 'text').execute();
  await db.schema.alterTable('workflow_run').addColumn('lease_until_ms', timeMs).execute();
  await db.schema.alterTable('workflow_step').addColumn('approval', 'text').execute();
};
