import type { Migrate } from './migration.ts';

/** What a key opens within its endpoints, and the value it had before it was rotated. */
export const keyScopes: Migrate = async ({ db, json, timeMs }) => {
  await db.schema.alterTable('key').addColumn('namespaces', json).execute();
  await db.schema.alterTable('key').addColumn('tools', json).execute();
  await db.schema.alterTable('key').addColumn('former_digest', 'text').execute();
  await db.schema.alterTable('key').addColumn('former_until_ms', timeMs).execute();
};
