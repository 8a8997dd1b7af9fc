/**
 * What the processes of one child may use. The kernel enforces what it can for each process (`prlimit`); what a child
 * uses in all, with everything that it started, is measured (see process-sampler.ts).
 */
import { accessSync, constants } from 'node:fs';

export interface ProcessLimits {
  /** Resident memory of all processes together, bytes. */
  readonly memoryBytesMax: number;
  /** Processor time of all processes since the last answer, milliseconds. */
  readonly cpuMsMax: number;
  readonly processesMax: number;
  /** Open files of each process. */
  readonly filesMax: number;
  /** Output since the last answer, bytes. */
  readonly outputBytesMax: number;
}

export const DEFAULT_LIMITS: ProcessLimits = {
  memoryBytesMax: 512 << 20,
  cpuMsMax: 120_000,
  processesMax: 32,
  filesMax: 256,
  outputBytesMax: 64 << 20,
};

export const LIMIT_KINDS = ['memory', 'cpu', 'processes', 'output'] as const;
export type LimitKind = (typeof LIMIT_KINDS)[number];

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

const PRLIMIT = '/usr/bin/prlimit';
/** Address space that a runtime maps for itself before it does anything: measured for Node 24 as 575 MiB, of which it uses 10. */
const RUNTIME_BYTES = 768 << 20;
/** Nothing of ours computes for an hour; a process that escaped every count is ended by the kernel then. */
const CPU_SECONDS_MAX = 3_600;
const CORE_BYTES_MAX = 0;

/** The command under the kernel's limits; as it is where there is no `prlimit`. The process keeps its number: prlimit becomes the command. */
export function limitedCommand(command: Command, limits: ProcessLimits, hasPrlimit = isPrlimitHere()): Command {
  if (!hasPrlimit) return command;
  const args = [`--data=${limits.memoryBytesMax + RUNTIME_BYTES}`, `--nofile=${limits.filesMax}`, `--cpu=${CPU_SECONDS_MAX}`, `--core=${CORE_BYTES_MAX}`, '--', command.command, ...command.args];
  return { command: PRLIMIT, args };
}

function isPrlimitHere(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    accessSync(PRLIMIT, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
