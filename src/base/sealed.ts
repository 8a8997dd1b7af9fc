/**
 * Sealed values: secrets we must be able to show again, encrypted with AES-256-GCM (NIST SP 800-38D).
 *
 * The additional data names the record a value belongs to, so a sealed value that is moved to another
 * record does not open there.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { Fault } from './fault.ts';
import { type RandomBytes, systemRandom } from './ids.ts';

const ALGORITHM = 'aes-256-gcm';
/** Names algorithm and layout: nonce, ciphertext, tag, in base64url. */
const FORMAT = 'v1.';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface SealInput {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** The record the value belongs to, e.g. `key:key_0198…`. */
  readonly record: string;
}

export function seal(plain: string, input: SealInput, random: RandomBytes = systemRandom): string {
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, input.key, nonce);
  cipher.setAAD(Buffer.from(input.record, 'utf8'));
  const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return FORMAT + sealed.toString('base64url');
}

/**
 * As `seal`, but the same text sealed for the same record is the same every time: its nonce is made from both (as RFC
 * 8452 does), with a key of its own. For identifiers that must stay what they are; it shows which sealed texts are equal.
 */
export function sealSame(plain: string, input: SealInput): string {
  const nonceKey = new Uint8Array(hkdfSync('sha256', input.key, new Uint8Array(), 'nonce of sealSame', 32));
  const nonce = createHmac('sha256', nonceKey).update(`${input.record.length}\n${input.record}\n${plain}`).digest();
  return seal(plain, input, (length) => nonce.subarray(0, length));
}

/** Throws `storage.secret_unreadable` where the key, the record or the bytes are not those that were sealed. */
export function open(sealed: string, input: SealInput): string {
  const bytes = Buffer.from(sealed.slice(FORMAT.length), 'base64url');
  if (!sealed.startsWith(FORMAT) || bytes.length < NONCE_BYTES + TAG_BYTES) {
    throw new Fault('storage.secret_unreadable', { detail: `the sealed value of ${input.record} has an unknown form` });
  }
  const decipher = createDecipheriv(ALGORITHM, input.key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(input.record, 'utf8'));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch (cause) {
    throw new Fault('storage.secret_unreadable', { detail: `the sealed value of ${input.record} does not open`, cause });
  }
}
