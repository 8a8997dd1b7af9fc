import { sleep } from '../../base/clock.ts';
import { GetReady, type Readiness } from '../../contract/health.ts';
import type { ServerState } from '../../contract/servers.ts';
import { type AdminServices, bindRead } from '../operation.ts';

/** Balancers wait no longer themselves: a store that is slower is as good as away. */
const STORE_MS = 2_000;

/** Whether the store answers and every required server is connected. Tells anyone how it is, nobody which one. */
export const getReady = bindRead(GetReady, async ({ services }) => {
  const answers = services.storage.ping().then(
    () => 'ok' as const,
    () => 'failed' as const,
  );
  const store = await Promise.race([answers, sleep(services.clock, STORE_MS).then(() => 'failed' as const)]);
  const servers = worstRequired(services);
  const isReady = store === 'ok' && servers === 'ok';
  return { status: isReady ? ('ready' as const) : ('not_ready' as const), store, servers };
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
