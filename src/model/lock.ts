/**
 * The lock of a configuration (`mcp.lock`): which definitions were approved, by hash, so that another gateway accepts
 * the same ones and no others. A configuration document may carry it as `lock`, alone or beside everything else.
 */
import { z } from 'zod';
import { DEFINITION_KINDS, type DefinitionKey, type Pin } from './definition.ts';

const HASH = /^sha256:[0-9a-f]{64}$/;
const PREFIXES = DEFINITION_KINDS.map((kind) => `${kind}:`);

/** Namespace → server → `tool:NAME`, `prompt:NAME` or `resourceTemplate:TEMPLATE` → hash. What a server named here has beside it is not approved. */
export const LockSchema = z.record(
  z.string(),
  z.record(
    z.string(),
    z.record(
      z.string().refine((key) => PREFIXES.some((prefix) => key.startsWith(prefix)), 'expected tool:NAME, prompt:NAME or resourceTemplate:TEMPLATE'),
      z.string().regex(HASH, 'expected sha256: and 64 hexadecimal digits'),
    ),
  ),
);
export type Lock = z.infer<typeof LockSchema>;

/** One approved definition of a lock. */
export interface LockedDefinition extends DefinitionKey {
  readonly namespace: string;
  readonly hash: string;
}

/** In the order of their names, so that equal approvals make equal files. */
export function toLock(pins: readonly Pin[]): Lock {
  const lock: Lock = {};
  for (const { namespace, server, kind, name, hash } of pins.toSorted(byName)) {
    if (hash !== undefined) ((lock[namespace] ??= {})[server] ??= {})[`${kind}:${name}`] = hash;
  }
  return lock;
}

export function definitionsOf(lock: Lock): LockedDefinition[] {
  return Object.entries(lock).flatMap(([namespace, servers]) =>
    Object.entries(servers).flatMap(([server, hashes]) =>
      Object.entries(hashes).map(([key, hash]): LockedDefinition => {
        const [kind = 'tool'] = DEFINITION_KINDS.filter((candidate) => key.startsWith(`${candidate}:`));
        return { namespace, server, kind, name: key.slice(kind.length + 1), hash };
      }),
    ),
  );
}

function byName(a: Pin, b: Pin): number {
  const [one, other] = [a, b].map(({ namespace, server, kind, name }) => JSON.stringify([namespace, server, kind, name]));
  return (one ?? '') < (other ?? '') ? -1 : 1;
}
