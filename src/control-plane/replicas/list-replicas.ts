import { toIso } from '../../base/clock.ts';
import { ListReplicas, type Replica } from '../../contract/replicas.ts';
import type { LiveReplica } from '../live-replicas.ts';
import { bindRead } from '../operation.ts';

/** Who was not heard of for longer takes no requests. */
const GONE_MS = 5_000;

export const listReplicas = bindRead(ListReplicas, async ({ services }) => {
  const { self, list } = services.replicas;
  const all = list();
  const generation = Math.max(services.snapshot().generation, ...all.filter(isAlive).map((replica) => replica.generation));
  return { items: all.map((replica) => show(replica, self, generation)), generation };
});

function isAlive({ silentMs }: LiveReplica): boolean {
  return silentMs <= GONE_MS;
}

function show(replica: LiveReplica, self: string, generation: number): Replica {
  const { id, name, version, isListening, isLeader, sessions, address } = replica;
  const status = isAlive(replica) ? ('alive' as const) : ('gone' as const);
  return { id, name, version, isSelf: id === self, status, generation: replica.generation, isCurrent: replica.generation >= generation, isListening, isLeader, isLinked: address !== undefined, isEncrypted: replica.isEncrypted, sessions, startedAt: toIso(replica.startedAtMs), seenAt: toIso(replica.seenAtMs) };
}
