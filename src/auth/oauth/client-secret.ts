/** Secrets of confidential clients: made here, shown once, kept as a keyed digest. */
import type { RandomBytes } from '../../base/ids.ts';

const SECRET_BYTES = 32;

export function newClientSecret(random: RandomBytes): string {
  return Buffer.from(random(SECRET_BYTES)).toString('base64url');
}

export function clientSecretDigest(secret: string, digestOf: (value: string) => string): string {
  return digestOf(`ClientSecret:${secret}`);
}
