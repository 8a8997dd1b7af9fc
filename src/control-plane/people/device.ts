/** The device cookie: shows that a browser was signed in as a user before. It opens nothing; it only spares waits that strangers cause. */
import { digestOf } from '../../auth/keys.ts';
import type { AdminServices } from '../operation.ts';

const NONCE_BYTES = 16;

export function newDeviceValue(userId: string, { random, instanceKey }: Pick<AdminServices, 'random' | 'instanceKey'>): string {
  const nonce = Buffer.from(random(NONCE_BYTES)).toString('base64url');
  return `${nonce}.${markOf(nonce, userId, instanceKey)}`;
}

export function isDeviceOf(value: string | undefined, userId: string | undefined, { instanceKey }: Pick<AdminServices, 'instanceKey'>): boolean {
  const [nonce, mark] = (value ?? '').split('.');
  return nonce !== undefined && mark !== undefined && userId !== undefined && mark === markOf(nonce, userId, instanceKey);
}

/** Another key for the same digest function than for cookies and links: the word before keeps them apart. */
function markOf(nonce: string, userId: string, { pepper }: AdminServices['instanceKey']): string {
  return digestOf(pepper, `device ${nonce} ${userId}`);
}
