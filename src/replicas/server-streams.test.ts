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
async function leading(find: FindProcess): Promise<StoredReplica> {
  const server = createServer().on('upgrade', (http, socket) => takeStream(http, socket, { door: doorOf('leader'), find }));
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return { id: 'leader', name: 'the leader', address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, isLeader: true, silentMs: 0 } as StoredReplica;
}

const reach = (leader: StoredReplica, door: ReplicaDoor | undefined = doorOf('other')) => reachServer('files & more', { self: 'other', membership: { all: [leader] }, door });

test('a stream reaches the process that is meant, and carries bytes both ways', async () => {
  const asked: string[] = [];
  const leader = await leading((server) => {
    asked.push(server);
    return (socket) => socket.on('data', (bytes: Buffer) => socket.write(`heard ${bytes.toString()}`));
  });
  const stream = await reach(leader);
  stream?.write('this');
  expect(String((await once(stream as NonNullable<typeof stream>, 'data'))[0])).toBe('heard this');
  expect(asked).toEqual(['files & more']);
  stream?.destroy();
});

test('where there is no such process, nobody who leads, or nobody at the address, there is no stream', async () => {
  const leader = await leading(() => undefined);
  expect(await reach(leader)).toBeUndefined();
  expect(await reach({ ...leader, isLeader: false })).toBeUndefined();
  expect(await reach({ ...leader, silentMs: 60_000 })).toBeUndefined();
  expect(await reach({ ...leader, address: 'http://127.0.0.1:1' })).toBeUndefined();
});

test('who has another key gets nowhere, and who has no way to others is told which setting is missing', async () => {
  let asked = 0;
  const leader = await leading(() => {
    asked++;
    return () => undefined;
  });
  expect(await reach(leader, doorOf('other', randomBytes(32)))).toBeUndefined();
  expect(asked).toBe(0);
  await expect(reachServer('files', { self: 'other', membership: { all: [leader] }, door: undefined })).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'no_replica_port', detail: expect.stringContaining('METAMCP_REPLICA_PORT') });
});
