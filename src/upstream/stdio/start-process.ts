/** Starts the process of a stdio server: no shell, an argument list, its own process group (ST-03, ST-10). */
import type { ChildProcessByStdio } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import spawn from 'cross-spawn';
import { Fault } from '../../base/fault.ts';
import { findCommand } from './find-command.ts';

export type ServerProcess = ChildProcessByStdio<Writable, Readable, Readable> & { readonly pid: number };

export interface Launch {
  readonly server: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** As `process.platform`. */
  readonly platform: NodeJS.Platform;
  /** Called in the same turn in which the process begins, before it can matter that nobody knows of it. */
  readonly onProcess: (pid: number) => void;
}

/**
 * Resolves once the process runs; rejects with `upstream.unavailable` whose detail says what to do. The process leads a
 * group of its own. On Windows cross-spawn starts `.cmd` files such as `npx` through cmd.exe with every argument quoted.
 */
export async function startProcess(launch: Launch): Promise<ServerProcess> {
  const { server, cwd, platform } = launch;
  if (cwd !== undefined && !isFolder(cwd)) throw unavailable(server, `working folder not found: ${cwd}`);
  const command = findCommand(launch.command, launch);
  if (command === undefined) throw unavailable(server, whyNotFound(launch.command));
  return await new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(unavailable(server, whyNotStarted(command, error), error));
    try {
      const child = spawn(command, [...launch.args], {
        cwd,
        env: { ...launch.environment },
        shell: false,
        detached: platform !== 'win32',
        windowsHide: true,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      if (child.pid !== undefined) launch.onProcess(child.pid);
      child.once('error', fail);
      child.once('spawn', () => {
        child.off('error', fail);
        resolve(child as ServerProcess);
      });
    } catch (error) {
      fail(error);
    }
  });
}

function unavailable(server: string, detail: string, cause?: unknown): Fault {
  return new Fault('upstream.unavailable', { server, detail, reason: 'start_failed', cause });
}

function whyNotFound(command: string): string {
  const hasFolder = /[/\\]/.test(command);
  return hasFolder ? `not an executable file: ${command} — check the path and its permissions` : `command not found: ${command} — install it or give an absolute path`;
}

function whyNotStarted(command: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return `cannot start ${command}: the interpreter named in its first line is not installed`;
    case 'EACCES':
      return `cannot start ${command}: permission denied — it or its interpreter is not executable for this user`;
    case 'ENOEXEC':
      return `cannot start ${command}: it is no program of this system and has no #! line`;
    case 'EAGAIN':
    case 'EMFILE':
    case 'ENFILE':
      return `cannot start ${command}: the system is out of processes or open files (${code}) — raise the limit or run fewer servers`;
    case 'E2BIG':
      return `cannot start ${command}: its arguments and environment are too long`;
    default:
      // Not the message: Node quotes an argument that it refuses, and that may be a secret.
      return `cannot start ${command}: ${typeof code === 'string' ? code : 'unknown error'}`;
  }
}

function isFolder(folder: string): boolean {
  try {
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}
