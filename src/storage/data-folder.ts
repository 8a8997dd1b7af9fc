/**
 * The data folder: private to its user and to one gateway at a time.
 *
 * The lock is an open exclusive transaction on a small SQLite file: a lock of the kernel, which ends with the
 * process however it ends, so there is no stale lock to clean up. The file beside it only names the holder.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Fault } from '../base/fault.ts';

const LOCK_FILE = 'gateway.lock';
const HOLDER_FILE = 'gateway.pid';
const OTHERS = 0o077;

export interface DataFolder {
  readonly path: string;
  /** Gives it back; harmless when done twice. */
  release(): void;
}

/** Makes the folder where it is missing and takes it. Faults: `storage.locked`, `config.invalid`. */
export function lockDataFolder(dataFolder: string): DataFolder {
  makePrivate(dataFolder);
  const lock = new Sqlite(join(dataFolder, LOCK_FILE), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    if (isBusy(cause)) throw lockedFault(dataFolder, cause);
    throw cause;
  }
  const holderFile = join(dataFolder, HOLDER_FILE);
  writeFileSync(holderFile, `${process.pid}\n`, { mode: 0o600 });
  return {
    path: dataFolder,
    release() {
      if (!lock.open) return;
      rmSync(holderFile, { force: true });
      lock.close();
    },
  };
}

function makePrivate(dataFolder: string): void {
  try {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
    if (process.platform !== 'win32' && (statSync(dataFolder).mode & OTHERS) !== 0) chmodSync(dataFolder, 0o700);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('config.invalid', { message: `The data folder cannot be made private to this user: ${reason}`, cause });
  }
}

function isBusy(thrown: unknown): boolean {
  return thrown instanceof Sqlite.SqliteError && thrown.code.startsWith('SQLITE_BUSY');
}

function lockedFault(dataFolder: string, cause: unknown): Fault {
  const pid = holderOf(dataFolder);
  const holder = pid === undefined ? 'another process' : `the process ${pid}`;
  return new Fault('storage.locked', { message: `The data folder ${dataFolder} is in use by ${holder}.`, data: pid === undefined ? {} : { pid }, cause });
}

/** Undefined in the instant between its lock and its file. */
function holderOf(dataFolder: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(dataFolder, HOLDER_FILE), 'utf8'), 10);
    return Number.isSafeInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
