/** What the admin API tells without being asked: `GET /api/v1/events`, a stream of server-sent events (HTML standard, 9.2). */
import { z } from 'zod';

export const EVENTS_PATH = '/api/v1/events';

/** Data of the event `changed`: something that operations show is not what it was. What it is now, they say. */
export const ChangedSchema = z
  .object({
    noun: z.string().meta({ description: 'Of the path of its operations, e.g. servers' }),
    name: z.string().optional().meta({ description: 'Which one; without it, any of them may have changed' }),
    version: z.int().optional().meta({ description: 'Of its configuration now; not there where it is gone, or where only its state changed' }),
    generation: z.int().optional().meta({ description: 'Of the published configuration; with the noun config' }),
  })
  .meta({ id: 'Changed' });
export type Changed = z.infer<typeof ChangedSchema>;
