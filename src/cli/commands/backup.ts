import { resolve } from 'node:path';
import { getWord, type Invocation } from '../command.ts';
import { dataFolderOf } from '../locate.ts';
import { printJson, printLines } from '../print.ts';
import { Refusal } from '../refusal.ts';

/** `metamcp backup FOLDER`: a copy of the data folder, whether its gateway runs or not. */
export async function backup(invocation: Invocation): Promise<number> {
  const { has, host, flag } = invocation;
  const target = resolve(host.workFolder, getWord(invocation, 0, { name: 'backup', usage: 'FOLDER' }));
  const made = await folders(host).backUp(dataFolderOf({ data: flag('data') }, host), target);
  if (has('json')) printJson(host, { folder: target, ...made });
  else printLines(host, [`${made.files} files are in ${target}. They hold secrets: keep them as you keep passwords.`, ...(made.hasDatabase ? [] : ['The database is not among them: back up the PostgreSQL too (pg_dump).'])]);
  return 0;
}

/** `metamcp restore FOLDER`: puts a backup into a data folder that is empty or not there. */
export async function restore(invocation: Invocation): Promise<number> {
  const { has, host, flag } = invocation;
  const source = resolve(host.workFolder, getWord(invocation, 0, { name: 'restore', usage: 'FOLDER' }));
  const data = dataFolderOf({ data: flag('data') }, host);
  const made = await folders(host).restore(source, data);
  if (has('json')) printJson(host, { data, ...made });
  else printLines(host, [`${made.files} files are in ${data}, as version ${made.version} had them. Start it with: metamcp serve --data ${data}`]);
  return 0;
}

function folders(host: Invocation['host']): NonNullable<Invocation['host']['folders']> {
  if (host.folders !== undefined) return host.folders;
  throw new Refusal('This program cannot copy data folders.', 'Run the metamcp that the gateway runs with.');
}
