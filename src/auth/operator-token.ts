/** The operator token: the credential of whoever can read the data folder. A new one at every start. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../base/ids.ts';
import type { Principal } from '../model/principal.ts';

const TOKEN_BYTES = 32;

export const OPERATOR: Principal = { kind: 'operator', id: 'operator', credentialId: 'operator-token', name: 'operator' };

/** `mt_op_` and 256 random bits in base64url. */
export function newOperatorToken(random: RandomBytes): string {
  return `mt_op_${Buffer.from(random(TOKEN_BYTES)).toString('base64url')}`;
}

/** Digests are compared, so length and content of a guess change no timing. */
export function isSameToken(shown: string, expected: string): boolean {
  return timingSafeEqual(sha256(shown), sha256(expected));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
