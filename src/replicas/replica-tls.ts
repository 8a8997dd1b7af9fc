/**
 * Encryption between gateways: TLS 1.3 with a key that all of an instance have (RFC 8446 section 2.2, an external PSK with
 * ephemeral key exchange), made of the instance key. So there are no certificates to make, to give out or to renew; who has
 * another instance key gets no connection, and recorded traffic stays closed to who gets the key later. A key of a group says
 * that the other end is one of it, not which one (RFC 9257 section 4.1): the seal of each request says whom it is for.
 */
import { hkdfSync } from 'node:crypto';
import type { Server } from 'node:http';
import { Agent } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext, createServer, type SecureContextOptions, TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.ts';

const KEY_BYTES = 32;
const IDENTITY = 'metamcp gateway';
const PURPOSE = 'metamcp gateways tls 1';
/** An external PSK goes with a hash of its own: SHA-256 (RFC 8446 section 4.2.11). */
const VERSION: SecureContextOptions = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' };
/** The content type of a handshake, which no method of HTTP begins with (RFC 8446 section 5.1). */
const HANDSHAKE = 0x16;
/** From the connection to the end of the handshake. */
const HANDSHAKE_MS = 2_000;

export interface ReplicaTls {
  /** For requests to other gateways: a connection each. */
  readonly agent: Agent;
  /** `server` speaks TLS with who begins so, and plainly with others: `isEncrypted` tells what a request came over. Call before it listens or right after. */
  readonly serve: (server: Server, clock: Clock) => void;
}

/** `instanceKey`: 32 bytes; what is used is another key, made of it. */
export function createReplicaTls(instanceKey: Uint8Array): ReplicaTls {
  const psk = Buffer.from(hkdfSync('sha256', instanceKey, '', PURPOSE, KEY_BYTES));
  return {
    // Nobody has a certificate whose name could be looked at. The context is made once: that is most of the work of a connection.
    agent: new Agent({ keepAlive: false, maxCachedSessions: 0, secureContext: createSecureContext(VERSION), ...VERSION, pskCallback: () => ({ psk, identity: IDENTITY }), checkServerIdentity: () => undefined }),
    serve: (server, clock) => serveBoth(server, psk, clock),
  };
}

export function isEncrypted(socket: object): boolean {
  return socket instanceof TLSSocket;
}

function serveBoth(server: Server, psk: Buffer, clock: Clock): void {
  const own = server.listeners('connection');
  server.removeAllListeners('connection');
  const serve = (socket: Socket): void => {
    for (const listener of own) listener.call(server, socket);
  };
  const secure = createServer({ ...VERSION, handshakeTimeout: HANDSHAKE_MS, pskCallback: (_socket, identity) => (identity === IDENTITY ? psk : null) });
  secure.on('secureConnection', serve);
  // Who it was has no key, or does not go on: there is nothing to say to it. Node does not end what it did not accept itself.
  secure.on('tlsClientError', (_problem, socket) => socket.destroy());
  server.on('connection', (socket: Socket) => {
    const stopTimer = clock.after(HANDSHAKE_MS, () => socket.destroy());
    const first = (): void => {
      const byte = socket.read(1) as Buffer | null;
      if (byte === null) return;
      stopTimer();
      socket.off('readable', first);
      socket.off('error', ignore);
      socket.unshift(byte);
      if (byte[0] === HANDSHAKE) secure.emit('connection', socket);
      else serve(socket);
    };
    socket.on('readable', first);
    socket.on('error', ignore);
    socket.once('close', stopTimer);
  });
}

/** A connection that breaks before it said anything. */
function ignore(): void {}
