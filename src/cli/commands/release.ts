import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { printJson, printLines } from '../print.ts';

/** `metamcp release FILE`: what the file owns is nobody's from then on, and stays as it is. */
export async function release(invocation: Invocation): Promise<number> {
  const { flag, has, host } = invocation;
  const source = getWord(invocation, 0, { name: 'release', usage: 'FILE [OBJECT …]' });
  const names = invocation.words.slice(1);
  const { released } = await (await openAdminClient(invocation)).releaseObjects({ source, names: names.length === 0 ? null : names, reason: flag('reason') ?? `released from ${source}` });
  if (has('json')) printJson(host, { released });
  else printLines(host, released.map((name) => `released ${name}`));
  return 0;
}
