/** A process of this machine as a running server: it ends with everything that it started. */
import type { Clock } from '../../base/clock.ts';
import type { OrphanWatcher } from './orphan-watcher.ts';
import { ProcessGroup } from './process-group.ts';
import type { EndManner, RunningServer } from './running-server.ts';
import type { ServerProcess } from './start-process.ts';

/** After the exit of the process, for what it wrote last; a grandchild may hold the pipe open for ever. */
export const LAST_WORDS_MS = 250;

export interface RunningProcessDeps {
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  readonly watcher: OrphanWatcher;
}

export function runningProcess(child: ServerProcess, { clock, platform, watcher }: RunningProcessDeps): RunningServer {
  const { pid, stdin, stdout, stderr } = child;
  const why = (): string => (child.signalCode === null ? `it exited with code ${child.exitCode}` : `it was ended by ${child.signalCode}`);
  return {
    pid,
    label: `process ${pid}`,
    stdin,
    stdout,
    stderr,
    onEnd: (listener) => {
      child.on('error', (error) => listener(error.message));
      child.once('exit', () => clock.after(LAST_WORDS_MS, () => listener(why())));
      child.once('close', () => listener(why()));
    },
    end: async (manner: EndManner) => {
      const group = new ProcessGroup(pid, { clock, platform });
      const isRunning = child.exitCode === null && child.signalCode === null;
      const isEmpty = await (manner === 'at_once' ? group.kill() : group.end(isRunning && manner === 'politely'));
      // A process that escaped the group may hold our pipes; nobody reads them any more.
      for (const pipe of child.stdio) pipe?.destroy();
      // What survived SIGKILL stays with the watcher, which tries again when the gateway ends.
      if (isEmpty) watcher.remove(pid);
    },
  };
}
