/** A word on stderr for what takes longer than a second. */
import type { CliHost } from './host.ts';

const QUIET_MS = 1000;
const REPEAT_MS = 10_000;

/** Runs `work`; says `doing` after a second, and every ten seconds from then on how long it has taken. */
export async function withProgress<T>(host: CliHost, doing: string, work: () => Promise<T>): Promise<T> {
  const startMs = host.clock.monotonicMs();
  let cancel = host.clock.after(QUIET_MS, say);
  function say(): void {
    const seconds = Math.round((host.clock.monotonicMs() - startMs) / 1000);
    host.stderr.write(seconds < 2 ? `${doing} …\n` : `${doing} … ${seconds} s\n`);
    cancel = host.clock.after(REPEAT_MS, say);
  }
  try {
    return await work();
  } finally {
    cancel();
  }
}
