/**
 * Loaded into a gateway before anything else (`NODE_OPTIONS=--import …`): counts what it asks of the world, in all its
 * threads, and makes the n-th of a kind fail as the world would. Told over HTTP on loopback; the address is on stderr.
 *
 *     GET /KIND/N   from now on the N-th operation of KIND fails (0: none); answers with the counts since the last time
 */
import childProcess, { type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import dgram from 'node:dgram';
import dns from 'node:dns';
import fs from 'node:fs';
import { createServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import net, { type AddressInfo } from 'node:net';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import Sqlite from 'better-sqlite3';
import { type Kind, KINDS } from './failing-operation-kinds.ts';

const NAME = 'failing-operations';
const shared = isMainThread ? new SharedArrayBuffer(8 * KINDS.length) : (getEnvironmentData(NAME) as unknown as SharedArrayBuffer);
if (isMainThread) setEnvironmentData(NAME, shared as unknown as string);
const counts = new Int32Array(shared, 0, KINDS.length);
const armed = new Int32Array(shared, 4 * KINDS.length, KINDS.length);

/** Whether this operation is the one that fails. */
function fails(kind: Kind): boolean {
  const index = KINDS.indexOf(kind);
  return Atomics.add(counts, index, 1) + 1 === Atomics.load(armed, index);
}

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made to fail`), { code });
}

type Method = (...args: never[]) => unknown;

/** An address in figures is looked up by nobody: Node asks the resolver for it all the same, where it listens. */
const isLiteral = (args: readonly unknown[]): boolean => net.isIP(String(args[0])) !== 0;

/** Replaces methods of an object by ones that may fail first. */
function wrap(holder: object, names: readonly string[], kind: Kind, instead: (self: unknown, args: readonly unknown[]) => unknown): void {
  const methods = holder as Record<string, Method>;
  for (const name of names) {
    const original = methods[name];
    if (original === undefined) continue;
    methods[name] = function (this: unknown, ...args: never[]) {
      return !isLiteral(args) && fails(kind) ? instead(this, args) : original.apply(this, args);
    };
  }
}

const throws = (code: string) => (): never => {
  throw failure(code);
};

wrap(Sqlite.prototype, ['prepare'], isMainThread ? 'db' : 'audit', () => {
  throw new Sqlite.SqliteError('disk I/O error, made to fail', 'SQLITE_IOERR_WRITE');
});
wrap(fs, ['openSync', 'writeSync', 'fsyncSync', 'renameSync', 'linkSync', 'mkdirSync', 'writeFileSync', 'appendFileSync'], 'fs', throws('ENOSPC'));
wrap(fs.promises, ['open', 'writeFile', 'rename', 'mkdir', 'appendFile', 'readFile'], 'fs', () => Promise.reject(failure('ENOSPC')));
wrap(childProcess, ['spawn'], 'spawn', () => failedChild());
wrap(net.Socket.prototype, ['connect'], 'dial', (self) => (self as net.Socket).destroy(failure('ECONNREFUSED')));

for (const names of [dns, dns.Resolver.prototype]) wrap(names, ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveSrv', 'resolveTxt'], 'dial', (_self, args) => (args.at(-1) as (problem: Error) => void)(failure('ENOTFOUND')));
wrap(dns.promises, ['lookup', 'resolve', 'resolve4', 'resolve6'], 'dial', () => Promise.reject(failure('ENOTFOUND')));
wrap(dgram.Socket.prototype, ['send', 'connect'], 'dial', throws('ENETUNREACH'));

/** As spawn gives one where there is no process to be had. */
function failedChild(): ChildProcess {
  const child = Object.assign(new EventEmitter(), { pid: undefined, stdin: null, stdout: null, stderr: null, exitCode: null, signalCode: null, kill: () => false, unref: () => undefined, ref: () => undefined });
  queueMicrotask(() => child.emit('error', failure('EAGAIN')));
  return child as unknown as ChildProcess;
}

/** Of those that the gateway opened; the connections of its clients are left alone. */
const dialled = new WeakSet<net.Socket>();
const connect = net.Socket.prototype.connect as Method;
net.Socket.prototype.connect = function (this: net.Socket, ...args: never[]) {
  dialled.add(this);
  return connect.apply(this, args);
} as typeof net.Socket.prototype.connect;
const write = net.Socket.prototype.write as Method;
net.Socket.prototype.write = function (this: net.Socket, ...args: never[]) {
  if (!dialled.has(this) || !fails('send')) return write.apply(this, args);
  this.destroy(failure('ECONNRESET'));
  return false;
} as typeof net.Socket.prototype.write;
syncBuiltinESMExports();

if (isMainThread) {
  const server = createServer((http, response) => {
    const [, kind = '', n = '0'] = (http.url ?? '').split('/');
    const told = Object.fromEntries(KINDS.map((one, index) => [one, Atomics.exchange(counts, index, 0)]));
    for (const [index, one] of KINDS.entries()) Atomics.store(armed, index, one === kind ? Number(n) : 0);
    response.end(JSON.stringify(told));
  }).listen(0, '127.0.0.1', () => process.stderr.write(`${NAME} http://127.0.0.1:${(server.address() as AddressInfo).port}\n`));
  server.unref();
}
