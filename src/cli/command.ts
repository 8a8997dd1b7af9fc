/** What a command is, and how its words are read: strictly, so that a mistyped flag is an error and not ignored. */
import { parseArgs } from 'node:util';
import type { CliHost } from './host.ts';
import { nearest } from './nearest.ts';
import { Refusal } from './refusal.ts';

export interface Flag {
  /** What stands for the value in help, e.g. `FOLDER`; a flag without it is a switch. */
  readonly value?: string;
  /** One letter, e.g. `f` for `-f`. */
  readonly short?: string;
  readonly help: string;
}

export interface Invocation {
  /** Words that are no flags. */
  readonly words: readonly string[];
  /** The value of a flag; undefined when it was not given. */
  flag(name: string): string | undefined;
  /** Whether a switch was given. */
  has(name: string): boolean;
  readonly host: CliHost;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The words after the name, e.g. `TOOL [ARGUMENTS]`. */
  readonly usage: string;
  readonly wordsMax: number;
  readonly flags: Readonly<Record<string, Flag>>;
  readonly examples: readonly string[];
  /** Hands its words through unread: `serve` has flags of its own. */
  readonly isRaw?: true;
  /** Loaded when the command runs, so that none pays for another. Resolves with the exit code. */
  readonly load: () => Promise<(invocation: Invocation) => Promise<number>>;
}

export const JSON_FLAG = { json: { help: 'Print JSON.' } } as const satisfies Record<string, Flag>;

/** Flags that say which gateway is meant. */
export const GATEWAY_FLAGS = {
  data: { value: 'FOLDER', help: 'Data folder of the gateway (METAMCP_DATA, default ./.metamcp).' },
  url: { value: 'ADDRESS', help: 'Address of the gateway (METAMCP_URL).' },
  ...JSON_FLAG,
} as const satisfies Record<string, Flag>;

/** Flags that say which endpoint is meant. */
export const ENDPOINT_FLAGS = {
  endpoint: { value: 'NAME', help: 'Endpoint (METAMCP_ENDPOINT, default: default, else the first).' },
  key: { value: 'KEY', help: 'API key (METAMCP_KEY, API_ACCESS_TOKEN); not needed on the same machine.' },
  ...GATEWAY_FLAGS,
} as const satisfies Record<string, Flag>;

/** Throws a Refusal for a flag or word that the command does not know. */
export function parseInvocation(command: Command, args: readonly string[], host: CliHost): Invocation {
  if (command.isRaw) return { words: args, flag: () => undefined, has: () => false, host };
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, flag]) => [name, { type: flag.value === undefined ? ('boolean' as const) : ('string' as const), ...(flag.short !== undefined && { short: flag.short }) }]),
  );
  const { tokens } = parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true });
  const values = new Map<string, string>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind === 'option') values.set(token.name, readFlag(command, token));
  }
  if (words.length > command.wordsMax)
    throw new Refusal(`One word too many: ${words[command.wordsMax] ?? ''}`, `Usage: metamcp ${command.name} ${command.usage}`);
  return { words, flag: (name) => values.get(name), has: (name) => values.has(name), host };
}

function readFlag(command: Command, token: { readonly name: string; readonly rawName: string; readonly value?: string | undefined }): string {
  const flag = command.flags[token.name];
  const help = `See: metamcp help ${command.name}`;
  if (flag === undefined) {
    const near = nearest(token.name, Object.keys(command.flags));
    throw new Refusal(`metamcp ${command.name} has no flag ${token.rawName}.`, near ? `Did you mean --${near}? ${help}` : help);
  }
  if (flag.value !== undefined && (token.value === undefined || token.value === ''))
    throw new Refusal(`${token.rawName} needs a value.`, `Write: ${token.rawName} ${flag.value}`);
  if (flag.value === undefined && token.value !== undefined) throw new Refusal(`${token.rawName} takes no value.`, help);
  return token.value ?? '';
}

/** The word at `index`. Throws a Refusal that shows the usage. */
export function getWord(invocation: Invocation, index: number, command: Pick<Command, 'name' | 'usage'>): string {
  const word = invocation.words[index];
  if (word !== undefined) return word;
  throw new Refusal(`metamcp ${command.name} needs ${command.usage}.`, `See: metamcp help ${command.name}`);
}
