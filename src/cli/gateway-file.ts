/**
 * `gateway.json`: how the command line finds the gateway that runs on a data folder. The gateway writes it, mode 0600,
 * and removes it when it stops; one that was left behind names a process that is gone.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GatewayFile } from '../contract/gateway-file.ts';
import { isRecord } from './stdio/message.ts';

/** Undefined when no gateway runs on the folder, as far as can be told without dialling it. */
export async function readGatewayFile(dataFolder: string): Promise<GatewayFile | undefined> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(join(dataFolder, 'gateway.json'), 'utf8'));
  } catch (error) {
    // Not there, or half written; a file that may not be read is worth a word.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (!isRecord(value)) return undefined;
  const { url, pid, token, adminUrl } = value;
  if (typeof url !== 'string' || typeof pid !== 'number' || typeof token !== 'string') return undefined;
  return isAlive(pid) ? { url, pid, token, ...(typeof adminUrl === 'string' ? { adminUrl } : {}) } : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process is alive, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
