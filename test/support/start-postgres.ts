/**
 * A PostgreSQL for tests: that of TEST_DATABASE_URL, else one of Debian's binaries in a temporary folder.
 * Tests that get `undefined` skip, and say so in a printed line.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.ts';

export interface TestPostgres {
  /** Makes an empty database. */
  createDatabase(): Promise<string>;
  /** Ends the server and starts it again on the same data; undefined where it is not ours to end. */
  readonly restart: { stop(): Promise<void>; start(): Promise<void> } | undefined;
  stop(): Promise<void>;
}

const DEBIAN_BINARIES = '/usr/lib/postgresql';
const READY_TIMEOUT_MS = 20_000;

export async function startPostgres(): Promise<TestPostgres | undefined> {
  const url = process.env['TEST_DATABASE_URL'];
  if (url !== undefined) return { createDatabase: () => createDatabase(url), restart: undefined, stop: async () => {} };
  const binaries = debianBinaries();
  if (binaries === undefined) {
    process.stderr.write('skipped: PostgreSQL tests (set TEST_DATABASE_URL, or install Debian’s postgresql)\n');
    return undefined;
  }
  return startOwn(binaries);
}

async function startOwn(binaries: string): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'metamcp-postgres-'));
  const asPostgres = runAsPostgres(folder);
  const data = join(folder, 'data');
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  run(asPostgres, [join(binaries, 'initdb'), '-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync']);
  let server: ChildProcess;

  const start = async (): Promise<void> => {
    const command = [...asPostgres, join(binaries, 'postgres'), '-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1', '-F'];
    server = spawn(command[0] ?? '', command.slice(1), { cwd: folder, stdio: 'ignore' });
    await untilReady(url);
  };
  // SIGINT: ends connections and stops (postgres(1), "fast shutdown").
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGINT');
    await ended;
  };
  await start();
  return {
    createDatabase: () => createDatabase(url),
    restart: { stop, start },
    async stop() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function debianBinaries(): string | undefined {
  if (!existsSync(DEBIAN_BINARIES)) return undefined;
  const versions = readdirSync(DEBIAN_BINARIES).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(DEBIAN_BINARIES, version, 'bin')).find((folder) => existsSync(join(folder, 'initdb')));
}

/** PostgreSQL refuses to run as root. */
function runAsPostgres(folder: string): string[] {
  if (process.getuid?.() !== 0) return [];
  const id = (kind: string): number => Number(execFileSync('id', [kind, 'postgres'], { encoding: 'utf8' }));
  chownSync(folder, id('-u'), id('-g'));
  return ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'];
}

function run(prefix: readonly string[], command: readonly string[]): void {
  const [first = '', ...rest] = [...prefix, ...command];
  execFileSync(first, rest, { cwd: tmpdir(), stdio: 'pipe' });
}

async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.end();
      return;
    } catch (thrown) {
      if (Date.now() > deadline) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function createDatabase(url: string): Promise<string> {
  const name = `metamcp_test_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const database = new URL(url);
  database.pathname = `/${name}`;
  return database.href;
}
