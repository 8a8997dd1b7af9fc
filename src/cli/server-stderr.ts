import type { ServerState } from './admin-client.ts';
import { plainBlock } from './print.ts';

/** The last lines of the server's stderr, harmless for a terminal. */
export function stderrLines(state: Pick<ServerState, 'stderrTail'>): readonly string[] {
  const tail = typeof state.stderrTail === 'string' ? state.stderrTail : (state.stderrTail ?? []).join('\n');
  return plainBlock(tail).split('\n').filter((line) => line.trim() !== '');
}
