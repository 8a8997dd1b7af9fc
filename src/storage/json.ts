/** JSON in columns: text on both dialects, written and read here only. */
import type { z } from 'zod';

export function toJson(value: unknown): string {
  return JSON.stringify(value);
}

/** Parsed, not cast: a value that an older version wrote wrongly fails here, by name. */
export function fromJson<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> {
  return schema.parse(JSON.parse(text));
}
