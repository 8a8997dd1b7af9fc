import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import type { Applied, Plan } from '../../contract/config.ts';
import type { ConfigFile } from '../admin-client.ts';
import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import type { CliHost } from '../host.ts';
import { plainBlock, printJson, printLines } from '../print.ts';
import { withProgress } from '../progress.ts';
import { Refusal } from '../refusal.ts';

/** `metamcp apply -f FILE`: the file owns what it makes, and what left it is deleted. Standard input owns nothing. */
export async function apply(invocation: Invocation): Promise<number> {
  const { flag, host } = invocation;
  const path = flag('file');
  const isFile = path !== undefined && path !== '-';
  const text = isFile ? await readText(path, host) : await readAll(host.stdin);
  if (!isFile && text.trim() === '') throw new Refusal('There is nothing on standard input.', 'Name a file: metamcp apply -f metamcp.yaml');
  const name = isFile ? basename(path) : 'metamcp.yaml';
  return send(invocation, { text, name, source: flag('source') ?? (isFile ? name : null), mode: 'apply' });
}

/** `metamcp import FILE`: adds servers, and to the namespace `default` what is new. */
export async function importFile(invocation: Invocation): Promise<number> {
  const path = getWord(invocation, 0, { name: 'import', usage: 'FILE' });
  return send(invocation, { text: await readText(path, invocation.host), name: basename(path), source: null, mode: 'import' });
}

async function send(invocation: Invocation, file: ConfigFile): Promise<number> {
  const { flag, has, host } = invocation;
  const admin = await openAdminClient(invocation);
  const answer = await withProgress(host, `Applying ${file.name}`, () => (has('dry-run') ? admin.planConfig(file) : admin.applyConfig({ ...file, reason: flag('reason') ?? '' })));
  printApplied(answer, { host, isJson: has('json') });
  return 0;
}

/** The plan, and for one that was carried out the version that it made. Values of new keys are shown this once. */
export function printApplied(answer: Plan | Applied, { host, isJson }: { readonly host: CliHost; readonly isJson: boolean }): void {
  if (isJson) {
    printJson(host, answer);
    return;
  }
  for (const warning of answer.warnings) host.stderr.write(`warning: ${plainBlock(warning)}\n`);
  printLines(host, [plainBlock(answer.text)]);
  if (!('version' in answer) || answer.items.length === 0) return;
  printLines(host, [`Applied as version ${answer.version}.`]);
  for (const key of answer.keys) printLines(host, [`Key ${key.name}, shown this once: ${key.value}`]);
}

async function readText(path: string, host: CliHost): Promise<string> {
  return readFile(resolve(host.workFolder, path), 'utf8').catch((cause: unknown) => {
    throw new Refusal(`The file ${path} cannot be read: ${(cause as Error).message}`, 'Name a configuration file, e.g. metamcp.yaml.', cause);
  });
}
