/**
 * A Valkey or Redis for tests: that of TEST_REDIS_URL, else Debian's redis-server in memory on a free port.
 * Undefined where there is neither, with a line that says so.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { freePort, untilListening } from './free-port.ts';

export interface TestRedis {
  readonly url: string;
  /** Ends it as a crash would; undefined for one that is not ours. */
  readonly kill: (() => Promise<void>) | undefined;
  /** Starts it again where it was. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

const READY_TIMEOUT_MS = 10_000;

export async function startRedis(): Promise<TestRedis | undefined> {
  const given = process.env['TEST_REDIS_URL'];
  if (given !== undefined) return { url: given, kill: undefined, start: () => Promise.resolve(), stop: () => Promise.resolve() };
  const command = ['valkey-server', 'redis-server'].find((name) => spawnSync(name, ['--version']).status === 0);
  if (command === undefined) {
    process.stderr.write('skipped: no valkey-server or redis-server (TEST_REDIS_URL or PATH)\n');
    return undefined;
  }
  const port = await freePort();
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    server = spawn(command, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no'], { stdio: 'ignore' });
    await untilListening(port, 'redis-server', READY_TIMEOUT_MS);
  };
  const kill = async (): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'close');
    server.kill('SIGKILL');
    await ended;
  };
  await start();
  return { url: `redis://127.0.0.1:${port}`, kill, start, stop: kill };
}
