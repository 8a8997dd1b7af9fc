/**
 * `tasks/list` of 2025-11-25 over all servers of a namespace that have it: one server's page at a time, in the order of
 * the namespace. Our cursor says which server comes next, and where in its list.
 */
import { Fault } from '../base/fault.ts';
import type { Member } from '../model/namespace.ts';
import { RawObject } from '../protocol/envelope.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { askPeer, ownRequest } from '../upstream/peer.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import { leaseOf } from './dispatch.ts';
import type { Decoded } from './exchange.ts';
import { type TaskIds, viewerOf } from './task-ids.ts';

const PAGE_MS = 15_000;

interface Place {
  /** Name of the server in the namespace. */
  readonly as: string;
  /** The server's own cursor. */
  readonly cursor?: string;
}

/** Throws `request.params_invalid` for a cursor that is none of ours. */
export async function listTasks(exchange: Decoded, { upstreams, taskIds }: { readonly upstreams: Upstreams; readonly taskIds: TaskIds }): Promise<RawObject> {
  const members = exchange.endpoint.namespace.members.filter((member) => canList(upstreams, member));
  const place = readCursor(exchange.params['cursor']);
  const index = place === undefined ? 0 : members.findIndex((member) => member.as === place.as);
  if (index < 0) throw new Fault('request.params_invalid', { message: 'Unknown cursor' });
  const member = members[index];
  if (member === undefined) return RawObject.of({ tasks: [] });
  const lease = leaseOf(exchange);
  const upstream = upstreams.find(member.server, lease) ?? (await upstreams.acquire(member.server, lease));
  const page = await askPeer(upstream.send.bind(upstream), ownRequest('tasks/list', place?.cursor === undefined ? {} : { cursor: place.cursor }, PAGE_MS));
  const { nextCursor, ...rest } = taskIds.inResult(page, member.server, viewerOf(exchange)).value;
  const following = members[index + 1];
  const next: Place | undefined = typeof nextCursor === 'string' ? { as: member.as, cursor: nextCursor } : following && { as: following.as };
  return RawObject.of({ ...rest, ...(next === undefined ? {} : { nextCursor: Buffer.from(JSON.stringify(next)).toString('base64url') }) });
}

function canList(upstreams: Upstreams, member: Member): boolean {
  const profile = upstreams.profile(member.server);
  const tasks = profile?.family === 'legacy' ? profile.capabilities['tasks'] : undefined;
  return isObject(tasks) && isObject(tasks['list']);
}

function readCursor(cursor: unknown): Place | undefined {
  if (cursor === undefined) return undefined;
  const place = typeof cursor === 'string' ? parsed(cursor) : undefined;
  if (place === undefined || typeof place['as'] !== 'string') throw new Fault('request.params_invalid', { message: 'Unknown cursor' });
  return { as: place['as'], ...(typeof place['cursor'] === 'string' ? { cursor: place['cursor'] } : {}) };
}

function parsed(cursor: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
