import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/ids.ts';
import { MISDIRECTED, REPLICA_HEADER, ReplicaDoor } from './replica-door.ts';
import { isEncrypted } from './replica-tls.ts';

const key = randomBytes(32);
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** Takes what comes plainly (clients) and over TLS (gateways). */
async function serving(handle: (http: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  servers.push(server);
  doorOf('any').tls.serve(server, systemClock);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const doorOf = (self: string, clock: Clock = systemClock, secret: Uint8Array = key) => new ReplicaDoor({ self, key: secret, clock, random: systemRandom });

/** A front that sends all on to `target`; what it says is what the outcome was, where nothing was answered. */
function frontFor({ id, address, isEncrypted = true }: { id: string; address: string; isEncrypted?: boolean }, door = doorOf('front')): Promise<string> {
  const target = { id, address, isEncrypted };
  return serving((http, response) => {
    const chunks: Buffer[] = [];
    http.on('data', (chunk: Buffer) => chunks.push(chunk));
    http.on('end', () => {
      door.forward(target, { http, response, body: Buffer.concat(chunks), clientAddress: '203.0.113.7' }).then(
        (outcome) => outcome !== 'answered' && response.writeHead(599).end(outcome),
        (fault: { code: string; effect: string }) => response.writeHead(598).end(`${fault.code} ${fault.effect}`),
      );
    });
  });
}

test('what is sent on arrives as it was sent, and is answered as it was answered', async () => {
  const door = doorOf('owner');
  const address = await serving((http, response) => {
    const judged = door.judge(http);
    const digest = createHash('sha256');
    http.on('data', (chunk: Buffer) => digest.update(chunk));
    http.on('end', () => response.writeHead(201, { 'x-kept': 'yes', 'content-type': 'text/plain' }).end(JSON.stringify([judged, http.method, http.url, http.headers['x-api-key'], digest.digest('hex')])));
  });
  const front = await frontFor({ id: 'owner', address });
  const body = randomBytes(300_000);
  const answer = await fetch(`${front}/metamcp/dev/mcp?a=b`, { method: 'POST', headers: { 'x-api-key': 'mine' }, body });
  expect([answer.status, answer.headers.get('x-kept')]).toEqual([201, 'yes']);
  expect(await answer.json()).toEqual(['203.0.113.7', 'POST', '/metamcp/dev/mcp?a=b', 'mine', createHash('sha256').update(body).digest('hex')]);
});

test('one of the version before, which speaks no TLS, is reached plainly', async () => {
  const seen: boolean[] = [];
  const address = await serving((http, response) => {
    seen.push(isEncrypted(http.socket));
    response.end('here');
  });
  for (const encrypted of [false, true]) expect(await (await fetch(await frontFor({ id: 'owner', address, isEncrypted: encrypted }))).text()).toBe('here');
  expect(seen).toEqual([false, true]);
});

test('a stream comes through event by event, and one that is cut off does not look finished', async () => {
  let owner: ServerResponse | undefined;
  const address = await serving((_http, response) => {
    owner = response.writeHead(200, { 'content-type': 'text/event-stream' });
    owner.write('data: 1\n\n');
  });
  const answer = await fetch(await frontFor({ id: 'owner', address }));
  const reader = answer.body?.getReader();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: 1\n\n');
  owner?.write('data: 2\n\n');
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: 2\n\n');
  owner?.destroy();
  await expect(reader?.read()).rejects.toThrow();
});

test('who is gone, who does not have it and who ended amid it are told apart', async () => {
  const [here, ending] = [await serving((_http, response) => response.writeHead(MISDIRECTED).end()), await serving((http) => http.socket.destroy())];
  const words = async (address: string): Promise<string> => (await fetch(await frontFor({ id: 'owner', address }), { method: 'POST', body: '{}' })).text();
  expect(await words(here)).toBe('not_held');
  expect(await words(ending)).toBe('gateway.replica_lost unknown');
  expect(await words('http://127.0.0.1:1')).toBe('gone');
});

test('a client that leaves takes what was sent on with it', async () => {
  let closed: Promise<unknown> | undefined;
  const address = await serving((_http, response) => {
    closed = once(response, 'close');
    response.writeHead(200).write('x');
  });
  const leaving = request(await frontFor({ id: 'owner', address }));
  leaving.on('error', () => undefined);
  leaving.end();
  await once(leaving, 'response');
  leaving.destroy();
  await closed;
});

test('the seal opens for one gateway, one address and one minute, and is made by who has the key', async () => {
  const seen: IncomingMessage[] = [];
  const address = await serving((http, response) => {
    seen.push(http);
    response.end();
  });
  const clock = new MovableClock();
  await fetch(`${await frontFor({ id: 'owner', address }, doorOf('front', clock))}/a`);
  const [http] = seen;
  if (http === undefined) throw new Error('nothing came');
  expect(doorOf('owner', clock).judge(http)).toBe('203.0.113.7');
  expect(doorOf('another', clock).judge(http)).toBeUndefined();
  expect(doorOf('owner', clock, randomBytes(32)).judge(http)).toBeUndefined();
  expect(doorOf('owner', clock).judge(Object.assign(Object.create(http) as IncomingMessage, { url: '/b' }))).toBeUndefined();
  expect(doorOf('owner', clock).judge(Object.assign(Object.create(http) as IncomingMessage, { headers: { [REPLICA_HEADER]: 'v1.AA' } }))).toBeUndefined();
  await clock.move(61_000);
  expect(doorOf('owner', clock).judge(http)).toBeUndefined();
});
