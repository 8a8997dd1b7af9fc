/** Starts the real gateway as a process of its own, with a configuration of the test's, a free port and a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MAIN } from './program.ts';

/** What `--print-json` says. */
export interface ReadyFacts {
  readonly url: string;
  readonly endpoint: string | null;
  readonly mcpUrl: string | null;
  readonly key: string | null;
  readonly adminLink: string | null;
  readonly pid: number;
}

export interface RunningGateway extends ReadyFacts {
  /** Address of an endpoint's MCP door. */
  readonly mcp: (endpoint: string) => string;
  /** Its data folder; removed by `stop` where this module made it. */
  readonly data: string;
  readonly configFile: string | undefined;
  /** Milliseconds from the start of the process to its ready line. */
  readonly startedInMs: number;
  /** All that it wrote to stderr by now. */
  readonly stderr: () => string;
  /** Writes the configuration file anew. */
  readonly reconfigure: (config: object) => Promise<void>;
  /** The lines of its log files by now, errors last. The file of lesser events is written once a second. */
  readonly log: () => Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Asks it to end, waits for that and removes what was made for it. Resolves with the exit code. */
  readonly stop: () => Promise<number | null>;
  /** Ends it as a crash would. */
  readonly kill: () => Promise<void>;
}

export interface StartOptions {
  /** Written to a file that `--config` names; without it the gateway starts as on a first run. */
  readonly config?: object;
  readonly data?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

const COMMAND_TIMEOUT_MS = 20_000;

/** Resolves once the gateway says that it is ready; rejects with its last words when it ends before. */
export async function startGateway(options: StartOptions = {}): Promise<RunningGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'metamcp-test-'));
  const data = options.data ?? join(folder, 'data');
  const configFile = options.config === undefined ? undefined : join(folder, 'metamcp.json');
  const reconfigure = (config: object): Promise<void> => writeFile(configFile ?? join(folder, 'metamcp.json'), JSON.stringify(config, null, 2));
  if (options.config !== undefined) await reconfigure(options.config);
  const args = ['serve', '--data', data, '--port', '0', '--print-json', ...(configFile === undefined ? [] : ['--config', configFile]), ...(options.args ?? [])];
  const startedMs = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...ownEnvironment(), ...options.env } });
  const exited = once(child, 'close') as Promise<[number | null]>;
  const words = collect(child);
  const facts = await readyFacts(child, exited, words);
  return {
    ...facts,
    mcp: (endpoint) => `${facts.url}/metamcp/${endpoint}/mcp`,
    data,
    configFile,
    startedInMs: performance.now() - startedMs,
    stderr: words,
    reconfigure,
    log: async () => [...(await readLog(join(data, 'logs', 'app.log'))), ...(await readLog(join(data, 'logs', 'error.log')))],
    stop: async () => {
      child.kill('SIGTERM');
      const [code] = await exited;
      await rm(folder, { recursive: true, force: true });
      return code;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** A gateway that is expected to refuse its start: its exit code and what it said. */
export async function failingStart(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const { code, stderr } = await runMetamcp(['serve', '--port', '0', ...args], env);
  return { code, stderr };
}

/** Runs one command of the program to its end; one that does not come to it is ended. */
export async function runMetamcp(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...ownEnvironment(), ...env } });
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child)];
  const deadline = setTimeout(() => child.kill('SIGTERM'), COMMAND_TIMEOUT_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(deadline);
  return { code, stdout: stdout(), stderr: stderr() };
}

/** The environment without what would configure the program behind the test's back. */
function ownEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(METAMCP_|LOG_LEVEL$|APP_URL$|API_ACCESS_TOKEN$)/.test(name)));
}

function collect(child: ChildProcess, from: 'stdout' | 'stderr' = 'stderr'): () => string {
  const chunks: Buffer[] = [];
  child[from]?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

async function readyFacts(child: ChildProcess, exited: Promise<unknown>, words: () => string): Promise<ReadyFacts> {
  if (child.stdout === null) throw new Error('the gateway has no stdout');
  const failed = exited.then(() => {
    throw new Error(`The gateway ended before it was ready: ${words()}`);
  });
  // Once it is ready, its end is no failure any more.
  failed.catch(() => undefined);
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), failed])) as [string];
  return JSON.parse(line) as ReadyFacts;
}

async function readLog(path: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
