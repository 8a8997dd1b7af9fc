/** Writes and removes the file by which the command line finds this gateway. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { GATEWAY_FILE, type GatewayFile } from '../contract/gateway-file.ts';

/** Atomic, mode 0600: whoever reads it reads all of it, and nobody else can. Returns what removes it again. */
export function writeGatewayFile(dataFolder: string, content: GatewayFile): () => void {
  const file = join(dataFolder, GATEWAY_FILE);
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(content)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
  return () => rmSync(file, { force: true });
}
