/**
 * Settings of the orchestrator: `meta_mcp_config.json`, then `MCP_*` variables, then defaults, in this order of
 * precedence, as users of the Meta-MCP-Server know them. Whoever starts the gateway or the program writes them.
 */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { z } from 'zod';
import { Fault } from '../base/fault.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const LOG_LEVELS = ['debug', 'info', 'warning', 'error'] as const;
/** `path` in front of a name would look it up; an absolute path is taken as it is. */
const COMMAND = /^(?:\/[^\0]{1,1000}|[A-Za-z0-9._-]{1,100})$/;

const FileSchema = z.object({
  default_timeout_seconds: z.number().positive().max(3_600).optional(),
  default_max_memory_mb: z.int().min(16).max(65_536).optional(),
  max_concurrent_servers: z.int().min(1).max(1_000).optional(),
  log_level: z.string().toLowerCase().pipe(z.enum(LOG_LEVELS)).optional(),
  allowed_commands: z.array(z.string().regex(COMMAND)).max(50).optional(),
  temp_directory: z.string().min(1).optional(),
  /** Folders below which scripts may lie; none by default, so that no caller can name one. */
  approved_script_roots: z.array(z.string().startsWith('/')).max(50).optional(),
  /** Of all principals together. */
  host_max_servers: z.int().min(1).max(10_000).optional(),
  idle_timeout_seconds: z.number().positive().max(86_400).optional(),
  sandbox: z.enum(['auto', 'required', 'off']).optional(),
});
export type OrchestratorFile = z.infer<typeof FileSchema>;

export interface OrchestratorSettings {
  readonly timeoutMs: number;
  readonly memoryMegabytes: number;
  readonly serversPerPrincipalMax: number;
  readonly serversMax: number;
  readonly createsPerMinuteMax: number;
  readonly idleTimeoutMs: number;
  readonly lifeMsMax: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly allowedCommands: readonly string[];
  readonly temporaryFolder: string;
  readonly scriptRoots: readonly string[];
  /** `auto`: where bubblewrap is; without it only one principal at a time has children. */
  readonly sandbox: 'auto' | 'required' | 'off';
}

const DEFAULT_COMMANDS = ['python', 'python3', 'node', 'npm', 'npx'];
const SECOND_MS = 1_000;

/** `file`: parsed or not; undefined: there is none. Throws `config.invalid`. */
export function readOrchestratorSettings(file: unknown, environment: Environment): OrchestratorSettings {
  const given = parse(file ?? {}, 'meta_mcp_config.json');
  const variables = parse(fromEnvironment(environment), 'MCP_* variables');
  const pick = <Key extends keyof OrchestratorFile>(key: Key): OrchestratorFile[Key] => given[key] ?? variables[key];
  const perPrincipal = pick('max_concurrent_servers') ?? 10;
  return {
    timeoutMs: (pick('default_timeout_seconds') ?? 30) * SECOND_MS,
    memoryMegabytes: pick('default_max_memory_mb') ?? 512,
    serversPerPrincipalMax: perPrincipal,
    serversMax: pick('host_max_servers') ?? Math.max(40, perPrincipal),
    createsPerMinuteMax: 120,
    idleTimeoutMs: (pick('idle_timeout_seconds') ?? 900) * SECOND_MS,
    lifeMsMax: 24 * 3_600 * SECOND_MS,
    logLevel: pick('log_level') ?? 'info',
    allowedCommands: pick('allowed_commands') ?? DEFAULT_COMMANDS,
    temporaryFolder: pick('temp_directory') ?? tmpdir(),
    scriptRoots: given.approved_script_roots ?? [],
    sandbox: given.sandbox ?? 'auto',
  };
}

/** The file that `MCP_CONFIG_FILE` names, else `meta_mcp_config.json` in the folder of work where there is one. */
export function readOrchestratorFile(environment: Environment, workFolder: string): unknown {
  const named = environment['MCP_CONFIG_FILE'];
  const path = named ?? `${workFolder}/meta_mcp_config.json`;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (named === undefined && error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw invalid(path, 'cannot be read');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid(path, 'is no JSON');
  }
}

function fromEnvironment(environment: Environment): Record<string, unknown> {
  const text = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const number = (name: string): number | undefined => (text(name) === undefined ? undefined : Number(text(name)));
  return {
    default_timeout_seconds: number('MCP_TIMEOUT_SECONDS'),
    max_concurrent_servers: number('MCP_MAX_SERVERS'),
    default_max_memory_mb: number('MCP_MAX_MEMORY_MB'),
    log_level: text('MCP_LOG_LEVEL'),
    temp_directory: text('MCP_TEMP_DIR'),
    allowed_commands: text('MCP_ALLOWED_COMMANDS')
      ?.split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
  };
}

function parse(value: unknown, place: string): OrchestratorFile {
  const parsed = FileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(place, parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

function invalid(place: string, why: string): Fault {
  return new Fault('config.invalid', { message: `${place}: ${why}` });
}
