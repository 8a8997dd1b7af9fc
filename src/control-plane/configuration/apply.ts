/** Carries out a plan within a draft, and makes the keys that the document asks for. */
import { LockSchema } from '../../model/lock.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { insertKey, listActiveKeys, revokeKey } from '../../storage/keys.ts';
import { type MakeKeyServices, makeKey } from '../make-key.ts';
import { applyLock } from './apply-lock.ts';
import type { ConfigDraft } from './draft.ts';
import { type ApplyDocument, type PlanItem, planApply } from './plan.ts';
import { refuseInvalid } from './refuse-invalid.ts';

/** A key that was made for `generate: true`. Its value is here and nowhere else. */
export interface GeneratedKey {
  readonly name: string;
  readonly value: string;
}

export interface Applied {
  readonly items: readonly PlanItem[];
  readonly keys: readonly GeneratedKey[];
  /** Definitions that the document's lock decides otherwise than before. */
  readonly locked: number;
}

/** Whole or, by what it throws, not at all. Faults: `config.invalid`, `request.conflict`. */
export async function applyDocument(draft: ConfigDraft, document: ApplyDocument, services: MakeKeyServices): Promise<Applied> {
  refuseInvalid(draft.objects, document.value, document.locate);
  const applied = await carryOut(draft, planApply(draft.objects, document), services);
  const lock = LockSchema.optional().parse(document.value['lock']);
  if (lock === undefined) return applied;
  return { ...applied, locked: await applyLock(draft.tx, lock, { nowMs: services.clock.nowMs(), by: document.source ?? 'lock file' }) };
}

export async function carryOut(draft: ConfigDraft, items: readonly PlanItem[], services: MakeKeyServices): Promise<Applied> {
  const keys: GeneratedKey[] = [];
  for (const item of items) {
    if (item.action === 'delete') await draft.delete(item.object);
    else if (item.action === 'update') await draft.update(item.object, item.write);
    else await draft.insert(item.write);
    if (item.kind === 'keys') keys.push(...(await generate(draft, item, services)));
  }
  return { items, keys, locked: 0 };
}

async function generate(draft: ConfigDraft, item: PlanItem, services: MakeKeyServices): Promise<GeneratedKey[]> {
  const wants = (body: JsonObject | undefined): boolean => body?.['generate'] === true;
  const before = item.action === 'create' ? undefined : item.object.body;
  const after = item.action === 'delete' ? undefined : item.write.body;
  const stored = (await listActiveKeys(draft.tx)).find((key) => key.name === item.name);
  if (!wants(after)) {
    if (wants(before) && stored !== undefined) await revokeKey(draft.tx, stored.id, services.clock.nowMs());
    return [];
  }
  if (stored !== undefined) return [];
  // What it opens stands in the document, which wins over the stored row.
  const { key, value } = await makeKey(draft.tx, { name: item.name, endpoints: [], expiresAtMs: undefined, isSealed: false }, services);
  await insertKey(draft.tx, key);
  return [{ name: item.name, value }];
}
