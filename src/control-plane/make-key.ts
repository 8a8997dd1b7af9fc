import { digestOf, newKeyValue } from '../auth/keys.ts';
import { newId } from '../base/ids.ts';
import { seal } from '../base/sealed.ts';
import type { KeySpec } from '../model/key.ts';
import type { StoredKey } from '../storage/keys.ts';
import type { AdminServices } from './operation.ts';

export type MakeKeyServices = Pick<AdminServices, 'clock' | 'random' | 'instanceKey'>;

export interface MakeKeyInput extends Pick<KeySpec, 'name' | 'endpoints' | 'expiresAtMs'> {
  /** Whether the value can be shown again later. */
  readonly isSealed: boolean;
  /** Id of the principal it is private to; undefined: public. */
  readonly owner?: string | undefined;
}

/** A new key and its value, not stored yet. Whoever stores it must show the value now: there is no other time. */
export function makeKey(input: MakeKeyInput, services: MakeKeyServices): { readonly key: StoredKey; readonly value: string } {
  const { clock, random, instanceKey } = services;
  const { name, endpoints, expiresAtMs } = input;
  const id = newId('key', clock, random);
  const value = newKeyValue(random);
  const key = {
    id,
    name,
    endpoints,
    digest: digestOf(instanceKey.pepper, value),
    sealedValue: input.isSealed ? seal(value, { key: instanceKey.sealing, record: sealedRecordOf(id) }, random) : undefined,
    expiresAtMs,
    createdAtMs: clock.nowMs(),
    lastUsedAtMs: undefined,
    revokedAtMs: undefined,
    owner: input.owner,
  };
  return { key, value };
}

/** What a sealed value is bound to. */
export function sealedRecordOf(id: string): string {
  return `key:${id}`;
}
