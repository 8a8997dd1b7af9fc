/**
 * The instance key: 32 random bytes in the data folder, never in the database, from which every other key of ours
 * is derived (HKDF-SHA-256, RFC 5869). Whoever has only the database can use no key and open no secret in it.
 */
import { hkdfSync } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../base/fault.ts';
import type { RandomBytes } from '../base/ids.ts';

export const INSTANCE_KEY_FILE = 'instance.key';

const KEY_BYTES = 32;

export interface InstanceKey {
  /** For the digests of API keys. */
  readonly pepper: Uint8Array;
  /** For sealed values. */
  readonly sealing: Uint8Array;
  /** For the data keys of the envelope. */
  readonly wrapping: Uint8Array;
  /** For digests of what is recorded. */
  readonly digesting: Uint8Array;
  /** Tells instance keys apart without saying anything about them; kept in the database. */
  readonly check: string;
}

/**
 * Makes the file (mode 0600) where it is missing; `given` (32 bytes), which gateways of one instance share, goes before it
 * and is not written down. Faults: `storage.secret_unreadable` where the file is no key, or another one than `given`.
 */
export function openInstanceKey(dataFolder: string, random: RandomBytes, given?: Buffer): InstanceKey {
  const file = join(dataFolder, INSTANCE_KEY_FILE);
  const kept = readKey(file);
  if (given !== undefined && kept !== undefined && !kept.equals(given)) throw new Fault('storage.secret_unreadable', { message: `${file} is another key than METAMCP_INSTANCE_KEY: remove one of them.` });
  const bytes = given ?? kept ?? createKey(file, random);
  if (bytes.length !== KEY_BYTES) {
    throw new Fault('storage.secret_unreadable', { message: `${file} is not an instance key: it must be ${KEY_BYTES} bytes.` });
  }
  return {
    pepper: derive(bytes, 'metamcp key digest 1'),
    sealing: derive(bytes, 'metamcp sealed value 1'),
    wrapping: derive(bytes, 'metamcp data key 1'),
    digesting: derive(bytes, 'metamcp record digest 1'),
    check: derive(bytes, 'metamcp instance check 1').toString('hex'),
  };
}

function derive(secret: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY_BYTES));
}

function readKey(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** On disk before it has its name: a key that was used once and lost would make all that it sealed unreadable. */
function createKey(file: string, random: RandomBytes): Buffer {
  const bytes = Buffer.from(random(KEY_BYTES));
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    writeSync(descriptor, bytes);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  linkSync(draft, file);
  rmSync(draft);
  return bytes;
}
