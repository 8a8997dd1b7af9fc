/**
 * Bubblewrap around a child: it sees the system's programs, what its command needs and its own folder; no other process,
 * no home, no data of the gateway, no privileges, and no network where it needs none (ST-08). Its first process is the
 * init of a process namespace, so that nothing it starts outlives it.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from './process-limits.ts';

export interface SandboxPlan {
  /** Absolute; readable inside under the same path, or under another one. */
  readonly readable: readonly (string | { readonly from: string; readonly to: string })[];
  readonly writable: readonly string[];
  readonly hasNetwork: boolean;
  readonly cwd: string | undefined;
}

/** What the system's programs need; names that are not there are left out. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/etc/ssl', '/etc/ca-certificates', '/etc/alternatives', '/etc/ld.so.cache', '/etc/localtime', '/etc/passwd', '/etc/group', '/etc/nsswitch.conf', '/etc/mime.types'];
const NETWORK = ['/etc/resolv.conf', '/etc/hosts', '/etc/host.conf', '/etc/gai.conf'];
const BWRAP_PLACES = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'];

/** Where bubblewrap is; undefined where there is none, as on every system but Linux. */
export function findSandbox(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  return BWRAP_PLACES.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export function sandboxedCommand(bwrap: string, { command, args }: Command, plan: SandboxPlan): Command {
  const binds = [...SYSTEM, ...(plan.hasNetwork ? NETWORK : [])].filter((path) => existsSync(path)).flatMap((path) => ['--ro-bind', path, path]);
  const readable = plan.readable.flatMap((path) => (typeof path === 'string' ? ['--ro-bind', path, path] : ['--ro-bind', path.from, path.to]));
  const writable = plan.writable.flatMap((path) => ['--bind', path, path]);
  return {
    command: bwrap,
    args: [
      ...['--unshare-user-try', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', ...(plan.hasNetwork ? [] : ['--unshare-net'])],
      ...['--die-with-parent', '--cap-drop', 'ALL', '--hostname', 'child'],
      ...binds,
      ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
      ...['--ro-bind', dirname(command), dirname(command)],
      ...readable,
      ...writable,
      ...['--chdir', plan.cwd ?? '/', '--', command],
      ...args,
    ],
  };
}
