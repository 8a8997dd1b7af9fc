import { randomBytes } from 'node:crypto';

/** A value for a key in a configuration file. */
export function randomKey(): string {
  return `sk_mt_${randomBytes(32).toString('hex')}`;
}
