/** What a process has used, read from /proc (Linux); undefined elsewhere. */
import { readFileSync } from 'node:fs';
import { sleep, systemClock } from '../src/base/clock.ts';

/** Of the kernel's clock, as user space sees it on every Linux. */
const MS_PER_TICK = 10;
/** The gateway makes rows of its record once nothing was written for half a second. */
const QUIET_MS = 800;
const POLL_MS = 50;
const IDLE_CPU_MS_MAX = 10;
const LATER_MS_MAX = 15_000;

/** CPU milliseconds in user and system mode since the process began. */
export function cpuMsOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets and may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields === undefined) return undefined;
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** Waits until the process is idle, so that what it put off falls on nobody else's figures. Returns the CPU milliseconds that it took. */
export async function workOffMs(pid: number): Promise<number> {
  const beforeMs = cpuMsOf(pid);
  if (beforeMs === undefined) return Number.NaN;
  const endMs = systemClock.monotonicMs() + LATER_MS_MAX;
  let lastMs = beforeMs;
  let quietSinceMs = systemClock.monotonicMs();
  while (systemClock.monotonicMs() < endMs && systemClock.monotonicMs() - quietSinceMs < QUIET_MS) {
    await sleep(systemClock, POLL_MS);
    const nowMs = cpuMsOf(pid) ?? lastMs;
    if (nowMs - lastMs > IDLE_CPU_MS_MAX) quietSinceMs = systemClock.monotonicMs();
    lastMs = nowMs;
  }
  return lastMs - beforeMs;
}

export function rssMbOf(pid: number): number | undefined {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
