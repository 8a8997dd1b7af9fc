/**
 * `metamcp stdio`: an endpoint as a stdio MCP server, for clients that can only start a command.
 * Nothing but JSON-RPC is written to stdout. It ends when stdin does, when it is told to, or when nobody reads stdout.
 */
import { type CliHost, variable } from '../host.ts';
import { Bridge } from './bridge.ts';
import { createEndpointTarget, type EndpointFlags } from './endpoint-target.ts';
import { readLines } from './lines.ts';
import { createOutlet } from './outlet.ts';
import { createWire } from './wire.ts';

/** How long answers are waited for after stdin ended: enough for `echo … | metamcp stdio`. */
const DRAIN_MS_MAX = 10_000;
const CLOSE_MS_MAX = 1500;

/** Runs until the client leaves. Resolves with the exit code: 1 when the endpoint was never found, else 0. */
export async function runStdio(flags: EndpointFlags, host: CliHost): Promise<number> {
  const gone = new AbortController();
  const stopping = AbortSignal.any([host.stopping, gone.signal]);
  const outlet = createOutlet(host.stdout, host.stderr, () => gone.abort());
  const target = createEndpointTarget(flags, host, { mayStart: true, log: outlet.log, isInteractive: true });
  const wire = createWire({ findTarget: target.find, signIn: target.signIn, proxies: proxiesOf(host) });
  const bridge = new Bridge({ wire, outlet, clock: host.clock });
  // The search begins before the client says a word; its failure is told with the first answer, and here.
  target.find({ isAgain: false, mayStart: true }).catch((error: unknown) => outlet.log(String((error as Error).message)));

  await receiveAll(bridge, host, stopping);
  if (!stopping.aborted) {
    const drained = new Promise<void>((resolve) => stopping.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([bridge.drain(DRAIN_MS_MAX), drained]);
  }
  await bridge.close(CLOSE_MS_MAX);
  host.stdin.destroy();
  await Promise.all([wire.close(), target.close()]);
  return target.wasFound() ? 0 : 1;
}

async function receiveAll(bridge: Bridge, host: CliHost, stopping: AbortSignal): Promise<void> {
  const stop = (): void => void host.stdin.destroy();
  if (stopping.aborted) return stop();
  stopping.addEventListener('abort', stop, { once: true });
  try {
    for await (const line of readLines(host.stdin)) await bridge.receive(line);
  } catch (error) {
    // Destroying stdin on purpose ends the loop with an error.
    if (!stopping.aborted) throw error;
  } finally {
    stopping.removeEventListener('abort', stop);
  }
}

/** Proxies as other programs read them; they count for addresses beyond this machine only. */
export function proxiesOf(host: Pick<CliHost, 'env'>): { httpProxy?: string; httpsProxy?: string; noProxy?: string } {
  const httpProxy = variable(host, 'http_proxy', 'HTTP_PROXY');
  const httpsProxy = variable(host, 'https_proxy', 'HTTPS_PROXY');
  const noProxy = variable(host, 'no_proxy', 'NO_PROXY');
  return { ...(httpProxy && { httpProxy }), ...(httpsProxy && { httpsProxy }), ...(noProxy && { noProxy }) };
}
