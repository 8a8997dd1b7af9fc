/** The check of the record's files is a process of its own: writing goes on beside it, and it ends with the gateway. */
import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { RecordPack } from '../audit/record-pack.ts';
import type { Fault } from '../base/fault.ts';
import { listMonths } from '../storage/audit-file.ts';
import type { WriterPort } from '../storage/audit-sqlite.ts';
import { createWriterThread } from './audit-writer.ts';
import { checkAuditFiles } from './audit-files-check.ts';

const undo: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'metamcp-check-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function newWriter(folder: string): WriterPort {
  const privateKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const port = createWriterThread({ folder, writer: 'w', privateKey, digestKey: Buffer.alloc(32, 7) });
  undo.push(() => port.close());
  return port;
}

const write = (port: WriterPort, id: string): Promise<void> => port.append([RecordPack.of([{ record: JSON.stringify({ kind: 'call', id, atMs: 1 }) }])]);

/** A month that whoever opens it for reading waits for. */
function addStuckMonth(folder: string): string {
  const path = join(folder, 'audit-2020-01.db');
  execFileSync('mkfifo', [path]);
  return path;
}

test('[AU-03] what is wrong with a file is told, whatever is written meanwhile', async () => {
  const folder = newFolder();
  const port = newWriter(folder);
  await write(port, 'a');
  expect(await port.damage()).toEqual([]);
  writeFileSync(join(folder, 'audit-2020-01.db'), 'no database, and longer than the head of one would be'.repeat(99));
  expect(await Promise.all([port.damage(), write(port, 'b'), port.damage()])).toEqual([['audit-2020-01.db: file is not a database'], undefined, ['audit-2020-01.db: file is not a database']]);
});

test.skipIf(process.platform === 'win32')('records are written while the files are read, and nothing is deleted', async () => {
  const folder = newFolder();
  const port = newWriter(folder);
  await write(port, 'a');
  addStuckMonth(folder);
  const steps: string[] = [];
  const checked = port.damage().catch(({ code }: Fault) => code).then((end) => steps.push(`checked: ${end}`));
  const deleted = port.retain({ payloadsMs: undefined, recordsMs: undefined, nowMs: 2 }).then(() => steps.push('deleted'));
  for (const id of ['b', 'c', 'd']) await write(port, id).then(() => steps.push(id));
  await port.settle();
  const database = new Sqlite(join(folder, `audit-${listMonths(folder).at(-1)}.db`), { readonly: true });
  undo.push(() => void database.close());
  expect(database.prepare('select count(*) as count from record').get()).toEqual({ count: 4 });
  expect(steps).toEqual(['b', 'c', 'd']);
  // Not after the files were read: that would never be.
  await port.close();
  await Promise.all([checked, deleted]);
  expect(steps).toEqual(['b', 'c', 'd', 'checked: storage.unavailable', 'deleted']);
});

test('a folder that cannot be read is no folder without damage', async () => {
  const gone = join(newFolder(), 'gone');
  await expect(checkAuditFiles(gone, new AbortController().signal)).rejects.toMatchObject({ code: 'storage.unavailable', detail: expect.stringMatching(/^the files of the record could not be checked: ENOENT/) });
});

test.skipIf(process.platform !== 'linux')('nothing of it outlives a gateway that was killed', async () => {
  const folder = newFolder();
  addStuckMonth(folder);
  const script = `import { checkAuditFiles } from ${JSON.stringify(new URL('./audit-files-check.ts', import.meta.url).href)}; checkAuditFiles(${JSON.stringify(folder)}, new AbortController().signal);`;
  const gateway = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'ignore', 'inherit'] });
  undo.push(() => void gateway.kill('SIGKILL'));
  const children = (): string => readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, 'utf8').trim();
  await expect.poll(children, { timeout: 10_000 }).toMatch(/^\d+$/);
  const check = children();
  await expect.poll(() => commandOf(check)).toContain('audit-files-check.worker');
  gateway.kill('SIGKILL');
  await once(gateway, 'exit');
  await expect.poll(() => commandOf(check), { timeout: 10_000 }).toBe('');
});

/** Empty where there is no such process, or it has ended. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
