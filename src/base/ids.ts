/** Ids made in the application: a prefix that names the noun, then a UUIDv7 (RFC 9562 section 5.7) as 32 hex digits. */
import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';

/** A source of random bytes; an argument, so that a test can fix it. */
export type RandomBytes = (count: number) => Uint8Array;

/** From the operating system's generator. */
export const systemRandom: RandomBytes = (count) => randomBytes(count);

/** E.g. `key_0198a1…`. Ids of later milliseconds sort after those of earlier ones. */
export function newId(prefix: string, clock: Clock, random: RandomBytes = systemRandom): string {
  const bytes = Buffer.from(random(16));
  bytes.writeUIntBE(clock.nowMs(), 0, 6);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  return `${prefix}_${bytes.toString('hex')}`;
}

/** Ids that are unique and need no randomness each: a random beginning for this process, then a count. */
export function createIdSequence(prefix: string, random: RandomBytes): () => string {
  const beginning = `${prefix}_${Buffer.from(random(10)).toString('hex')}`;
  let count = 0;
  return () => `${beginning}${(++count).toString(16).padStart(8, '0')}`;
}

/** Uniform from 0 up to 1, for jitter. */
export function randomFraction(random: RandomBytes): number {
  return Buffer.from(random(4)).readUInt32BE() / 2 ** 32;
}
