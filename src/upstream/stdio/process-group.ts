/**
 * One server's process with everything it started. On POSIX the child leads a process group of its own; on Linux
 * descendants that left the group are found through /proc as well (kernels without CONFIG_PROC_CHILDREN list none).
 * On Windows `taskkill /T` ends the tree.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type Clock, sleep } from '../../base/clock.ts';
import { stayAwake } from './stay-awake.ts';

/** For a server to end by itself once its stdin is closed. */
const POLITE_MS = 1000;
/** From SIGTERM to SIGKILL. */
const TERM_MS = 2500;
/** After SIGKILL only a process stuck in the kernel is left, or one that a busy machine is slow to take away; nobody can end the former, so we stop waiting. */
const KILL_MS = 5000;
const POLL_MS = 10;
const POLL_MS_MAX = 150;

interface Member {
  readonly pid: number;
  /** Start time in clock ticks since boot: tells a process from a later one of the same number. */
  readonly start: string;
}

export interface ProcessGroupOptions {
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
}

export class ProcessGroup {
  readonly #leaderPid: number;
  readonly #options: ProcessGroupOptions;
  /** Descendants outside the group, found while their parents lived. */
  #strays: Member[] = [];

  constructor(leaderPid: number, options: ProcessGroupOptions) {
    this.#leaderPid = leaderPid;
    this.#options = options;
  }

  /**
   * Waits a moment for the group to empty itself, then SIGTERM, then SIGKILL. Resolves with true when nothing is left,
   * with false when something survives SIGKILL. SIGKILL comes 3.5 s after the start; gives up 5 s after that.
   */
  end(waitPolitely: boolean): Promise<boolean> {
    return stayAwake(() => (this.#options.platform === 'win32' ? this.#endWindowsTree(waitPolitely) : this.#endGroup(waitPolitely)));
  }

  /** SIGKILL at once, again and again until nothing is left: for a group that uses more than it may. Resolves like `end`. */
  kill(): Promise<boolean> {
    return stayAwake(() => (this.#options.platform === 'win32' ? this.#endWindowsTree(false) : this.#killGroup()));
  }

  async #endGroup(waitPolitely: boolean): Promise<boolean> {
    this.#findStrays();
    if (waitPolitely && (await this.#isEmptyWithin(POLITE_MS))) return true;
    this.#findStrays();
    this.#signal('SIGTERM');
    if (await this.#isEmptyWithin(TERM_MS)) return true;
    return this.#killGroup();
  }

  async #killGroup(): Promise<boolean> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + KILL_MS;
    let waitMs = POLL_MS;
    do {
      // Strays are found by their parents, so before these are gone.
      this.#findStrays();
      this.#signal('SIGKILL');
      if (await this.#isEmptyWithin(waitMs)) return true;
      waitMs = Math.min(waitMs * 1.5, POLL_MS_MAX);
    } while (clock.monotonicMs() < untilMs);
    return false;
  }

  #isEmpty(): boolean {
    if (this.#strays.some(isAlive)) return false;
    if (!sendSignal(-this.#leaderPid, 0)) return true;
    // Looking through all processes is dear, so only once the leader itself is gone.
    return this.#options.platform === 'linux' && !sendSignal(this.#leaderPid, 0) && isGroupOfZombies(this.#leaderPid);
  }

  async #isEmptyWithin(limitMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + limitMs;
    let waitMs = POLL_MS;
    while (!this.#isEmpty()) {
      if (clock.monotonicMs() >= untilMs) return false;
      await sleep(clock, waitMs);
      waitMs = Math.min(waitMs * 1.5, POLL_MS_MAX);
    }
    return true;
  }

  #signal(signal: NodeJS.Signals): void {
    sendSignal(-this.#leaderPid, signal);
    for (const stray of this.#strays) if (isAlive(stray)) sendSignal(stray.pid, signal);
  }

  #findStrays(): void {
    if (this.#options.platform !== 'linux') return;
    const strays = this.#strays.filter(isAlive);
    const seen = new Set(strays.map(({ pid }) => pid));
    const open = [this.#leaderPid, ...seen];
    for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
      for (const childPid of childrenOf(pid)) {
        const stat = readStat(childPid);
        if (stat === undefined || seen.has(childPid)) continue;
        seen.add(childPid);
        open.push(childPid);
        // Members of the group get its signals; a second SIGTERM means haste to some servers.
        if (stat.groupId !== this.#leaderPid) strays.push({ pid: childPid, start: stat.start });
      }
    }
    this.#strays = strays;
  }

  async #endWindowsTree(waitPolitely: boolean): Promise<boolean> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + (waitPolitely ? POLITE_MS : 0);
    while (clock.monotonicMs() < untilMs && sendSignal(this.#leaderPid, 0)) await sleep(clock, POLL_MS);
    await new Promise((resolve) => {
      const killer = spawn('taskkill', ['/PID', String(this.#leaderPid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
      killer.once('error', resolve);
      killer.once('exit', resolve);
    });
    return !sendSignal(this.#leaderPid, 0);
  }
}

/** False where there is no such process or group. */
function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    // EPERM: it is there, and changed its user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

interface Stat {
  readonly state: string;
  readonly groupId: number;
  readonly start: string;
}

/** Linux only; undefined where there is no such process. proc_pid_stat(5): the name may hold anything, so fields count from its end. As UTF-8, which Node reads into the stack: any other encoding takes 64 KiB of the heap for each file. */
function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', groupId: Number(fields[2]), start: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

function isAlive(member: Member): boolean {
  const stat = readStat(member.pid);
  return stat !== undefined && stat.start === member.start && stat.state !== 'Z';
}

/** Linux only: the children of all threads of a process. */
function childrenOf(pid: number): number[] {
  try {
    const lists = readdirSync(`/proc/${pid}/task`).map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'));
    return lists.join(' ').split(' ').filter((text) => text !== '').map(Number);
  } catch {
    return [];
  }
}

/** Linux only: whether the group is zombies alone. In a container without an init process nobody takes those away. */
function isGroupOfZombies(groupId: number): boolean {
  const stats = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((name) => readStat(Number(name)));
  return stats.every((stat) => stat === undefined || stat.groupId !== groupId || stat.state === 'Z');
}
