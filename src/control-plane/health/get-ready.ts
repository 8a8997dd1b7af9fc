import { GetReady, type Readiness } from '../../contract/health.ts';
import type { ServerState } from '../../contract/servers.ts';
import { sleep } from '../../base/clock.ts';
import { type AdminServices, bindRead } from '../operation.ts';

const PATIENCE_MS = 2_000;

/** Whether the store answers, every required server is connected and requests are taken. Tells anyone how it is, nobody which one. */
export const getReady = bindRead(GetReady, async ({ services }) => {
  const answered = services.storage.ping().then(
    () => 'ok' as const,
    () => 'failed' as const,
  );
  // Whoever asks wants to know soon; a store that is slower than this is of no use to requests either.
  const store = await Promise.race([answered, sleep(services.clock, PATIENCE_MS).then(() => 'failed' as const)]);
  const servers = worstRequired(services);
  const load = services.overload?.() === undefined ? ('ok' as const) : ('busy' as const);
  const isReady = store === 'ok' && servers === 'ok' && load === 'ok';
  return { status: isReady ? ('ready' as const) : ('not_ready' as const), store, servers, load };
});

function worstRequired({ live, snapshot }: AdminServices): Readiness['servers'] {
  const specs = snapshot().servers;
  const required = live.states().filter((state) => specs.get(state.name)?.isRequired === true);
  const readiness = required.map(readinessOf);
  if (readiness.includes('failed')) return 'failed';
  return readiness.includes('connecting') ? 'connecting' : 'ok';
}

function readinessOf({ status }: ServerState): Readiness['servers'] {
  if (status === 'connecting') return 'connecting';
  return status === 'ready' || status === 'degraded' ? 'ok' : 'failed';
}
