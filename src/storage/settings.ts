/** Settings in the database: a name and a JSON value, whose schema the caller knows. */
import type { z } from 'zod';
import { fromJson, toJson } from './json.ts';
import type { Db } from './schema.ts';

export async function findSetting<Schema extends z.ZodType>(db: Db, name: string, schema: Schema): Promise<z.output<Schema> | undefined> {
  const row = await db.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst();
  return row && fromJson(schema, row.value);
}

export async function upsertSetting(db: Db, name: string, value: unknown): Promise<void> {
  const json = toJson(value);
  await db
    .insertInto('setting')
    .values({ name, value: json })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: json }))
    .execute();
}
