import type { ServerState } from '../contract/servers.ts';
import { plainBlock } from './print.ts';

/** The last lines of the server's stderr, harmless for a terminal. */
export function stderrLines(state: Pick<ServerState, 'stderrTail'>): readonly string[] {
  return plainBlock(state.stderrTail)
    .split('\n')
    .filter((line) => line.trim() !== '');
}
