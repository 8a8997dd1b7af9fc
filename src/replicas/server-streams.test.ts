import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/ids.ts';
import type { StoredReplica } from '../storage/replicas.ts';
import { ReplicaDoor } from './replica-door.ts';
import { type FindProcess, reachServer, takeStream } from './server-streams.ts';

const KEY = randomBytes(32);
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

const doorOf = (self: string, key: Uint8Array = KEY): ReplicaDoor => new ReplicaDoor({ self, key, clock: systemClock, random: systemRandom });

/** The gateway that leads, with what `find` has. */
async function leading(find: FindProcess, isTaken = true): Promise<StoredReplica> {
  const door = doorOf('leader');
  const server = createServer().on('upgrade', (http, socket) => takeStream(http, socket, { door, find, isTaken: () => isTaken }));
  door.tls.serve(server, systemClock);
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return { id: 'leader', name: 'the leader', address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, isEncrypted: true, isLeader: true, silentMs: 0 } as StoredReplica;
}

const reach = (leader: StoredReplica, door: ReplicaDoor | undefined = doorOf('other'), principalId?: string) => reachServer({ server: 'files & more', principalId }, { self: 'other', membership: { all: [leader] }, door });

test('a stream reaches the process that is meant, and carries bytes both ways', async () => {
  const asked: unknown[] = [];
  const leader = await leading((target) => {
    asked.push(target);
    return (socket) => socket.on('data', (bytes: Buffer) => socket.write(`heard ${bytes.toString()}`));
  });
  const stream = await reach(leader);
  stream?.write('this');
  expect(String((await once(stream as NonNullable<typeof stream>, 'data'))[0])).toBe('heard this');
  expect(asked).toEqual([{ server: 'files & more', principalId: undefined }]);
  stream?.destroy();
  (await reach(leader, doorOf('other'), 'key:a?b&c'))?.destroy();
  expect(asked[1]).toEqual({ server: 'files & more', principalId: 'key:a?b&c' });
});

test('where there is no such process, nobody who leads, or nobody at the address, there is no stream', async () => {
  const leader = await leading(() => undefined);
  expect(await reach(leader)).toBeUndefined();
  expect(await reach({ ...leader, isLeader: false })).toBeUndefined();
  expect(await reach({ ...leader, silentMs: 60_000 })).toBeUndefined();
  expect(await reach({ ...leader, address: 'http://127.0.0.1:1' })).toBeUndefined();
});

test('a stream that came in a way in which none is taken now is refused, to be asked for again', async () => {
  const leader = await leading(() => () => undefined, false);
  expect(await reach(leader)).toBeUndefined();
});

test('who has another key gets nowhere, and who has no way to others is told which setting is missing', async () => {
  let asked = 0;
  const leader = await leading(() => {
    asked++;
    return () => undefined;
  });
  await expect(reach(leader, doorOf('other', randomBytes(32)))).rejects.toMatchObject({ code: 'gateway.replica_unreachable' });
  expect(await reach({ ...leader, isEncrypted: false }, doorOf('other', randomBytes(32)))).toBeUndefined();
  expect(asked).toBe(0);
  await expect(reachServer({ server: 'files', principalId: undefined }, { self: 'other', membership: { all: [leader] }, door: undefined })).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'no_replica_port', detail: expect.stringContaining('METAMCP_REPLICA_PORT') });
});
