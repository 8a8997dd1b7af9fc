/** The lock of a document that is applied: for each server that it names, what it says replaces what was approved. */
import { type DefinitionKey, definitionKey } from '../../model/definition.ts';
import { definitionsOf, type Lock, type LockedDefinition } from '../../model/lock.ts';
import { deletePin, listPins, replacePins } from '../../storage/definition-pins.ts';
import type { Tx } from '../../storage/schema.ts';

export interface LockedBy {
  readonly nowMs: number;
  /** The file, or who applied it. */
  readonly by: string;
}

/** How many definitions are decided otherwise than before. */
export async function applyLock(tx: Tx, lock: Lock, { nowMs, by }: LockedBy): Promise<number> {
  const wanted = definitionsOf(lock);
  const keyOf = (one: DefinitionKey & { readonly namespace: string }): string => `${one.namespace} ${definitionKey(one)}`;
  const before = new Map((await listPins(tx)).map((pin) => [keyOf(pin), pin]));
  const isCovered = ({ namespace, server }: Pick<LockedDefinition, 'namespace' | 'server'>): boolean => Object.hasOwn(lock[namespace] ?? {}, server);
  const locked = new Set(wanted.map(keyOf));
  const gone = [...before.values()].filter((pin) => pin.hash !== undefined && isCovered(pin) && !locked.has(keyOf(pin)));
  for (const pin of gone) await deletePin(tx, pin.namespace, pin);
  const changed = wanted.filter((one) => before.get(keyOf(one))?.hash !== one.hash);
  await replacePins(
    tx,
    changed.map((one) => ({ ...one, rejectedHash: undefined, definition: undefined, instructions: undefined, decidedAtMs: nowMs, decidedBy: by })),
  );
  return gone.length + changed.length;
}
