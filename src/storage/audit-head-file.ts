/** Where the chain ends, signed, in a file beside the record: whoever cuts the end off the record must also forge this. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { SignedHead } from '../audit/chain.ts';

export const HEAD_FILE = 'audit-head.json';

const HeadSchema = z.strictObject({ writer: z.string(), seq: z.int(), hash: z.string(), atMs: z.int(), signature: z.string() });

/** Whole or not at all. */
export function writeHeadFile(folder: string, head: SignedHead): void {
  const file = join(folder, HEAD_FILE);
  writeFileSync(`${file}.new`, JSON.stringify(head), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function readHeadFile(folder: string): SignedHead | 'unreadable' | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, HEAD_FILE), 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
  try {
    const head = HeadSchema.parse(JSON.parse(text));
    // Another spelling of the same is not what was written.
    return JSON.stringify(head) === text ? head : 'unreadable';
  } catch {
    return 'unreadable';
  }
}
