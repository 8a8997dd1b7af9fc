/**
 * A gateway of the bridge's own, for a client that starts before anybody ran `metamcp serve`. It listens on a free port
 * of the loopback and lives as long as the bridge: its standard input is a pipe that closes when the bridge ends,
 * however it ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { sleep } from '../../base/clock.ts';
import type { GatewayFile } from '../../contract/gateway-file.ts';
import { readGatewayFile } from '../gateway-file.ts';
import type { CliHost } from '../host.ts';
import { Refusal } from '../refusal.ts';

export interface BackgroundGateway {
  readonly file: GatewayFile;
  /** Asks it to end and waits for that, `deadlineMs` at most; then ends it. */
  stop(deadlineMs: number): Promise<void>;
}

export interface BackgroundDeps {
  readonly host: CliHost;
  readonly dataFolder: string;
  /** Further arguments of `serve`, e.g. `--config FILE`. */
  readonly serveArgs: readonly string[];
}

const START_MS_MAX = 60_000;
const POLL_MS = 50;

/**
 * Starts `serve` and waits until it says where it listens. When another process won the race for the data folder, that
 * one is taken instead. Throws a Refusal when there is no gateway in the end.
 */
export async function startBackgroundGateway({ host, dataFolder, serveArgs }: BackgroundDeps): Promise<BackgroundGateway> {
  const [file, ...selfArgs] = host.selfCommand;
  const child = spawn(file, [...selfArgs, 'serve', '--port', '0', '--data', dataFolder, ...serveArgs, '--exit-with-stdin'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  // What it prints is for people; stdout of the bridge carries JSON-RPC only.
  child.stdout.pipe(host.stderr, { end: false });
  child.stderr.pipe(host.stderr, { end: false });
  child.stdin.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`exit ${signal ?? code}`));
  });
  const found = await untilListening({ host, dataFolder, ended });
  if (typeof found === 'string') {
    await stopChild(child, ended, host);
    throw new Refusal(`The gateway did not start (${found}).`, `Run it by hand to see why: metamcp serve --data ${dataFolder}`);
  }
  return { file: found, stop: (deadlineMs) => stopChild(child, ended, host, deadlineMs) };
}

async function untilListening(deps: { readonly host: CliHost; readonly dataFolder: string; readonly ended: Promise<string> }): Promise<GatewayFile | string> {
  const { host, dataFolder } = deps;
  const deadlineMs = host.clock.monotonicMs() + START_MS_MAX;
  let end: string | undefined;
  void deps.ended.then((reason) => {
    end = reason;
  });
  let graceMs = 2000;
  while (host.clock.monotonicMs() < deadlineMs && !host.stopping.aborted) {
    const file = await readGatewayFile(dataFolder);
    if (file !== undefined) return file;
    // The winner of a race for the folder may not have written its file yet.
    if (end !== undefined && graceMs <= 0) return end;
    if (end !== undefined) graceMs -= POLL_MS;
    await sleep(host.clock, POLL_MS);
  }
  return host.stopping.aborted ? 'stopped meanwhile' : `not ready after ${START_MS_MAX / 1000} s`;
}

async function stopChild(child: ChildProcess, ended: Promise<string>, host: CliHost, deadlineMs = 2000): Promise<void> {
  child.stdin?.end();
  const cancel = host.clock.after(deadlineMs, () => void child.kill('SIGKILL'));
  await ended;
  cancel();
}
