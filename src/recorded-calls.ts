/** Recorded calls as policies are tried on them: the facts of each decision, read back from the audit record, oldest first. */
import { z } from 'zod';
import type { AuditStore } from './audit/audit-store.ts';
import type { RecordedCalls } from './control-plane/live-governance.ts';
import { EFFECTS, RISKS } from './model/policy.ts';
import { isObject, type JsonObject } from './protocol/messages.ts';

const LabelsSchema = z.object({ agent: z.string().optional(), stage: z.string().optional() });

/** What of a record a decision was made from; whatever lacks a part of it cannot be decided again. */
const RecordSchema = z.object({
  kind: z.enum(['call', 'intent', 'outcome']),
  id: z.string(),
  atMs: z.number(),
  principal: z.object({
    kind: z.enum(['anonymous', 'key', 'user', 'operator']),
    id: z.string(),
    name: z.string(),
    roles: z.array(z.string()).optional(),
    groups: z.array(z.string()).optional(),
    client: z.string().optional(),
    labels: LabelsSchema.optional(),
  }),
  claimed: LabelsSchema.optional(),
  endpoint: z.string(),
  namespace: z.string(),
  server: z.string(),
  primitive: z.enum(['tool', 'prompt', 'resource', 'resourceTemplate']),
  tool: z.string(),
  method: z.string(),
  risk: z.enum(RISKS),
  decidedAtMs: z.number().optional(),
  decision: z.object({ effect: z.enum(EFFECTS), rule: z.string() }),
});

/**
 * Arguments are those that were kept: secrets are masked in them, and where none were kept a rule about arguments sees
 * none. `settle` writes down what is not yet.
 */
export function createRecordedCalls(store: Pick<AuditStore, 'scan'>, settle: () => Promise<void>): RecordedCalls {
  return {
    async *between(fromMs, toMs) {
      await settle();
      /** Of calls whose outcome is still to come, by id. */
      const kept = new Map<string, string>();
      for await (const scanned of store.scan({ fromMs, toMs })) {
        const record = RecordSchema.safeParse(JSON.parse(scanned.text)).data;
        if (record === undefined) continue;
        const given = scanned.payload?.arguments ?? kept.get(record.id);
        if (record.kind === 'intent') {
          if (given !== undefined) kept.set(record.id, given);
          continue;
        }
        kept.delete(record.id);
        // The scan begins with the record before the range.
        if (record.atMs < fromMs) continue;
        const { atMs, decidedAtMs, tool, decision, kind: _, id: __, ...facts } = record;
        yield { facts: { ...facts, name: tool, arguments: toArguments(given), atMs: decidedAtMs ?? atMs }, decided: decision };
      }
    },
  };
}

function toArguments(text: string | undefined): JsonObject {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    // It was cut.
    return {};
  }
}
