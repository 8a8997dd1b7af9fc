/**
 * The hash chain (AU-03): each record's hash covers the one before it, its number and its text, so that no record can
 * be changed, taken out or moved without all that follow it changing too. What is at the end is covered by signed heads.
 */
import { hash } from 'node:crypto';

/** What the first record of a chain follows. */
export const GENESIS = '0'.repeat(64);

/** Where a chain ends. */
export interface Head {
  readonly writer: string;
  /** Of the last record; 0 for an empty chain. */
  readonly seq: number;
  /** Hex. */
  readonly hash: string;
}

export interface SignedHead extends Head {
  readonly atMs: number;
  /** Ed25519, base64url. */
  readonly signature: string;
}

/** Hash of a record, hex. */
export function linkOf(previous: string, seq: number, text: string): string {
  return hash('sha256', `${previous}\n${seq}\n${text}`);
}

/** SHA-256, hex, of bytes or text as they are. */
export function digestOf(data: string | Uint8Array): string {
  return hash('sha256', data);
}

/** What a signature of a head is over. */
export function headText({ writer, seq, hash: last }: Head, atMs: number): string {
  return `metamcp audit head 1\n${writer}\n${seq}\n${last}\n${atMs}`;
}
