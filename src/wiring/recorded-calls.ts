/** Recorded calls as policies are tried on them: the facts of each decision, read back from the audit record, oldest first. */
import { z } from 'zod';
import type { AuditStore } from '../audit/audit-store.ts';
import type { RecordedCalls } from '../control-plane/live-governance.ts';
import { EFFECTS, RISKS } from '../model/policy.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';

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
  hasArguments: z.boolean().optional(),
  keptArguments: z.object({ isCut: z.boolean(), redactions: z.int() }).optional(),
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
      const kept = new Map<string, Given>();
      for await (const scanned of store.scan({ fromMs, toMs })) {
        const record = RecordSchema.safeParse(JSON.parse(scanned.text)).data;
        if (record === undefined) continue;
        const own = givenOf(record, scanned.payload?.arguments ?? undefined);
        if (record.kind === 'intent') {
          kept.set(record.id, own);
          continue;
        }
        // What is with the intent is not with the outcome.
        const given = kept.get(record.id) ?? own;
        kept.delete(record.id);
        // The scan begins with the record before the range.
        if (record.atMs < fromMs) continue;
        const { atMs, decidedAtMs, tool, decision, kind: _, id: __, hasArguments: ___, keptArguments: ____, ...facts } = record;
        yield { facts: { ...facts, name: tool, arguments: given.arguments, atMs: decidedAtMs ?? atMs }, decided: decision, isExact: given.isExact };
      }
    },
  };
}

interface Given {
  readonly arguments: JsonObject;
  readonly isExact: boolean;
}

function givenOf({ hasArguments, keptArguments }: z.infer<typeof RecordSchema>, text: string | undefined): Given {
  if (text === undefined) return { arguments: {}, isExact: hasArguments !== true };
  return { arguments: toArguments(text), isExact: keptArguments?.isCut === false && keptArguments.redactions === 0 };
}

function toArguments(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    // It was cut.
    return {};
  }
}
