/** `metamcp serve`: hands over to the gateway, and stops it on a signal or, when asked to, with standard input. */
import type { Invocation } from '../command.ts';

const EXIT_WITH_STDIN = '--exit-with-stdin';

export async function serve({ words, host }: Invocation): Promise<number> {
  if (!words.includes(EXIT_WITH_STDIN)) return await host.serve(words, host.stopping);
  const orphaned = new AbortController();
  const stop = (): void => orphaned.abort();
  host.stdin.once('end', stop).once('close', stop).once('error', stop).resume();
  try {
    return await host.serve(
      words.filter((word) => word !== EXIT_WITH_STDIN),
      AbortSignal.any([host.stopping, orphaned.signal]),
    );
  } finally {
    // An open pipe would keep the process alive.
    host.stdin.destroy();
  }
}
