/**
 * A copy of a data folder, made while its gateway runs or not, and put back into an empty one. Databases are copied as they
 * are at one moment (`VACUUM INTO`), the record after the configuration that it tells of. The list of files with their
 * digests is written last: a copy without it was not finished.
 */
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { z } from 'zod';
import { Fault } from '../base/fault.ts';
import { DATABASE_FILE } from './sqlite.ts';

const LIST_FILE = 'backup.json';
/** What belongs to a running process, or is worth nothing elsewhere. */
const LEFT_OUT = /^(?:logs(?:\/|$)|gateway\.(?:lock|pid|json))|-(?:wal|shm|journal)$/;

const ListSchema = z.object({
  version: z.string(),
  madeAt: z.string(),
  /** False where the database is a PostgreSQL, which has backups of its own. */
  hasDatabase: z.boolean(),
  files: z.array(z.object({ path: z.string().regex(/^[^/.][^\\]*$/), bytes: z.int(), sha256: z.string() })),
});
export type BackupList = z.infer<typeof ListSchema>;

/** Resolves with what was copied. Faults: `config.invalid` where there is no data folder or `target` is there already. */
export function backUp(dataFolder: string, target: string, made: { readonly version: string; readonly at: string }): BackupList {
  if (!existsSync(join(dataFolder, 'instance.key')) && !existsSync(join(dataFolder, DATABASE_FILE))) throw new Fault('config.invalid', { message: `${dataFolder} is no data folder of a gateway.` });
  if (existsSync(target)) throw new Fault('config.invalid', { message: `${target} is there already: name a folder that is not.` });
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const paths = listFiles(dataFolder).sort((a, b) => orderOf(a) - orderOf(b) || (a < b ? -1 : 1));
  const files = paths.map((path) => {
    const to = join(target, path);
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    if (path.endsWith('.db')) copyDatabase(join(dataFolder, path), to);
    else copyFileSync(join(dataFolder, path), to);
    chmodSync(to, 0o600);
    return { path, ...digestOf(to) };
  });
  const list: BackupList = { version: made.version, madeAt: made.at, hasDatabase: paths.includes(DATABASE_FILE), files };
  writeFileSync(join(target, LIST_FILE), `${JSON.stringify(list, null, 2)}\n`, { mode: 0o600, flush: true });
  return list;
}

/** Faults: `config.invalid` where the copy is not whole or `dataFolder` has something in it; nothing is written then. */
export function restore(source: string, dataFolder: string): BackupList {
  const list = readList(source);
  for (const { path, bytes, sha256 } of list.files) {
    const found = existsSync(join(source, path)) ? digestOf(join(source, path)) : undefined;
    if (found?.bytes !== bytes || found.sha256 !== sha256) throw new Fault('config.invalid', { message: `${join(source, path)} is missing or not as it was when the backup was made.` });
  }
  if (existsSync(dataFolder) && readdirSync(dataFolder).length > 0) throw new Fault('config.invalid', { message: `${dataFolder} is not empty: name another folder, or put this one aside.` });
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  for (const { path } of list.files) {
    const to = join(dataFolder, path);
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    copyFileSync(join(source, path), to);
    chmodSync(to, 0o600);
  }
  return list;
}

function readList(source: string): BackupList {
  try {
    return ListSchema.parse(JSON.parse(readFileSync(join(source, LIST_FILE), 'utf8')));
  } catch (cause) {
    throw new Fault('config.invalid', { message: `${source} is no backup, or was not finished: it has no ${LIST_FILE} that can be read.`, cause });
  }
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1).replaceAll('\\', '/'))
    .filter((path) => !LEFT_OUT.test(path));
}

/** What tells of others is copied after them: heads of the record, then the configuration, then the record. */
function orderOf(path: string): number {
  if (path === DATABASE_FILE) return 1;
  return path.endsWith('.db') ? 2 : 0;
}

function copyDatabase(from: string, to: string): void {
  const database = new Sqlite(from, { readonly: true, timeout: 5_000 });
  try {
    database.prepare('vacuum into ?').run(to);
  } finally {
    database.close();
  }
}

function digestOf(path: string): { readonly bytes: number; readonly sha256: string } {
  const content = readFileSync(path);
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}
