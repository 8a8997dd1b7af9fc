/**
 * A Valkey or Redis for tests: that of TEST_REDIS_URL, else Debian's redis-server in memory on a free port.
 * Undefined where there is neither, with a line that says so.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

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
    await untilListening(port);
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

async function untilListening(port: number): Promise<void> {
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    if (Date.now() > deadlineMs) throw new Error('redis-server does not listen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
