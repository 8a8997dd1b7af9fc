/**
 * The journal of a script: what its calls gave, in the order in which the script was told. A script that is run again
 * with its journal is told the same in the same order, so it comes to the same place without calling anything twice.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../protocol/canonical.ts';
import type { JsonObject } from '../protocol/messages.ts';

const ToldSchema = z.strictObject({
  seq: z.int(),
  /** Digest of name and arguments: another call in the same place means that the script went another way. */
  call: z.string(),
  isOk: z.boolean(),
  /** JSON: the value, or the error. */
  text: z.string(),
});

export const JournalSchema = z.strictObject({
  /** What the script takes for now, and for chance. */
  startedAtMs: z.number(),
  told: z.array(ToldSchema),
  /** Calls that were made and gave nothing yet, with what leads back to each. */
  waiting: z.array(z.strictObject({ seq: z.int(), call: z.string(), state: z.string() })),
});

export type Told = z.infer<typeof ToldSchema>;
export type Journal = z.infer<typeof JournalSchema>;

export function newJournal(startedAtMs: number): Journal {
  return { startedAtMs, told: [], waiting: [] };
}

export function digestOfCall(name: string, given: JsonObject): string {
  return hash('sha256', `${name}\n${canonicalJson(given)}`).slice(0, 32);
}
