/**
 * The hash by which an approved definition is pinned: SHA-256 of canonical JSON (RFC 8785 in spirit: sorted keys) over
 * the whole definition as the server gave it, and the server's instructions. Any change of any member is another hash;
 * the order of members is none.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../protocol/canonical.ts';
import type { JsonObject } from '../../protocol/messages.ts';

/** `sha256:` and 64 hexadecimal digits. */
export function definitionHash(definition: JsonObject, instructions: string | undefined): string {
  return `sha256:${createHash('sha256')
    .update(canonicalJson({ definition, instructions: instructions ?? null }))
    .digest('hex')}`;
}
