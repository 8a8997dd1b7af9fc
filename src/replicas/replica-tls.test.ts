import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/ids.ts';
import { ReplicaDoor } from './replica-door.ts';
import { createReplicaTls, isEncrypted } from './replica-tls.ts';

const KEY = randomBytes(32);
const SECRET = 'sk-very-secret-key';
const ARGUMENT = 'the very private argument';
const servers: (Server | TcpServer)[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  }
});

async function portOf(server: Server | TcpServer): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

interface Seen {
  readonly text: string;
  readonly isEncrypted: boolean;
  readonly protocol: string | null | undefined;
  readonly cipher: string | undefined;
}

/** A gateway that answers what it was sent, and keeps how it came. */
async function gateway(clock: Clock = systemClock): Promise<{ port: number; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((http, response) => {
    let text = '';
    http.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    http.on('end', () => {
      const { socket } = http;
      const tls = socket instanceof TLSSocket ? socket : undefined;
      seen.push({ text, isEncrypted: isEncrypted(socket), protocol: tls?.getProtocol(), cipher: tls?.getCipher().standardName });
      response.end(`answer to ${text}`);
    });
  });
  const port = await portOf(server);
  createReplicaTls(KEY).serve(server, clock);
  return { port, seen };
}

/** Somebody on the line, who sees all bytes in both directions. */
async function eavesdropper(to: number): Promise<{ port: number; heard: () => string }> {
  const chunks: Buffer[] = [];
  const port = await portOf(
    createTcpServer((near) => {
      const far = connect(to, '127.0.0.1');
      near.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => far.destroy()).pipe(far);
      far.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => near.destroy()).pipe(near);
    }),
  );
  return { port, heard: () => Buffer.concat(chunks).toString('latin1') };
}

/** A client's call at another gateway, which sends it on to that port. */
async function sentOn(port: number, how: { readonly isEncrypted: boolean; readonly key?: Uint8Array }): Promise<string> {
  const door = new ReplicaDoor({ self: 'front', key: how.key ?? KEY, clock: systemClock, random: systemRandom });
  const front = await portOf(
    createServer((http, response) => {
      http.resume();
      door
        .forward({ id: 'owner', address: `http://127.0.0.1:${port}`, isEncrypted: how.isEncrypted }, { http, response, body: Buffer.from(ARGUMENT), clientAddress: '203.0.113.7' })
        .catch((fault: { code: string }) => response.writeHead(502).end(fault.code));
    }),
  );
  return (await fetch(`http://127.0.0.1:${front}/metamcp/dev/mcp`, { method: 'POST', headers: { authorization: `Bearer ${SECRET}` }, body: ARGUMENT })).text();
}

test('[RP-06] who listens on the line between two gateways learns neither key nor argument nor answer', async () => {
  const owner = await gateway();
  const line = await eavesdropper(owner.port);
  expect(await sentOn(line.port, { isEncrypted: true })).toBe(`answer to ${ARGUMENT}`);
  expect(owner.seen).toEqual([{ text: ARGUMENT, isEncrypted: true, protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' }]);
  expect(line.heard().length).toBeGreaterThan(500);
  for (const word of [SECRET, ARGUMENT, 'answer to', 'metamcp/dev', '203.0.113.7', 'x-metamcp-replica']) expect(line.heard()).not.toContain(word);
  // What would be heard of one that cannot do it: the test can fail.
  expect(await sentOn(line.port, { isEncrypted: false })).toBe(`answer to ${ARGUMENT}`);
  for (const word of [SECRET, ARGUMENT]) expect(line.heard()).toContain(word);
});

test('[RP-06] who has another key gets no connection, and sends not a byte of the request', async () => {
  const owner = await gateway();
  const line = await eavesdropper(owner.port);
  expect(await sentOn(line.port, { isEncrypted: true, key: randomBytes(32) })).toBe('gateway.replica_unreachable');
  expect(owner.seen).toEqual([]);
  const strangers = [{ ciphers: 'TLS_AES_128_GCM_SHA256' }, {}, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'ECDHE-PSK-CHACHA20-POLY1305', pskCallback: () => ({ psk: KEY, identity: 'metamcp gateway' }) }] as const;
  for (const how of strangers) {
    const socket = connectTls({ port: owner.port, host: '127.0.0.1', rejectUnauthorized: false, ...how });
    const [problem] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(problem.code).toMatch(/^ERR_SSL_/);
  }
});

test('[RP-06] a gateway that answers in place of the one that is meant, without the key, gets nothing of the request', async () => {
  const heard: Buffer[] = [];
  const port = await portOf(createTcpServer((socket) => socket.on('error', () => undefined).on('data', (chunk: Buffer) => heard.push(chunk) && socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))));
  expect(await sentOn(port, { isEncrypted: true })).toBe('gateway.replica_unreachable');
  expect(Buffer.concat(heard).toString('latin1')).not.toContain(SECRET);
});

test('who says nothing, or begins and stops, is not waited for', async () => {
  const clock = new MovableClock();
  const { port } = await gateway(clock);
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  // The other side has taken the connection once another one is answered.
  expect(await sentOn(port, { isEncrypted: true })).toBe(`answer to ${ARGUMENT}`);
  const closed = once(socket, 'close');
  await clock.move(2_000);
  await closed;
  // Node counts the time of a handshake itself.
  const half = connect(port, '127.0.0.1');
  half.on('error', () => undefined);
  half.write(Buffer.from([0x16, 0x03, 0x01]));
  await once(half, 'close');
}, 10_000);
