/**
 * `metamcp connect CLIENT`: one entry in that client's file; everything else in it stays as it is, and a backup lies
 * beside it. By default the entry starts `metamcp stdio`, which needs no key on this machine.
 */
import { copyFile, mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { getWord, type Invocation } from '../command.ts';
import { endpointFlagsOf } from '../endpoint-flags.ts';
import type { CliHost } from '../host.ts';
import { dataFolderOf, getGateway, mcpUrlOf } from '../locate.ts';
import { MCP_CLIENT_PROGRAMS, type McpClientProgram, type Reach } from '../mcp-clients.ts';
import { nearest } from '../nearest.ts';
import { printJson, printLines } from '../print.ts';
import { Refusal } from '../refusal.ts';
import { isRecord } from '../stdio/message.ts';

export async function connect(invocation: Invocation): Promise<number> {
  const { has, flag, host } = invocation;
  const program = getProgram(getWord(invocation, 0, { name: 'connect', usage: 'CLIENT' }));
  const reach = has('http') ? await reachByHttp(invocation, program) : reachByStdio(invocation);
  const name = flag('name') ?? 'metamcp';
  const entry = program.entry(reach);
  if (has('print')) {
    printJson(host, { [program.member]: { [name]: entry } });
    return 0;
  }
  const file = program.file(host);
  const backup = await writeEntry(host, { file, member: program.member, name, entry });
  if (has('json')) printJson(host, { client: program.name, file, backup: backup ?? null, name });
  else
    printLines(host, [
      `${program.title}: wrote ${JSON.stringify(name)} into ${file}`,
      ...(backup === undefined ? [] : [`The file as it was: ${backup}`]),
      `Restart ${program.title} to use it.`,
    ]);
  return 0;
}

function getProgram(word: string): McpClientProgram {
  const names = MCP_CLIENT_PROGRAMS.map((program) => program.name);
  const program = MCP_CLIENT_PROGRAMS.find((candidate) => candidate.name === word);
  if (program !== undefined) return program;
  const near = nearest(word, names);
  throw new Refusal(
    `metamcp connect does not know the client ${JSON.stringify(word)}.`,
    near ? `Did you mean: metamcp connect ${near}?` : `It knows: ${names.join(', ')}`,
  );
}

function reachByStdio(invocation: Invocation): Reach {
  const { flag, host } = invocation;
  const [command, ...selfArgs] = host.selfCommand;
  const { endpoint, url, key } = endpointFlagsOf(invocation);
  const named = endpoint === undefined ? [] : ['--endpoint', endpoint];
  const where = url === undefined ? ['--data', dataFolderOf({ data: flag('data') }, host)] : ['--url', url];
  // A key goes into the environment: arguments of a process can be read by everybody on the machine.
  return { kind: 'stdio', command, args: [...selfArgs, 'stdio', ...named, ...where], env: key === undefined ? {} : { METAMCP_KEY: key } };
}

async function reachByHttp(invocation: Invocation, program: McpClientProgram): Promise<Reach> {
  if (!program.speaksHttp) throw new Refusal(`${program.title} reads no addresses from its file.`, `Leave --http away: metamcp connect ${program.name}`);
  const { endpoint, key, url, data } = endpointFlagsOf(invocation);
  const gateway = await getGateway({ url, data }, invocation.host);
  const headers = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  if (key === undefined) invocation.host.stderr.write('No key given: the client will be asked to sign in. Make one with: metamcp keys create NAME\n');
  return { kind: 'http', url: mcpUrlOf(gateway, endpoint ?? 'default'), headers };
}

interface Entry {
  readonly file: string;
  readonly member: string;
  readonly name: string;
  readonly entry: Readonly<Record<string, unknown>>;
}

/** Writes beside the file and renames, so that the client never reads half of it. Resolves with the backup's path, if there was a file. */
async function writeEntry(host: CliHost, { file, member, name, entry }: Entry): Promise<string | undefined> {
  const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new Refusal(`${file} cannot be read: ${error.message}`, 'Check its permissions, or use --print and write it by hand.', error);
  });
  const document = before === undefined || before.trim() === '' ? {} : parseDocument(before, file);
  const entries = isRecord(document[member]) ? document[member] : {};
  const after = `${JSON.stringify({ ...document, [member]: { ...entries, [name]: entry } }, null, 2)}\n`;
  let backup: string | undefined;
  let mode = 0o600;
  if (before !== undefined) {
    backup = `${file}.${new Date(host.clock.nowMs()).toISOString().replaceAll(':', '-')}.backup`;
    mode = (await stat(file)).mode & 0o777;
    await copyFile(file, backup);
  }
  await mkdir(dirname(file), { recursive: true });
  // A link stays one: people keep such files elsewhere.
  const place = await realpath(file).catch(() => file);
  const draft = `${place}.metamcp-new`;
  await writeFile(draft, after, { mode });
  await rename(draft, place);
  return backup;
}

function parseDocument(text: string, file: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Refusal(`${file} is not plain JSON (comments would be lost): ${(cause as Error).message}`, 'Print the entry with --print and paste it.', cause);
  }
  if (!isRecord(value)) throw new Refusal(`${file} does not hold a JSON object.`, 'Print the entry with --print and paste it.');
  return value;
}
