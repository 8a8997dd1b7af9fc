import type { Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { printJson, printLines } from '../print.ts';
import { Refusal } from '../refusal.ts';

/** `metamcp secrets rotate`: a new data key, with which every secret and grant is sealed anew, and a new pepper for keys, while the gateway serves. */
export async function secrets(invocation: Invocation): Promise<number> {
  const { has, host, words } = invocation;
  const [verb] = words;
  if (verb !== 'rotate') throw new Refusal(`metamcp secrets cannot ${JSON.stringify(verb ?? '')}.`, 'It can: rotate');
  const done = await (await openAdminClient(invocation)).rotateSecrets();
  if (has('json')) printJson(host, done);
  else printLines(host, [`Sealed ${done.secrets} secrets and ${done.grants} grants with the new data key ${done.dataKey}, and digested ${done.keys} keys under a new pepper.`]);
  return 0;
}
