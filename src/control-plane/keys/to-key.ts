import type { Key } from '../../contract/keys.ts';
import type { KeySpec } from '../../model/key.ts';
import type { StoredKey } from '../../storage/keys.ts';

/** A stored key as the admin API shows it: without digest and sealed value. */
export function toKey(key: StoredKey, starterKeyId: string | undefined): Key {
  return {
    ...toFileKey(key),
    formerUntil: toInstant(key.former?.untilMs),
    source: key.id === starterKeyId ? 'starter' : 'created',
    owner: key.owner ?? null,
    createdAt: toInstant(key.createdAtMs),
    lastUsedAt: toInstant(key.lastUsedAtMs),
    revokedAt: toInstant(key.revokedAtMs),
  };
}

/** A key that only the configuration file knows. */
export function toFileKey(key: KeySpec): Key {
  return {
    id: key.id,
    name: key.name,
    endpoints: [...key.endpoints],
    namespaces: key.namespaces === undefined ? null : [...key.namespaces],
    tools: key.tools === undefined ? null : [...key.tools],
    formerUntil: null,
    source: 'file',
    owner: null,
    createdAt: null,
    expiresAt: toInstant(key.expiresAtMs),
    lastUsedAt: null,
    revokedAt: null,
  };
}

function toInstant(atMs: number): string;
function toInstant(atMs: number | undefined): string | null;
function toInstant(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
