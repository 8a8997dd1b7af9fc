/** A gateway whose memory and processor time are measured: on a core of its own, and made to collect its garbage when asked. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { type RunningGateway, type StartOptions, startGateway } from '../test/support/start-gateway.ts';
import { sleep, systemClock } from '../src/base/clock.ts';
import { pinMeasured } from './targets.ts';

/** One figure and what it must keep. */
export interface Measured {
  readonly name: string;
  readonly found: string;
  readonly bound: string;
  readonly isGood: boolean;
}

export interface MeasuredGateway extends RunningGateway {
  readonly key: string;
}

const COLLECTOR = new URL('./collect-on-signal.ts', import.meta.url).href;
/** For a collection, and for the pages it frees to go back to the system. */
const COLLECT_MS = 700;

/** One namespace and one endpoint for each server, under its name, with one key for all. */
export async function startMeasured(servers: Readonly<Record<string, object>>, options: Omit<StartOptions, 'config'> = {}): Promise<MeasuredGateway> {
  const key = `sk_mt_${randomBytes(32).toString('hex')}`;
  const gateway = await startGateway({ ...options, config: configOf(servers, key), env: { ...options.env, NODE_OPTIONS: `--expose-gc --import=${COLLECTOR}` } });
  pinMeasured(gateway.pid);
  return { ...gateway, key };
}

export function configOf(servers: Readonly<Record<string, object>>, key: string): object {
  const names = Object.keys(servers);
  return {
    servers,
    namespaces: { ...Object.fromEntries(names.map((name) => [name, { servers: [name] }])), all: { servers: names } },
    endpoints: Object.fromEntries([...names, 'all'].map((name) => [name, { namespace: name }])),
    keys: { bench: { value: key } },
  };
}

/** Resident memory once all garbage is gone, bytes. */
export async function settledBytes(pid: number): Promise<number> {
  for (let round = 0; round < 3; round++) {
    process.kill(pid, 'SIGUSR2');
    await sleep(systemClock, COLLECT_MS);
  }
  return statusBytes(pid, 'VmRSS');
}

/** `VmRSS`: resident now; `VmHWM`: at most since the start or since `forgetPeak`. */
export function statusBytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

/** proc_pid_clear_refs(5): the peak of resident memory begins anew. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Runs `work` for each of `count`, so many at a time. */
export async function inLanes(count: number, lanes: number, work: (index: number) => Promise<void>): Promise<void> {
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < count) await work(begun++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
