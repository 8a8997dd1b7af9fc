import type { Migrate } from './migration.ts';

/** Calls that people approve, and what was used of budgets. */
export const governance: Migrate = async ({ db, json, timeMs }) => {
  await db.schema
    .createTable('approval')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('state', 'text', (column) => column.notNull())
    // Digest of all that it is bound to, while it counts: two that count for one call cannot be.
    .addColumn('open_binding', 'text', (column) => column.unique())
    .addColumn('principal', 'text', (column) => column.notNull())
    .addColumn('principal_kind', 'text', (column) => column.notNull())
    .addColumn('principal_name', 'text', (column) => column.notNull())
    .addColumn('credential', 'text', (column) => column.notNull())
    .addColumn('endpoint', 'text', (column) => column.notNull())
    .addColumn('namespace', 'text', (column) => column.notNull())
    .addColumn('server', 'text', (column) => column.notNull())
    .addColumn('method', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('arguments_digest', 'text', (column) => column.notNull())
    // Without secrets.
    .addColumn('arguments', json, (column) => column.notNull())
    .addColumn('rule', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('terms', json, (column) => column.notNull())
    .addColumn('requested_at_ms', timeMs, (column) => column.notNull())
    .addColumn('expires_at_ms', timeMs, (column) => column.notNull())
    .addColumn('decided_at_ms', timeMs)
    .addColumn('decided_by', 'text')
    .addColumn('note', 'text')
    .addColumn('used_at_ms', timeMs)
    .addColumn('changed_at_ms', timeMs, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('approval_state').on('approval').columns(['state', 'expires_at_ms']).execute();
  await db.schema.createIndex('approval_changed').on('approval').columns(['changed_at_ms', 'id']).execute();

  await db.schema
    .createTable('budget_use')
    .addColumn('counter', 'text', (column) => column.notNull())
    .addColumn('period_ms', timeMs, (column) => column.notNull())
    .addColumn('amount', 'double precision', (column) => column.notNull())
    .addPrimaryKeyConstraint('budget_use_key', ['counter', 'period_ms'])
    .execute();
};
