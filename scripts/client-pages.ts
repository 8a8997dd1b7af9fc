/**
 * What a page about one MCP client must say, from the code that the web pages and `metamcp connect` use: a test holds
 * the pages of docs/guides/clients against it, so that no file, shape or restart is told otherwise there.
 */
import type { CliHost } from '../src/cli/host.ts';
import { MCP_CLIENT_PROGRAMS, type McpClientProgram } from '../src/cli/mcp-clients.ts';
import { SNIPPETS, type Snippet, type System } from '../ui/features/endpoints/snippets.ts';

/** The endpoint of a first start; the key is whatever stands for one. */
export const SHOWN_REACH = { name: 'default', url: 'http://127.0.0.1:12008/metamcp/default/mcp', key: 'YOUR_API_KEY' } as const;

export interface ClientPage {
  readonly id: string;
  readonly title: string;
  /** Rows of the table at its top, as Markdown. */
  readonly facts: readonly string[];
  /** Fenced blocks that stand in it: with a key, and where the client signs in by itself, without one. */
  readonly blocks: readonly string[];
}

/** A page for each client that the web pages know, and for those that `metamcp connect` knows besides. */
export function listClientPages(): readonly ClientPage[] {
  const others = MCP_CLIENT_PROGRAMS.filter(({ name }) => !SNIPPETS.some(({ id }) => id === name));
  return [...SNIPPETS, ...others.map(snippetOf)].map((snippet) => ({
    id: snippet.id,
    title: snippet.id === 'stdio' ? 'Any other client that starts a command' : snippet.client,
    facts: factsOf(snippet),
    blocks: [fenced(snippet, SHOWN_REACH.key), ...(snippet.hasSignIn ? [fenced(snippet, undefined)] : [])],
  }));
}

/** Where `metamcp connect` writes, as the pages write paths of each system. */
export function placesOf(program: McpClientProgram): Readonly<Record<System, string>> {
  const on = (platform: NodeJS.Platform, homeFolder: string, env: Readonly<Record<string, string>> = {}): string => program.file({ platform, homeFolder, env } as unknown as CliHost);
  return { linux: on('linux', '~'), mac: on('darwin', '~'), windows: on('win32', '%USERPROFILE%', { APPDATA: '%APPDATA%' }).replaceAll('/', '\\') };
}

function snippetOf(program: McpClientProgram): Snippet {
  return {
    id: program.name,
    client: program.title,
    file: placesOf(program),
    language: 'json',
    text: ({ name, url, key }) => JSON.stringify({ [program.member]: { [name]: program.entry({ kind: 'http', url, headers: key === undefined ? {} : { Authorization: `Bearer ${key}` } }) } }, null, 2),
    // What `metamcp connect` says of every client.
    needsRestart: true,
    hasSignIn: true,
  };
}

function factsOf({ file, needsRestart, hasSignIn }: Snippet): string[] {
  const places = file === undefined ? [] : [`| file on Linux | \`${file.linux}\` |`, `| file on macOS | \`${file.mac}\` |`, `| file on Windows | \`${file.windows}\` |`];
  return [
    ...places,
    `| reads a change | ${needsRestart ? 'when it starts: quit it and open it again' : 'without a restart'} |`,
    `| may come in | ${hasSignIn ? 'with a key, or by signing in (OAuth) where the endpoint has `oauth`' : 'with a key'} |`,
  ];
}

const MARKS = { json: 'json', yaml: 'yaml', shell: 'sh', text: 'text' } as const;

function fenced({ language, text }: Snippet, key: string | undefined): string {
  return ['```' + `${MARKS[language]} snippet`, text({ ...SHOWN_REACH, key }), '```'].join('\n');
}
