/** Gateways that serve one instance together. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

export const ReplicaSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    version: z.string(),
    isSelf: z.boolean().meta({ description: 'It answered this request' }),
    status: z.enum(['alive', 'gone']).meta({ description: 'gone: not heard of for five seconds' }),
    generation: z.int().meta({ description: 'Of the configuration that it serves' }),
    isCurrent: z.boolean().meta({ description: 'No other serves a newer generation' }),
    isListening: z.boolean().meta({ description: 'It hears of changes at once; otherwise within two seconds' }),
    isLeader: z.boolean().meta({ description: 'It does what one alone should do' }),
    isLinked: z.boolean().meta({ description: 'Others send on to it what belongs to its sessions' }),
    isEncrypted: z.boolean().meta({ description: 'What they send on to it is encrypted. While any is not, all take what is not' }),
    sessions: z.int(),
    startedAt: z.iso.datetime(),
    seenAt: z.iso.datetime(),
  })
  .meta({ id: 'Replica' });
export type Replica = z.infer<typeof ReplicaSchema>;

export const ListReplicas = {
  id: 'listReplicas',
  method: 'GET',
  path: '/api/v1/replicas',
  summary: 'Gateways of this instance, oldest first; those that are gone for ten minutes',
  access: 'settings:read',
  query: z.strictObject({}),
  answer: z.object({ items: z.array(ReplicaSchema), generation: z.int().meta({ description: 'The newest that any serves' }) }),
  status: 200,
} as const satisfies Operation;
