/** The counters of limits: which one a request belongs to, and what is said when it is used up. */
import type { HttpRequest } from '../base/http.ts';
import { Fault } from '../base/fault.ts';
import type { LimitSpec, LimitTarget } from '../model/limit.ts';
import type { Identified } from './exchange.ts';

export type AddressOf = (http: HttpRequest) => string;

/** Where a header or an address is no identity of ours, it must not grow without bound. */
const IDENTITY_CHARS_MAX = 256;

/** The last key that was made for an identity. */
interface KnownKey {
  readonly endpoint: string;
  readonly server: string | undefined;
  readonly tool: string | undefined;
  readonly key: string;
}

/** Identities of a limit whose keys are remembered. */
const REMEMBERED_MAX = 1_000;
const known = new WeakMap<LimitSpec, Map<string, KnownKey>>();

/** `{id of the limit}\n{what it counts}\n{whom}\n`, and for a rate which: once it is changed, buckets are full. Made once: a new text of the same letters must be hashed again. */
export function counterKey(limit: LimitSpec, identified: Identified, about: { readonly target: LimitTarget | undefined; readonly addressOf: AddressOf }): string {
  const { target, addressOf } = about;
  const who = limit.scope === 'endpoint' ? '' : identityOf(limit, identified, addressOf);
  const endpoint = identified.endpoint.name;
  let keys = known.get(limit);
  if (keys === undefined) known.set(limit, (keys = new Map()));
  const last = keys.get(who);
  if (last !== undefined && last.endpoint === endpoint && last.server === target?.server && last.tool === target?.tool) return last.key;
  const key = newKey(limit, { who, endpoint, target });
  if (keys.size >= REMEMBERED_MAX) keys.clear();
  keys.set(who, { endpoint, server: target?.server, tool: target?.tool, key });
  return key;
}

function newKey(limit: LimitSpec, { who, endpoint, target }: { readonly who: string; readonly endpoint: string; readonly target: LimitTarget | undefined }): string {
  const rate = limit.kind === 'rate' ? `${limit.max}/${limit.seconds}` : '';
  return `${limit.id}\n${placeOf(limit, endpoint, target)}\n${who}\n${rate}`;
}

/** Rates of clients are for each endpoint; their budgets are for all that the limit holds for. */
function placeOf({ scope, kind }: LimitSpec, endpoint: string, target: LimitTarget | undefined): string {
  if (scope === 'server') return target?.server ?? '';
  if (scope === 'tool') return `${target?.server ?? ''}__${target?.tool ?? ''}`;
  return kind === 'budget' && scope === 'client' ? '' : endpoint;
}

function identityOf({ by, header }: LimitSpec, { principal, http }: Identified, addressOf: AddressOf): string {
  if (by === undefined) return '';
  if (by === 'ip') return addressOf(http);
  if (by !== 'header') return by === 'key' ? principal.credentialId : principal.id;
  const value = http.headers[header ?? ''];
  // A client that leaves the header out shares one counter with all that do: leaving it out wins nothing.
  return typeof value === 'string' ? value.slice(0, IDENTITY_CHARS_MAX) : '';
}

/** 503 for what everybody shares at an endpoint, 429 for the rest. Says which limit it is, and when to come back. */
export function limitFault({ scope, id, kind }: LimitSpec, waitMs: number): Fault {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new Fault(scope === 'endpoint' ? 'limit.overloaded' : 'limit.rate_exceeded', {
    retryAfterSeconds,
    reason: kind === 'budget' ? 'budget' : `${scope}_limit`,
    detail: `limit ${id}`,
    data: { limit: id },
  });
}
