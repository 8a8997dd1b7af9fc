import type { Migrate } from './migration.ts';

/** Vectors of tools, by model and text, so that they are asked for once. */
export const embeddingVectors: Migrate = async ({ db }) => {
  await db.schema
    .createTable('embedding_vector')
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('text_hash', 'text', (column) => column.notNull())
    .addColumn('vector', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('embedding_vector_key', ['model', 'text_hash'])
    .execute();
};
