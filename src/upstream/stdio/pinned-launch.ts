/**
 * What a server with `integrity` is started from, held against that hash before anything of it runs (ST-07). A package of
 * npm is fetched as a tarball, which runs nothing, and started from the very file that was looked at; an image must be
 * named by its digest, which its runtime checks; anything else is the program or script itself.
 */
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import spawn from 'cross-spawn';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { findCommand } from './find-command.ts';
import type { OrphanWatcher } from './orphan-watcher.ts';

export interface PinnedLaunch {
  readonly server: string;
  /** `sha512-BASE64` (Subresource Integrity) or `sha256:HEX`. */
  readonly integrity: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly platform: NodeJS.Platform;
  /** Where tarballs are kept; made where it is missing. */
  readonly packagesFolder: string;
  /** For fetching a package, milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Ends what is left of fetching when the gateway is gone. */
  readonly watcher: Pick<OrphanWatcher, 'add' | 'remove'>;
}

const INTERPRETERS = new Set(['node', 'deno', 'bun', 'python', 'python3', 'ruby', 'perl', 'php', 'sh', 'bash']);
const IMAGE_RUNTIMES = new Set(['docker', 'podman', 'nerdctl']);
/** Fetch and run in one, with no way to say which bytes. */
const UNCHECKED = new Set(['npm', 'uvx', 'uv', 'pipx', 'dnx', 'bunx', 'pnpm', 'yarn']);
const EXACT_PACKAGE = /^(?:@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+[\w.+-]*$/;
const STDERR_CHARS_MAX = 2_000;

/** The arguments to start with. Rejects with `upstream.unavailable`, reason `package_changed` or `package_unchecked`. */
export async function pinnedArguments(launch: PinnedLaunch): Promise<readonly string[]> {
  const { command, args, integrity } = launch;
  const program = basename(command).replace(/\.(?:exe|cmd|bat)$/i, '').toLowerCase();
  if (program === 'npx') return withTarball(launch);
  if (IMAGE_RUNTIMES.has(program)) {
    if (!args.some((arg) => arg.endsWith(`@${integrity}`))) throw unchecked(launch, `name the image by its digest: …@${integrity}`);
    return args;
  }
  if (UNCHECKED.has(program)) throw unchecked(launch, `${program} says nothing of what it starts; leave integrity out, or install it and name the program`);
  const file = INTERPRETERS.has(program) ? scriptOf(launch) : findCommand(command, launch);
  if (file === undefined) throw unchecked(launch, 'which file is started cannot be told from the arguments');
  check(launch, file);
  return args;
}

/** The file behind an interpreter: its first argument that is no option. */
function scriptOf({ args, cwd }: PinnedLaunch): string | undefined {
  const [script] = args;
  if (script === undefined || script.startsWith('-')) return undefined;
  const file = resolve(cwd ?? '.', script);
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true ? file : undefined;
}

async function withTarball(launch: PinnedLaunch): Promise<readonly string[]> {
  const { args, packagesFolder, integrity } = launch;
  const at = args.findIndex((arg) => !arg.startsWith('-'));
  const name = args[at] ?? '';
  // Options with a value of their own could say something else.
  if (!EXACT_PACKAGE.test(name) || !args.slice(0, at).every((arg) => arg === '-y' || arg === '--yes')) throw unchecked(launch, 'expected npx -y NAME@VERSION with an exact version');
  const tarball = join(packagesFolder, `${createHash('sha256').update(integrity).digest('hex')}.tgz`);
  if (!existsSync(tarball)) await fetchTarball(launch, name, tarball);
  check(launch, tarball);
  // As a bare path it would be taken for a program.
  return args.with(at, `file:${tarball}`);
}

/** It has its name only once it is what it must be. */
async function fetchTarball(launch: PinnedLaunch, name: string, tarball: string): Promise<void> {
  mkdirSync(launch.packagesFolder, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(launch.packagesFolder, '.new-'));
  try {
    await runNpm(launch, ['pack', name, '--pack-destination', folder, '--ignore-scripts', '--silent']);
    const [file, ...others] = readdirSync(folder);
    if (file === undefined || others.length > 0) throw unavailable(launch, 'package_unchecked', `npm pack ${name} gave no tarball`);
    check(launch, join(folder, file));
    renameSync(join(folder, file), tarball);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Beside npx, with what the server would have as its environment: registry, proxy and cache are the same. */
function runNpm({ command, environment, cwd, clock, timeoutMs, watcher, ...launch }: PinnedLaunch, args: readonly string[]): Promise<void> {
  const beside = join(dirname(command), basename(command).replace(/npx/i, 'npm'));
  const npm = existsSync(beside) ? beside : 'npm';
  return new Promise((resolvePromise, reject) => {
    const child = spawn(npm, [...args], { cwd, env: { ...environment }, shell: false, detached: launch.platform !== 'win32', windowsHide: true, stdio: ['ignore', 'ignore', 'pipe'] });
    const { pid } = child;
    if (pid !== undefined) watcher.add(pid);
    const stopTimer = clock.after(timeoutMs, () => endGroup(child));
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < STDERR_CHARS_MAX) stderr += chunk.toString('utf8');
    });
    const fail = (why: string): void => reject(unavailable(launch, 'package_unchecked', `npm could not fetch the package: ${why}`));
    child.on('error', (error) => {
      stopTimer();
      fail(error.message);
    });
    child.on('close', (code) => {
      stopTimer();
      if (pid !== undefined) watcher.remove(pid);
      if (code === 0) resolvePromise();
      else fail(stderr.trim().slice(0, STDERR_CHARS_MAX) || `it ended with ${String(code)}`);
    });
  });
}

function endGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // No groups on this system, or it has ended already.
    child.kill('SIGKILL');
  }
}

function check(launch: PinnedLaunch, file: string): void {
  const found = hashLike(launch.integrity, readFileSync(file));
  if (found !== launch.integrity) throw unavailable(launch, 'package_changed', `${file} is not what was pinned: expected ${launch.integrity}, found ${found}`);
}

/** In the form of the other: `ALGORITHM-BASE64` or `ALGORITHM:HEX`. */
function hashLike(other: string, bytes: Uint8Array): string {
  const [, algorithm = 'sha256', separator = ':'] = /^(sha\d+)([-:])/.exec(other) ?? [];
  return algorithm + separator + createHash(algorithm).update(bytes).digest(separator === ':' ? 'hex' : 'base64');
}

function unchecked(launch: Pick<PinnedLaunch, 'server'>, detail: string): Fault {
  return unavailable(launch, 'package_unchecked', `integrity cannot be checked: ${detail}`);
}

function unavailable({ server }: Pick<PinnedLaunch, 'server'>, reason: string, detail: string): Fault {
  return new Fault('upstream.unavailable', { server, reason, detail });
}
