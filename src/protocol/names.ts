/**
 * Own name and exposed name. `{as}__{own}` splits at the first `__`, which no server name holds, so the mapping is
 * injective whatever the own name looks like, and gateways nest.
 */

import { hash } from 'node:crypto';

export const SEPARATOR = '__';

export function exposedName(as: string, own: string, separator: string): string {
  return as + separator + own;
}

/** Address of a resource whose URI another server of the namespace already has. */
const COLLIDED_SCHEME = 'metamcp://resource/';

export function collidedUri(as: string, uri: string): string {
  return `${COLLIDED_SCHEME}${as}/${encodeURIComponent(uri)}`;
}

/** The text of a URI template (RFC 6570) before its first expression: what every expansion begins with. */
export function templatePrefix(uriTemplate: string): string {
  const brace = uriTemplate.indexOf('{');
  return brace < 0 ? uriTemplate : uriTemplate.slice(0, brace);
}

const UNSAFE = /[^A-Za-z0-9_.-]+/gu;
const SAFE = /^[A-Za-z0-9_.-]+$/;
const SAFE_CHARS_MAX = 128;
const DIGEST_CHARS = 8;

/**
 * The own names of one server's tools in characters that every client takes (2026-07-28, server/tools, "Tool Names"):
 * `get weather` is shown as `get_weather`. Where nothing telling would be left, or another tool has that name, a digest
 * of the own name follows. Depends on the set of names alone, never on their order. Names that are safe stay.
 */
export function safeNames(owns: readonly string[]): ReadonlyMap<string, string> {
  const unsafe = owns.filter((own) => !SAFE.test(own));
  if (unsafe.length === 0) return NOTHING_CHANGED;
  const plain = new Map(unsafe.map((own) => [own, own.normalize('NFKD').replace(ACCENTS, '').replace(UNSAFE, '_').replace(/^_+|_+$/g, '')]));
  const taken = new Map<string, number>();
  for (const name of [...owns.filter((own) => SAFE.test(own)), ...plain.values()]) taken.set(name, (taken.get(name) ?? 0) + 1);
  return new Map([...plain].map(([own, name]) => [own, name !== '' && taken.get(name) === 1 && !isMuchLost(own) ? name : withDigest(name, own)]));
}

const NOTHING_CHANGED: ReadonlyMap<string, string> = new Map();
const ACCENTS = /[\u0300-\u036f]/g;

/** A letter that goes may have been what told two tools apart, also tomorrow's. */
function isMuchLost(own: string): boolean {
  return /[\p{L}\p{N}]/u.test(own.normalize('NFKD').replace(ACCENTS, '').replace(/[A-Za-z0-9]/g, ''));
}

function withDigest(name: string, own: string): string {
  const digest = hash('sha256', own).slice(0, DIGEST_CHARS);
  return name === '' ? digest : `${name.slice(0, SAFE_CHARS_MAX - DIGEST_CHARS - 1)}_${digest}`;
}
