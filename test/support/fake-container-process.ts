/** What both fake engines have in common: a "container" is a process of this machine. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface FakeContainer {
  readonly child: ChildProcessWithoutNullStreams;
  /** Exit code as engines tell it: 128 + signal where it was killed. */
  readonly exited: Promise<number>;
  stop(graceMs: number): Promise<void>;
}

/** No image is there, so the command must be given; its environment is what the engine was told, and where programs are. */
export function startFakeContainer(command: readonly string[], environment: Readonly<Record<string, string>>): FakeContainer {
  const [program, ...args] = command;
  if (program === undefined) throw new Error('a fake container needs a command');
  const child = spawn(program, args, { env: { PATH: process.env['PATH'], ...environment }, stdio: 'pipe' });
  child.stdin.on('error', () => undefined);
  const exited = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : 137));
  return {
    child,
    exited,
    stop: async (graceMs) => {
      if (graceMs > 0) child.kill('SIGTERM');
      else child.kill('SIGKILL');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
