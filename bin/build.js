/**
 * What the launcher makes of sources that are here: the web pages, and the program in a few files. Each lies in `dist/`
 * with the digest of what it was made from, and is made again where that changed. Safe to run at the same time.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findNode, LaunchError, lockfile, modules, readText, root, run, say, withLock, writeQuietly } from './launch.js';

const pages = join(root, 'dist', 'ui');
const pagesStamp = join(pages, '.built-from');
const pagesLock = join(root, '.build.lock');

const sources = join(root, 'src');
const programs = join(root, 'dist', 'program');
const programLock = join(root, '.build.lock.program');
const bundler = join(root, 'scripts', 'bundle-program.mjs');
/** A gateway that runs may still load parts of the program that it was started from. */
const PROGRAMS_KEPT = 3;

/** Builds the web pages. A build that fails is told and ends nothing: the gateway does without pages. */
export async function ensurePagesBuilt() {
  const vite = join(modules, 'vite', 'bin', 'vite.js');
  if (!existsSync(join(root, 'ui')) || !existsSync(vite)) return;
  const digest = digestOf([join(root, 'ui'), join(sources, 'contract')]);
  if (readText(pagesStamp) === digest) return;
  await building('the web pages cannot be built, everything else works', () => withLock(pagesLock, 'building the web pages', (noteProcess) => buildPages(vite, digest, noteProcess)));
}

async function buildPages(vite, digest, noteProcess) {
  if (readText(pagesStamp) === digest) return;
  say('building the web pages; this takes some seconds, once');
  const args = [vite, 'build', '--config', join('ui', 'vite.config.ts'), '--configLoader', 'native', '--logLevel', 'warn'];
  // Whatever starts us: with NODE_ENV=test the pages would be those of a developer, and half as large again.
  const env = { ...process.env, NODE_ENV: 'production' };
  const ended = await run(findNode(), args, { cwd: root, env, stdio: ['ignore', 2, 2] }, noteProcess);
  if (ended.code !== 0) throw new LaunchError(`vite build failed (${ended.signal ?? `exit code ${ended.code}`}), see above`);
  writeQuietly(pagesStamp, digest);
}

/**
 * The file that starts the program: that of the package, or in a checkout the one made of its sources as they are now.
 * Where there is none: makes it if `mayBuild`, and else, or where that fails, the sources, which start more slowly.
 */
export async function findProgram({ mayBuild }) {
  if (!existsSync(join(sources, 'main.ts'))) return join(programs, 'package', 'main.js');
  const digest = digestOf([sources], (path) => !path.endsWith('.test.ts')).slice(0, 16);
  const program = join(programs, digest, 'main.js');
  if (!existsSync(program) && mayBuild && existsSync(join(modules, 'rolldown'))) {
    await building('the program runs from its sources', () => withLock(programLock, 'building the program', (noteProcess) => buildProgram(program, join(programs, digest), noteProcess)));
  }
  return existsSync(program) ? program : join(sources, 'main.ts');
}

async function buildProgram(program, folder, noteProcess) {
  if (existsSync(program)) return;
  say('building the program; this takes some seconds, once');
  mkdirSync(programs, { recursive: true });
  const unfinished = `${folder}.${process.pid}`;
  const ended = await run(findNode(), [bundler, sources, unfinished], { cwd: root, stdio: ['ignore', 2, 2] }, noteProcess);
  if (ended.code !== 0) throw new LaunchError(`the build failed (${ended.signal ?? `exit code ${ended.code}`}), see above`);
  renameSync(unfinished, folder);
  const others = readdirSync(programs).filter((name) => name !== 'package').map((name) => join(programs, name));
  for (const old of others.sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs).slice(PROGRAMS_KEPT)) rmSync(old, { recursive: true, force: true });
}

/** A LaunchError of `work` is a line that begins with `otherwise`. */
async function building(otherwise, work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    say(`${otherwise}: ${error.message}`);
  }
}

/** Of every file below the folders for which `isMeant`, of the packages, and of how they are put together. */
function digestOf(folders, isMeant = () => true) {
  const digest = createHash('sha256').update(readText(lockfile) ?? '').update(readText(bundler) ?? '');
  for (const path of folders.flatMap(filesBelow).filter(isMeant)) digest.update(`\n${path.slice(root.length)}\n`).update(readFileSync(path));
  return digest.digest('hex');
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1));
  return entries.flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]));
}
