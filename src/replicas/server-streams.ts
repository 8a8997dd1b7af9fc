/**
 * Servers of which there is one process (placement `one`): the leader has it, the others open a stream of lines to the
 * leader for each. Streams are asked for at the same door as everything between gateways, with the same seal.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Fault } from '../base/fault.ts';
import { GONE_MS, type Membership } from './membership.ts';
import { type ReplicaDoor, STREAM_PROTOCOL } from './replica-door.ts';

const PATH = '/servers/';
const PRINCIPAL = 'principal';

/** Which server a stream leads to, and for whom: undefined where it is for all. */
export interface StreamTarget {
  readonly server: string;
  readonly principalId: string | undefined;
}

/** What takes a stream to the process of that server; undefined: there is no such process now. */
export type FindProcess = (target: StreamTarget) => ((socket: Duplex) => void) | undefined;

/** Where the servers are of which there is one process. */
export interface ServerPlaces {
  /** In this gateway. */
  isHere(): boolean;
  /** A stream to that process, where another gateway has it. Undefined: nobody has it now. Rejects with `upstream.unavailable` where gateways do not reach each other. */
  reach(target: StreamTarget): Promise<Duplex | undefined>;
  /** `find` is asked for the processes of this gateway when another one opens a stream. */
  onAsked(find: FindProcess): void;
  /** Called when this gateway begins or ceases to have them. */
  onMoved(moved: () => void): void;
}

/** For a gateway without others. */
export const ONLY_PLACE: ServerPlaces = {
  isHere: () => true,
  reach: () => Promise.resolve(undefined),
  onAsked: () => undefined,
  onMoved: () => undefined,
};

interface Reaching {
  readonly self: string;
  readonly membership: Pick<Membership, 'all'>;
  /** Undefined: this gateway has no port for others. */
  readonly door: Pick<ReplicaDoor, 'openStream'> | undefined;
}

/** See `ServerPlaces.reach`. */
export function reachServer({ server, principalId }: StreamTarget, { self, membership, door }: Reaching): Promise<Duplex | undefined> {
  const leader = membership.all.find((replica) => replica.isLeader && replica.id !== self && replica.silentMs <= GONE_MS);
  if (leader === undefined) return Promise.resolve(undefined);
  if (door === undefined || leader.address === undefined) {
    return Promise.reject(new Fault('upstream.unavailable', { server, reason: 'no_replica_port', detail: `its one process runs at the gateway ${leader.name}, and these gateways have no way to each other: set METAMCP_REPLICA_PORT in both` }));
  }
  return door.openStream(leader, `${PATH}${encodeURIComponent(server)}${principalId === undefined ? '' : `?${PRINCIPAL}=${encodeURIComponent(principalId)}`}`);
}

/** Serves a request for a stream: taken as it came (encrypted, or not), proven, and given to the process that is meant, where it is here. */
export function takeStream(http: IncomingMessage, socket: Duplex, { door, find, isTaken }: { readonly door: Pick<ReplicaDoor, 'judge'>; readonly find: FindProcess; readonly isTaken: (http: IncomingMessage) => boolean }): void {
  const refuse = (status: string): void => void socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  socket.on('error', () => undefined);
  if (http.headers.upgrade !== STREAM_PROTOCOL || http.url?.startsWith(PATH) !== true) return refuse('400 Bad Request');
  if (door.judge(http) === undefined) return refuse('403 Forbidden');
  if (!isTaken(http)) return refuse('503 Service Unavailable');
  const [name = '', query] = http.url.slice(PATH.length).split('?');
  const join = find({ server: decodeURIComponent(name), principalId: new URLSearchParams(query).get(PRINCIPAL) ?? undefined });
  if (join === undefined) return refuse('503 Service Unavailable');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${STREAM_PROTOCOL}\r\n\r\n`);
  join(socket);
}
