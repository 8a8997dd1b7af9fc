/**
 * Everything a command may touch of the machine, as one argument, so that a test can hand in streams, an environment
 * and a clock of its own and no command reads `process`.
 */
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../base/clock.ts';

export interface CliHost {
  /** The process environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  /** Results only; for `stdio`, JSON-RPC only. */
  readonly stdout: Writable;
  /** Progress, warnings, errors. */
  readonly stderr: Writable;
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  /** The user's home folder, absolute. */
  readonly homeFolder: string;
  /** The folder that relative paths start from, absolute. */
  readonly workFolder: string;
  /** How to start this program again: the absolute path of Node and of the entry file. */
  readonly selfCommand: readonly [file: string, ...args: string[]];
  /** The program's version, e.g. `0.1.0`. */
  readonly version: string;
  /** Aborted on SIGTERM or SIGINT: the command ends what it does and returns. */
  readonly stopping: AbortSignal;
  /** Runs the gateway until `stopping` is aborted; resolves with the exit code. The command line itself never opens the store. */
  readonly serve: (args: readonly string[], stopping: AbortSignal) => Promise<number>;
  /** Runs the orchestrator alone on stdin and stdout until they end; resolves with the exit code. */
  readonly orchestrate?: (stopping: AbortSignal) => Promise<number>;
  /** Copies data folders; rejects with what is in the way. */
  readonly folders?: {
    readonly backUp: (dataFolder: string, target: string) => Promise<CopiedFolder>;
    readonly restore: (source: string, dataFolder: string) => Promise<CopiedFolder>;
  };
  /** Compiles a configuration file without applying it; resolves with its problems, none when it is valid. */
  readonly checkConfigFile: (path: string) => Promise<readonly string[]>;
}

export interface CopiedFolder {
  readonly files: number;
  /** Of the program that made the copy. */
  readonly version: string;
  /** False where the database is elsewhere. */
  readonly hasDatabase: boolean;
}

/** The value of a variable; an empty one counts as unset. */
export function variable(host: Pick<CliHost, 'env'>, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = host.env[name];
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}
