/**
 * API keys: how a value looks, how it is made, and how one is recognised.
 *
 * A value is never compared with another. It is looked up by its keyed digest, so the time that takes says nothing
 * about how much of a guess was right, and what is stored opens nothing without the pepper.
 */
import { createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { RandomBytes } from '../base/ids.ts';

const PREFIX = 'sk_mt_';
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** 58 characters are 345 bits. */
const SECRET_CHARS = 58;
const CHECKSUM_CHARS = 6;
const VALUE = new RegExp(`^${PREFIX}[A-Za-z0-9]{${SECRET_CHARS + CHECKSUM_CHARS}}$`);
/** Bytes from here on would favour the first letters of the alphabet. */
const UNBIASED_BELOW = 256 - (256 % ALPHABET.length);

/** `sk_mt_`, 58 random letters and digits, and 6 that check them. */
export function newKeyValue(random: RandomBytes): string {
  let secret = '';
  while (secret.length < SECRET_CHARS) {
    for (const byte of random(SECRET_CHARS)) {
      if (byte < UNBIASED_BELOW && secret.length < SECRET_CHARS) secret += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return PREFIX + secret + checksumOf(secret);
}

/** The shape that made and configured values share. */
export function isKeyValue(text: string): boolean {
  return VALUE.test(text);
}

/** True of every value that was made here, so a typo and a leak can be told without a database. Configured values need not have it. */
export function hasKeyChecksum(value: string): boolean {
  const secret = value.slice(PREFIX.length, -CHECKSUM_CHARS);
  return isKeyValue(value) && value.endsWith(checksumOf(secret));
}

/** HMAC-SHA-256 (RFC 2104) of the value under the instance's pepper, hex: the only form in which a value is kept, and by which a snapshot finds its key. */
export function digestOf(pepper: Uint8Array, value: string): string {
  return createHmac('sha256', pepper).update(value, 'utf8').digest('hex');
}

/** CRC-32 as 6 letters and digits: 62^6 is just above 2^32. */
function checksumOf(secret: string): string {
  let rest = crc32(secret);
  let text = '';
  for (let count = 0; count < CHECKSUM_CHARS; count++) {
    text = ALPHABET.charAt(rest % ALPHABET.length) + text;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return text;
}
