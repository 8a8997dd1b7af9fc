/** A line as one types it in a terminal → a server. No shell is asked: quotes and backslashes are all that is read. */

export interface CommandServer {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface UrlServer {
  readonly url: string;
}

/** Undefined for an empty line. `NAME=value` in front are variables; an address is a remote server. */
export function parseCommandLine(line: string): CommandServer | UrlServer | undefined {
  const words = splitWords(line.replace(/^\s*[$>]\s+/, ''));
  const [first] = words;
  if (first === undefined) return undefined;
  if (words.length === 1 && /^https?:\/\/\S+$/.test(first)) return { url: first };
  const commandAt = words.findIndex((word) => !/^[A-Za-z_][A-Za-z0-9_]*=/.test(word));
  const command = words[commandAt];
  if (command === undefined) return undefined;
  const env = Object.fromEntries(words.slice(0, commandAt).map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
  return { command, args: words.slice(commandAt + 1), env };
}

function splitWords(line: string): string[] {
  const words: string[] = [];
  // A word is any row of quoted parts, escaped characters and others that are no space (POSIX shell, 2.2).
  for (const [word] of line.matchAll(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\]|["'\\])+/gs)) {
    words.push(word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs, (_, double?: string, single?: string, escaped?: string) => double?.replace(/\\(["\\$`])/g, '$1') ?? single ?? escaped ?? ''));
  }
  return words;
}

/** A name for it: the package without its scope, the program, or the host. */
export function proposeName(server: CommandServer | UrlServer): string {
  const source = 'url' in server ? new URL(server.url).hostname.replace(/^(?:mcp|www|api)[.]/, '').split('.')[0] : (server.args.find((arg) => /^[@a-z]/i.test(arg) && !arg.startsWith('-')) ?? server.command);
  const base = (source ?? '').replace(/^.*[\\/]/, '').replace(/@[^@]*$/, '').replace(/[.](?:js|ts|py|exe)$/, '');
  return base.replace(/^(?:mcp-)?server-|-mcp(?:-server)?$|^mcp-/g, '').replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '') || 'server';
}
