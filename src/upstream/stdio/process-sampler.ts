/**
 * What children use, measured: one look at all processes for all of them, a few times a second. Linux reads /proc; where
 * there is none nothing is measured, and only the kernel's limits hold.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import type { LimitKind, ProcessLimits } from './process-limits.ts';

export interface Usage {
  readonly memoryBytes: number;
  /** Since the child was started. */
  readonly cpuMs: number;
  readonly processes: number;
}

export interface Watched {
  /** Since the start; zeros before the first look. */
  readonly usage: Usage;
  /** Processor time counts anew from here. */
  renew(): void;
  stop(): void;
}

interface Child {
  usage: Usage;
  cpuMsBase: number;
  readonly limits: ProcessLimits;
  readonly exceeded: (kind: LimitKind, usage: Usage) => void;
}

interface Process {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly cpuTicks: number;
  readonly pages: number;
}

const SAMPLE_MS = 250;
/** USER_HZ: 100 on every architecture that Linux has today. */
const TICK_MS = 10;
const NOTHING: Usage = { memoryBytes: 0, cpuMs: 0, processes: 0 };

export class ProcessSampler {
  readonly #clock: Clock;
  readonly #children = new Map<number, Child>();
  readonly #pageBytes: number;
  #isScheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#pageBytes = pageBytes();
  }

  /** `groupId`: of the process that leads the child's group. `exceeded` is called once. */
  watch(groupId: number, limits: ProcessLimits, exceeded: Child['exceeded']): Watched {
    const child: Child = { usage: NOTHING, cpuMsBase: 0, limits, exceeded };
    this.#children.set(groupId, child);
    this.#schedule();
    return {
      get usage() {
        return child.usage;
      },
      renew: () => {
        child.cpuMsBase = child.usage.cpuMs;
      },
      stop: () => {
        if (this.#children.get(groupId) === child) this.#children.delete(groupId);
      },
    };
  }

  #schedule(): void {
    if (process.platform !== 'linux' || this.#children.size === 0 || this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.after(SAMPLE_MS, () => {
      this.#isScheduled = false;
      this.#sample();
      this.#schedule();
    });
  }

  #sample(): void {
    const sums = this.#sums(readProcesses());
    for (const [groupId, child] of this.#children) {
      const sum = sums.get(groupId);
      if (sum === undefined) continue;
      child.usage = { memoryBytes: sum.pages * this.#pageBytes, cpuMs: Math.max(child.usage.cpuMs, sum.cpuTicks * TICK_MS), processes: sum.processes };
      const kind = exceededKind(child);
      if (kind === undefined) continue;
      this.#children.delete(groupId);
      child.exceeded(kind, child.usage);
    }
  }

  #sums(processes: ReadonlyMap<number, Process>): Map<number, { pages: number; cpuTicks: number; processes: number }> {
    const sums = new Map<number, { pages: number; cpuTicks: number; processes: number }>();
    const owners = new Map<number, number | undefined>();
    for (const [pid, { pages, cpuTicks }] of processes) {
      const owner = this.#ownerOf(pid, processes, owners);
      if (owner === undefined) continue;
      const sum = sums.get(owner) ?? { pages: 0, cpuTicks: 0, processes: 0 };
      sums.set(owner, { pages: sum.pages + pages, cpuTicks: sum.cpuTicks + cpuTicks, processes: sum.processes + 1 });
    }
    return sums;
  }

  /** By group, by session, else through the parent: a process that left the group is still its parent's child. */
  #ownerOf(pid: number, processes: ReadonlyMap<number, Process>, owners: Map<number, number | undefined>): number | undefined {
    if (owners.has(pid)) return owners.get(pid);
    const found = processes.get(pid);
    owners.set(pid, undefined);
    if (found === undefined) return undefined;
    const owner = this.#children.has(found.group) ? found.group : this.#children.has(found.session) ? found.session : this.#ownerOf(found.parent, processes, owners);
    owners.set(pid, owner);
    return owner;
  }
}

function exceededKind({ usage, limits, cpuMsBase }: Child): LimitKind | undefined {
  if (usage.memoryBytes > limits.memoryBytesMax) return 'memory';
  if (usage.processes > limits.processesMax) return 'processes';
  return usage.cpuMs - cpuMsBase > limits.cpuMsMax ? 'cpu' : undefined;
}

function readProcesses(): Map<number, Process> {
  const found = new Map<number, Process>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const read = readProcess(name);
    if (read !== undefined) found.set(Number(name), read);
  }
  return found;
}

/** proc_pid_stat(5): the name may hold anything, so fields count from its end. As UTF-8, which Node reads into the stack: any other encoding takes 64 KiB of the heap for each file. Undefined for one that is gone. */
function readProcess(pid: string): Process | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const at = (index: number): number => Number(fields[index]);
    // Fields 14 to 17: its own time and that of children that it has waited for.
    return { parent: at(1), group: at(2), session: at(3), cpuTicks: at(11) + at(12) + at(13) + at(14), pages: at(21) };
  } catch {
    return undefined;
  }
}

function pageBytes(): number {
  const own = readProcess('self');
  if (own === undefined || own.pages === 0) return 4_096;
  return 2 ** Math.round(Math.log2(process.memoryUsage.rss() / own.pages));
}
