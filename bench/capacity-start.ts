/** From the start of the process to the first list with everything in it: twenty servers, and a folder that was in use before. */
import { randomBytes } from 'node:crypto';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep, systemClock } from '../src/base/clock.ts';
import { freePort } from '../test/support/free-port.ts';
import { modernRequest, toolNamesOf } from '../test/support/http-peer.ts';
import { MAIN } from '../test/support/program.ts';
import { configOf, type Measured } from './capacity-gateway.ts';
import { pinMeasured } from './targets.ts';
import { startEcho, type Upstream } from './capacity-upstreams.ts';

const SERVERS = 20;
const STARTS = 5;
const START_MS_MAX = 1_000;
const PATIENCE_MS = 30_000;

export async function measureStart(): Promise<readonly Measured[]> {
  const echoes = await Promise.all(Array.from({ length: SERVERS }, () => startEcho()));
  const folder = await mkdtemp(join(tmpdir(), 'metamcp-start-'));
  try {
    const key = `sk_mt_${randomBytes(32).toString('hex')}`;
    const servers = Object.fromEntries(echoes.map(({ url }: Upstream, index) => [`s${index}`, { url }]));
    await writeFile(join(folder, 'metamcp.json'), JSON.stringify(configOf(servers, key)));
    const tookMs: number[] = [];
    // The first start makes the folder and the cache of compiled code.
    for (let turn = 0; turn <= STARTS; turn++) tookMs.push(await firstListMs(folder, key));
    const [first = 0, ...later] = tookMs;
    const median = later.toSorted((a, b) => a - b)[Math.floor(later.length / 2)] ?? 0;
    return [
      { name: `start to the first list of ${SERVERS} servers, median of ${STARTS}`, found: `${Math.round(median)} ms`, bound: `at most ${START_MS_MAX} ms`, isGood: median <= START_MS_MAX },
      { name: 'the very first start', found: `${Math.round(first)} ms`, bound: 'none', isGood: true },
    ];
  } finally {
    await Promise.all(echoes.map((echo) => echo.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function firstListMs(folder: string, key: string): Promise<number> {
  const port = await freePort();
  const startedMs = systemClock.monotonicMs();
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', join(folder, 'metamcp.json'), '--data', join(folder, 'data'), '--port', String(port)], { stdio: 'ignore' });
  try {
    if (child.pid !== undefined) pinMeasured(child.pid);
    while (!(await hasAll(port, key))) {
      if (child.exitCode !== null || systemClock.monotonicMs() - startedMs > PATIENCE_MS) throw new Error('the gateway did not start');
      await sleep(systemClock, 5);
    }
    return systemClock.monotonicMs() - startedMs;
  } finally {
    await end(child);
  }
}

async function hasAll(port: number, key: string): Promise<boolean> {
  try {
    return toolNamesOf(await modernRequest({ url: `http://127.0.0.1:${port}/metamcp/all/mcp`, key }, 'tools/list')).length === SERVERS;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
