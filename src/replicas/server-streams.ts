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

/** What takes a stream to the process of that server; undefined: there is no such process now. */
export type FindProcess = (server: string) => ((socket: Duplex) => void) | undefined;

/** Where the servers are of which there is one process. */
export interface ServerPlaces {
  /** In this gateway. */
  isHere(): boolean;
  /** A stream to the process of that server, where another gateway has it. Undefined: nobody has it now. Rejects with `upstream.unavailable` where gateways do not reach each other. */
  reach(server: string): Promise<Duplex | undefined>;
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
export function reachServer(server: string, { self, membership, door }: Reaching): Promise<Duplex | undefined> {
  const leader = membership.all.find((replica) => replica.isLeader && replica.id !== self && replica.silentMs <= GONE_MS);
  if (leader === undefined) return Promise.resolve(undefined);
  if (door === undefined || leader.address === undefined) {
    return Promise.reject(new Fault('upstream.unavailable', { server, reason: 'no_replica_port', detail: `its one process runs at the gateway ${leader.name}, and these gateways have no way to each other: set METAMCP_REPLICA_PORT in both` }));
  }
  return door.openStream(leader, `${PATH}${encodeURIComponent(server)}`);
}

/** Serves a request for a stream: proven, and given to the process that is meant, where it is here. */
export function takeStream(http: IncomingMessage, socket: Duplex, { door, find }: { readonly door: Pick<ReplicaDoor, 'judge'>; readonly find: FindProcess }): void {
  const refuse = (status: string): void => void socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  socket.on('error', () => undefined);
  if (http.headers.upgrade !== STREAM_PROTOCOL || http.url?.startsWith(PATH) !== true) return refuse('400 Bad Request');
  if (door.judge(http) === undefined) return refuse('403 Forbidden');
  const join = find(decodeURIComponent(http.url.slice(PATH.length)));
  if (join === undefined) return refuse('503 Service Unavailable');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${STREAM_PROTOCOL}\r\n\r\n`);
  join(socket);
}
