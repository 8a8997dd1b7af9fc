/** What a start tells: one JSON line for programs, or a page with everything to paste for people. */
import { MCP_CLIENT_PROGRAMS, type Reach } from './cli/mcp-clients.ts';

export interface ReadyFacts {
  readonly url: string;
  /** `default`, else the first; null where there is none. */
  readonly endpoint: string | null;
  readonly mcpUrl: string | null;
  /** Null where the endpoint needs none, or where only a digest of it is held. */
  readonly key: string | null;
  readonly adminLink: string | null;
  readonly pid: number;
}

/** The line of `--print-json`. */
export function readyLine(facts: ReadyFacts): string {
  return JSON.stringify({ url: facts.url, endpoint: facts.endpoint, mcpUrl: facts.mcpUrl, key: facts.key, adminLink: facts.adminLink, pid: facts.pid });
}

export interface StartMessageContext {
  readonly selfCommand: readonly [file: string, ...args: string[]];
  readonly data: string;
  readonly flags: Readonly<Record<string, unknown>>;
}

const SHOWN_CLIENTS = ['cursor', 'vscode', 'claude-code'];

export function startMessage(facts: ReadyFacts, context: StartMessageContext): string {
  if (facts.endpoint === null || facts.mcpUrl === null) return `\nMetaMCP is ready at ${facts.url}, but the configuration has no endpoint.\n  Add one under "endpoints" in the configuration file; it is picked up while running.\n\n`;
  const lines = ['', `MetaMCP is ready.`, '', `  address    ${facts.url}`, `  endpoint   ${facts.endpoint}`, `  MCP        ${facts.mcpUrl}`];
  if (facts.key !== null) lines.push(`  key        ${facts.key}`);
  if (facts.adminLink !== null) lines.push(`  operator   ${facts.adminLink}`, '             (opens once, within a day, and makes you the operator)');
  lines.push('', ...snippets(facts, context));
  lines.push('', 'Try it:   metamcp smoke      Look at it:   metamcp doctor      Stop it:   Ctrl-C', '');
  return `${lines.join('\n')}\n`;
}

function snippets(facts: ReadyFacts, context: StartMessageContext): string[] {
  const headers: Record<string, string> = facts.key === null ? {} : { Authorization: `Bearer ${facts.key}` };
  const http: Reach = { kind: 'http', url: facts.mcpUrl ?? '', headers };
  const [command, ...args] = context.selfCommand;
  const env: Record<string, string> = facts.key === null ? {} : { METAMCP_KEY: facts.key };
  const stdio: Reach = { kind: 'stdio', command, args: [...args, 'stdio', '--endpoint', facts.endpoint ?? '', '--url', facts.url], env };
  const shown = MCP_CLIENT_PROGRAMS.filter((program) => SHOWN_CLIENTS.includes(program.name));
  const parts = shown.flatMap((program) => snippet(`${program.title} (metamcp connect ${program.name} writes it for you)`, program.member, program.entry(http)));
  const desktop = MCP_CLIENT_PROGRAMS.find((program) => program.name === 'claude-desktop');
  if (desktop !== undefined) parts.push(...snippet(`${desktop.title}, and any other client that only starts a command (stdio)`, desktop.member, desktop.entry(stdio)));
  return parts;
}

function snippet(title: string, member: string, entry: Readonly<Record<string, unknown>>): string[] {
  return [`${title}:`, ...JSON.stringify({ [member]: { metamcp: entry } }, null, 2).split('\n').map((line) => `  ${line}`), ''];
}
