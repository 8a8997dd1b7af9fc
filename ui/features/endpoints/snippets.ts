/**
 * What to write where, so that an MCP client uses an endpoint: each client's own file and shape. Clients that speak no
 * streamable HTTP get a bridge that does (mcp-remote).
 */

export type System = 'linux' | 'mac' | 'windows';

export interface Reach {
  /** Name of the endpoint: what the client calls the server. */
  readonly name: string;
  readonly url: string;
  /** The value of a key, or what stands for it; undefined where the client signs in by itself or nothing is asked. */
  readonly key: string | undefined;
}

export interface Snippet {
  readonly id: string;
  /** As the client writes itself. */
  readonly client: string;
  /** Path of its file; undefined for a command. */
  readonly file?: Readonly<Record<System, string>>;
  readonly language: 'json' | 'yaml' | 'shell' | 'text';
  readonly text: (reach: Reach) => string;
  /** Whether it reads the file only when it starts. */
  readonly needsRestart: boolean;
  /** It can sign in by itself (OAuth). */
  readonly hasSignIn: boolean;
}

const everywhere = (path: string): Record<System, string> => ({ linux: `~/${path}`, mac: `~/${path}`, windows: `%USERPROFILE%\\${path.replaceAll('/', '\\')}` });
const inAppFolder = (path: string): Record<System, string> => ({ linux: `~/.config/${path}`, mac: `~/Library/Application Support/${path}`, windows: `%APPDATA%\\${path.replaceAll('/', '\\')}` });

const asJson = (value: unknown): string => JSON.stringify(value, null, 2);
const headersOf = ({ key }: Reach): { headers?: Record<string, string> } => (key === undefined ? {} : { headers: { Authorization: `Bearer ${key}` } });

/** A process that speaks stdio to the client and streamable HTTP to us. Its arguments hold no key: other users can read them. */
function bridge({ url, key }: Reach): { command: string; args: string[]; env?: Record<string, string> } {
  const plainHttp = url.startsWith('http:') ? ['--allow-http'] : [];
  const header = key === undefined ? [] : ['--header', 'Authorization:${AUTH_HEADER}'];
  return { command: 'npx', args: ['-y', 'mcp-remote', url, ...plainHttp, ...header], ...(key !== undefined && { env: { AUTH_HEADER: `Bearer ${key}` } }) };
}

export const SNIPPETS: readonly Snippet[] = [
  {
    id: 'claude-desktop',
    client: 'Claude Desktop',
    file: inAppFolder('Claude/claude_desktop_config.json'),
    language: 'json',
    text: (reach) => asJson({ mcpServers: { [reach.name]: bridge(reach) } }),
    needsRestart: true,
    hasSignIn: true,
  },
  {
    id: 'claude-code',
    client: 'Claude Code',
    language: 'shell',
    text: ({ name, url, key }) => `claude mcp add --transport http ${quote(name)} ${quote(url)}${key === undefined ? '' : ` --header ${quote(`Authorization: Bearer ${key}`)}`}`,
    needsRestart: false,
    hasSignIn: true,
  },
  { id: 'cursor', client: 'Cursor', file: everywhere('.cursor/mcp.json'), language: 'json', text: (reach) => asJson({ mcpServers: { [reach.name]: { url: reach.url, ...headersOf(reach) } } }), needsRestart: false, hasSignIn: true },
  {
    id: 'vscode',
    client: 'VS Code',
    file: inAppFolder('Code/User/mcp.json'),
    language: 'json',
    text: (reach) => asJson({ servers: { [reach.name]: { type: 'http', url: reach.url, ...headersOf(reach) } } }),
    needsRestart: false,
    hasSignIn: true,
  },
  {
    id: 'windsurf',
    client: 'Windsurf',
    file: everywhere('.codeium/windsurf/mcp_config.json'),
    language: 'json',
    text: (reach) => asJson({ mcpServers: { [reach.name]: { serverUrl: reach.url, ...headersOf(reach) } } }),
    needsRestart: false,
    hasSignIn: true,
  },
  {
    id: 'zed',
    client: 'Zed',
    file: { linux: '~/.config/zed/settings.json', mac: '~/.config/zed/settings.json', windows: '%APPDATA%\\Zed\\settings.json' },
    language: 'json',
    text: (reach) => asJson({ context_servers: { [reach.name]: { url: reach.url, ...headersOf(reach) } } }),
    needsRestart: false,
    hasSignIn: true,
  },
  {
    id: 'continue',
    client: 'Continue',
    file: everywhere('.continue/config.yaml'),
    language: 'yaml',
    text: ({ name, url, key }) =>
      ['mcpServers:', `  - name: ${JSON.stringify(name)}`, '    type: streamable-http', `    url: ${JSON.stringify(url)}`, ...(key === undefined ? [] : ['    requestOptions:', '      headers:', `        Authorization: ${JSON.stringify(`Bearer ${key}`)}`])].join('\n'),
    needsRestart: false,
    hasSignIn: false,
  },
  {
    id: 'cline',
    client: 'Cline',
    file: inAppFolder('Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json'),
    language: 'json',
    text: (reach) => asJson({ mcpServers: { [reach.name]: { type: 'streamableHttp', url: reach.url, ...headersOf(reach), disabled: false } } }),
    needsRestart: false,
    hasSignIn: false,
  },
  {
    id: 'open-webui',
    client: 'Open WebUI',
    language: 'text',
    text: ({ url, key }) => [`Type: MCP (Streamable HTTP)`, `URL: ${url}`, key === undefined ? 'Auth: None' : 'Auth: Bearer', ...(key === undefined ? [] : [`Key: ${key}`])].join('\n'),
    needsRestart: false,
    hasSignIn: false,
  },
  { id: 'stdio', client: 'stdio', language: 'json', text: (reach) => asJson({ mcpServers: { [reach.name]: bridge(reach) } }), needsRestart: true, hasSignIn: true },
];

/** For a POSIX shell; names and addresses that need it, and keys, which do not. */
function quote(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
