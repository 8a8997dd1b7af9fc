import { REVISIONS } from '../../protocol/messages.ts';
import type { Invocation } from '../command.ts';
import { printJson, printLines } from '../print.ts';

/** `metamcp version`. */
export function version({ has, host }: Invocation): Promise<number> {
  const revisions = REVISIONS.toReversed();
  if (has('json')) printJson(host, { version: host.version, revisions });
  else printLines(host, [`metamcp ${host.version}`, `MCP revisions: ${revisions.join(', ')}`]);
  return Promise.resolve(0);
}
