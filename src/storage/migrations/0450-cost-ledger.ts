import type { Migrate } from './migration.ts';

/** What calls cost, added up. */
export const costLedger: Migrate = async ({ db, timeMs }) => {
  const real = 'double precision';
  await db.schema
    .createTable('cost_ledger')
    .addColumn('day', 'text', (column) => column.notNull())
    .addColumn('principal', 'text', (column) => column.notNull())
    .addColumn('endpoint', 'text', (column) => column.notNull())
    .addColumn('server', 'text', (column) => column.notNull())
    .addColumn('tool', 'text', (column) => column.notNull())
    .addColumn('calls', timeMs, (column) => column.notNull())
    .addColumn('errors', timeMs, (column) => column.notNull())
    .addColumn('bytes_in', timeMs, (column) => column.notNull())
    .addColumn('bytes_out', timeMs, (column) => column.notNull())
    .addColumn('tokens', timeMs, (column) => column.notNull())
    .addColumn('catalog_tokens', timeMs, (column) => column.notNull())
    .addColumn('cost', real, (column) => column.notNull())
    .addPrimaryKeyConstraint('cost_ledger_key', ['day', 'principal', 'endpoint', 'server', 'tool'])
    .execute();
  await db.schema.createIndex('cost_ledger_principal').on('cost_ledger').columns(['principal', 'day']).execute();
};
