/** The real machine as a `CliHost`. */
import { homedir } from 'node:os';
import type { CliHost } from './host.ts';

export type HostParts = Pick<CliHost, 'env' | 'clock' | 'selfCommand' | 'version' | 'serve' | 'checkConfigFile' | 'orchestrate' | 'folders'>;

/** Listens to SIGINT, SIGTERM and SIGHUP from now on: the first asks to stop, a second ends the process at once. SIGUSR1 does nothing. */
export function createProcessHost(parts: HostParts, from: NodeJS.Process): CliHost {
  const stopping = new AbortController();
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    from.on(signal, () => {
      if (stopping.signal.aborted) from.exit(128 + number);
      stopping.abort();
    });
  }
  // Node opens its debugger on this signal, to whoever reaches the port: all memory, secrets too.
  from.on('SIGUSR1', () => undefined);
  for (const stream of [from.stdout, from.stderr]) stream.on('error', tolerateAbsence);
  return {
    ...parts,
    stdin: from.stdin,
    stdout: from.stdout,
    stderr: from.stderr,
    platform: from.platform,
    homeFolder: homedir(),
    workFolder: from.cwd(),
    stopping: stopping.signal,
  };
}

/** Whoever read our output may stop at any time (`| head`, a terminal that was closed): nothing to crash for. */
function tolerateAbsence(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}
