/** The MCP clients that `connect` knows: where each keeps its servers, and in which form. */
import { join } from 'node:path';
import { type CliHost, variable } from './host.ts';

/** How the client reaches the endpoint. */
export type Reach =
  | { readonly kind: 'stdio'; readonly command: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> }
  | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> };

export interface McpClientProgram {
  readonly name: string;
  readonly title: string;
  /** The configuration file of this user, absolute. */
  readonly file: (host: CliHost) => string;
  /** The member of the file that holds the servers. */
  readonly member: 'mcpServers' | 'servers';
  readonly speaksHttp: boolean;
  readonly entry: (reach: Reach) => Readonly<Record<string, unknown>>;
}

const stdioEntry = (reach: Extract<Reach, { kind: 'stdio' }>): Readonly<Record<string, unknown>> => ({
  command: reach.command,
  args: reach.args,
  ...(Object.keys(reach.env).length > 0 && { env: reach.env }),
});

const httpEntry = (reach: Extract<Reach, { kind: 'http' }>, urlMember: string): Readonly<Record<string, unknown>> => ({
  [urlMember]: reach.url,
  ...(Object.keys(reach.headers).length > 0 && { headers: reach.headers }),
});

const plainEntry =
  (urlMember: string) =>
  (reach: Reach): Readonly<Record<string, unknown>> =>
    reach.kind === 'stdio' ? stdioEntry(reach) : httpEntry(reach, urlMember);
const typedEntry = (reach: Reach): Readonly<Record<string, unknown>> => ({ type: reach.kind, ...plainEntry('url')(reach) });

export const MCP_CLIENT_PROGRAMS: readonly McpClientProgram[] = [
  {
    name: 'claude-desktop',
    title: 'Claude Desktop',
    file: (host) => join(appFolder(host), 'Claude', 'claude_desktop_config.json'),
    member: 'mcpServers',
    speaksHttp: false,
    entry: plainEntry('url'),
  },
  {
    name: 'claude-code',
    title: 'Claude Code',
    file: (host) => join(host.homeFolder, '.claude.json'),
    member: 'mcpServers',
    speaksHttp: true,
    entry: typedEntry,
  },
  {
    name: 'cursor',
    title: 'Cursor',
    file: (host) => join(host.homeFolder, '.cursor', 'mcp.json'),
    member: 'mcpServers',
    speaksHttp: true,
    entry: plainEntry('url'),
  },
  {
    name: 'vscode',
    title: 'VS Code',
    file: (host) => join(appFolder(host), 'Code', 'User', 'mcp.json'),
    member: 'servers',
    speaksHttp: true,
    entry: typedEntry,
  },
  {
    name: 'windsurf',
    title: 'Windsurf',
    file: (host) => join(host.homeFolder, '.codeium', 'windsurf', 'mcp_config.json'),
    member: 'mcpServers',
    speaksHttp: true,
    entry: plainEntry('serverUrl'),
  },
  {
    name: 'gemini',
    title: 'Gemini CLI',
    file: (host) => join(host.homeFolder, '.gemini', 'settings.json'),
    member: 'mcpServers',
    speaksHttp: true,
    entry: plainEntry('httpUrl'),
  },
];

/** Where programs with windows keep their settings on this system. */
function appFolder(host: CliHost): string {
  if (host.platform === 'darwin') return join(host.homeFolder, 'Library', 'Application Support');
  if (host.platform === 'win32') return variable(host, 'APPDATA') ?? join(host.homeFolder, 'AppData', 'Roaming');
  return variable(host, 'XDG_CONFIG_HOME') ?? join(host.homeFolder, '.config');
}
