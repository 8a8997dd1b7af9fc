/** A drill: a server goes away on purpose, and what clients saw of it is told. */
import type { CallRecord } from '../../audit/audit-record.ts';
import { type Clock, sleep } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { DrillServer, type DrillReport } from '../../contract/servers.ts';
import { bindAction } from '../operation.ts';
import { getServerState } from './get-server-state.ts';

/** After its time it gets so long to come back. */
const RECOVERY_MS = 30_000;
const LOOK_MS = 20;

export const drillServer = bindAction(DrillServer, {
  begin: ({ params, body, services, viewer }) => ({ subject: getServerState(services, params.name, viewer).name, detail: { seconds: body.seconds } }),
  async act({ params: { name }, body: { seconds }, services }) {
    const { clock, live, recordings } = services;
    const seen = new Sightings(name);
    const stop = recordings.feed.watch({ wants: () => true, send: (record) => seen.add(record), ended: () => undefined });
    if (stop === undefined) throw new Fault('limit.overloaded', { reason: 'too_many_watchers' });
    try {
      if (live.takeOut === undefined) throw new Fault('upstream.unavailable', { server: name, reason: 'stopped' });
      await live.takeOut(name, seconds * 1_000);
      await sleep(clock, seconds * 1_000);
      const recoveredAfterMs = await untilUp(clock, () => live.states().some((state) => state.name === name && (state.status === 'ready' || state.status === 'degraded')));
      return { server: name, outSeconds: seconds, recoveredAfterMs, ...seen.report() };
    } finally {
      stop();
    }
  },
});

async function untilUp(clock: Clock, isUp: () => boolean): Promise<number | null> {
  const beganMs = clock.monotonicMs();
  while (!isUp()) {
    if (clock.monotonicMs() - beganMs > RECOVERY_MS) return null;
    await sleep(clock, LOOK_MS);
  }
  return clock.monotonicMs() - beganMs;
}

type Sums = Pick<DrillReport, 'calls' | 'outcomes' | 'clients' | 'others'>;

/** Requests that ended during the drill. */
class Sightings {
  readonly #server: string;
  readonly #outcomes = new Map<string, { outcome: string; calls: number; slowestMs: number }>();
  readonly #clients = new Map<string, { principal: string; endpoint: string; calls: number; failed: number }>();
  readonly #others = { calls: 0, failed: 0, slowestMs: 0 };

  constructor(server: string) {
    this.#server = server;
  }

  add({ server, outcome = 'unknown', durationMs = 0, principal, endpoint = '' }: CallRecord): boolean {
    if (server === undefined) return true;
    const isFailed = outcome !== 'ok' && outcome !== 'tool_error';
    if (server !== this.#server) {
      this.#others.calls++;
      this.#others.failed += Number(isFailed);
      this.#others.slowestMs = Math.max(this.#others.slowestMs, durationMs);
      return true;
    }
    const sum = entryOf(this.#outcomes, outcome, () => ({ outcome, calls: 0, slowestMs: 0 }));
    sum.calls++;
    sum.slowestMs = Math.max(sum.slowestMs, durationMs);
    const name = principal?.name ?? 'anonymous';
    const client = entryOf(this.#clients, `${name}\n${endpoint}`, () => ({ principal: name, endpoint, calls: 0, failed: 0 }));
    client.calls++;
    client.failed += Number(isFailed);
    return true;
  }

  report(): Sums {
    const outcomes = [...this.#outcomes.values()].toSorted((a, b) => b.calls - a.calls);
    return { calls: outcomes.reduce((sum, { calls }) => sum + calls, 0), outcomes, clients: [...this.#clients.values()], others: { ...this.#others } };
  }
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
