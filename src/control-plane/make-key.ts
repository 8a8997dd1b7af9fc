import { digestOf, newKeyValue } from '../auth/keys.ts';
import { newId } from '../base/ids.ts';
import { seal } from '../base/sealed.ts';
import type { KeySpec } from '../model/key.ts';
import { loadKeyPeppers } from '../storage/key-peppers.ts';
import type { StoredKey } from '../storage/keys.ts';
import type { Tx } from '../storage/schema.ts';
import type { AdminServices } from './operation.ts';

export type MakeKeyServices = Pick<AdminServices, 'clock' | 'random' | 'instanceKey'>;

export interface MakeKeyInput extends Pick<KeySpec, 'name' | 'endpoints' | 'namespaces' | 'tools' | 'expiresAtMs'> {
  /** Whether the value can be shown again later. */
  readonly isSealed: boolean;
  /** Id of the principal it is private to; undefined: public. */
  readonly owner?: string | undefined;
}

/** A new key and its value, not stored yet. Whoever stores it must show the value now: there is no other time. */
export async function makeKey(tx: Tx, input: MakeKeyInput, services: MakeKeyServices): Promise<{ readonly key: StoredKey; readonly value: string }> {
  const { clock, random } = services;
  const { name, endpoints, namespaces, tools, expiresAtMs } = input;
  const id = newId('key', clock, random);
  const { value, ...proof } = await makeKeyValue(tx, { id, isSealed: input.isSealed }, services);
  const key = {
    id,
    name,
    endpoints,
    namespaces,
    tools,
    ...proof,
    expiresAtMs,
    createdAtMs: clock.nowMs(),
    lastUsedAtMs: undefined,
    revokedAtMs: undefined,
    owner: input.owner,
  };
  return { key, value };
}

/** A new value for the key of that id, as it is shown and as it is stored. */
export async function makeKeyValue(
  tx: Tx,
  { id, isSealed }: { readonly id: string; readonly isSealed: boolean },
  { random, instanceKey }: MakeKeyServices,
): Promise<Pick<StoredKey, 'digest' | 'sealedValue'> & { readonly value: string }> {
  const value = newKeyValue(random);
  const sealedValue = isSealed ? seal(value, { key: instanceKey.sealing, record: sealedRecordOf(id) }, random) : undefined;
  const renewed = await loadKeyPeppers(tx, instanceKey.wrapping);
  return { value, digest: renewed(digestOf(instanceKey.pepper, value)), sealedValue };
}

/** What a sealed value is bound to. */
export function sealedRecordOf(id: string): string {
  return `key:${id}`;
}
