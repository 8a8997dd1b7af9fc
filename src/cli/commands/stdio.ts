import { resolve } from 'node:path';
import type { Invocation } from '../command.ts';
import { endpointFlagsOf } from '../endpoint-flags.ts';
import { runStdio } from '../stdio/run-stdio.ts';

/** `metamcp stdio`. */
export async function stdio(invocation: Invocation): Promise<number> {
  if (invocation.has('orchestrator') && invocation.host.orchestrate !== undefined) return await invocation.host.orchestrate(invocation.host.stopping);
  const config = invocation.flag('config');
  const serveArgs = config === undefined ? [] : ['--config', resolve(invocation.host.workFolder, config)];
  return await runStdio({ ...endpointFlagsOf(invocation), serveArgs }, invocation.host);
}
