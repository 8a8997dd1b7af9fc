/** The key that heads of the chain are signed with (Ed25519, RFC 8032): sealed in the data folder, its public half beside it. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject, sign, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { open, seal } from '../base/sealed.ts';
import { type Head, headText, type SignedHead } from './chain.ts';

export const SIGNING_KEY_FILE = 'audit-signing.key';
export const PUBLIC_KEY_FILE = 'audit-public-key.pem';
const SEAL_RECORD = 'audit signing key';

export interface SigningKey {
  /** Names the chain: the beginning of the public key's digest. */
  readonly writer: string;
  /** PEM (PKCS #8). Secret. */
  readonly privateKey: string;
  /** PEM (SPKI). */
  readonly publicKey: string;
}

/** Makes the files (mode 0600) where they are missing. Faults: `storage.secret_unreadable`. */
export function openSigningKey(dataFolder: string, sealing: Uint8Array): SigningKey {
  const file = join(dataFolder, SIGNING_KEY_FILE);
  const sealed = readIfThere(file);
  const privateKey = sealed === undefined ? newPrivateKey() : open(sealed.trim(), { key: sealing, record: SEAL_RECORD });
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  if (sealed === undefined) {
    writeFileSync(file, `${seal(privateKey, { key: sealing, record: SEAL_RECORD })}\n`, { mode: 0o600, flag: 'wx', flush: true });
    writeFileSync(join(dataFolder, PUBLIC_KEY_FILE), publicKey, { mode: 0o600 });
  }
  return { writer: writerOf(publicKey), privateKey, publicKey };
}

/** Undefined where the text is no public key of this kind. */
export function readPublicKey(pem: string): { readonly key: KeyObject; readonly writer: string; readonly pem: string } | undefined {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') return undefined;
    const own = key.export({ type: 'spki', format: 'pem' }).toString();
    return { key, writer: writerOf(own), pem: own };
  } catch {
    return undefined;
  }
}

/** Signs heads with one key. */
export function createSigner(privateKey: string): (head: Head, atMs: number) => SignedHead {
  const key = createPrivateKey(privateKey);
  return (head, atMs) => ({ ...head, atMs, signature: sign(null, Buffer.from(headText(head, atMs)), key).toString('base64url') });
}

export function isSignedBy(head: SignedHead, key: KeyObject): boolean {
  const signature = Buffer.from(head.signature, 'base64url');
  // Another text of the same bytes is not what was written.
  if (signature.toString('base64url') !== head.signature) return false;
  return verify(null, Buffer.from(headText(head, head.atMs)), key, signature);
}

function newPrivateKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function writerOf(publicKey: string): string {
  return hash('sha256', publicKey).slice(0, 16);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}
