/** Limits of an endpoint, of its namespace and of the instance, put together for the two places where they are taken. */
import { compileGlob } from '../base/linear-pattern.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { LimitSpec, LimitTarget, RateLimit, Reservations } from '../model/limit.ts';
import type { LimitConfig } from '../model/limit-config.ts';
import { SEPARATOR } from '../protocol/names.ts';

/** Tools whose limits are remembered. */
const REMEMBERED_MAX = 20_000;
const QUEUE_MAX = 100;
const WAIT_MS = 10_000;
const NONE: readonly LimitSpec[] = Object.freeze([]);

/** `id` is where the limit stands, such as `endpoint:dev#0`. */
export function compileLimit(id: string, limit: LimitConfig): LimitSpec {
  const base = { id, scope: limit.scope, by: limit.scope === 'client' ? (limit.by ?? 'key') : limit.by, header: limit.header, matches: compileMatch(limit), max: limit.max };
  if (limit.kind === 'concurrency') return { ...base, kind: 'concurrency', queueMax: limit.queue ?? QUEUE_MAX, waitMs: limit.waitSeconds === undefined ? WAIT_MS : limit.waitSeconds * 1_000 };
  // The schema made sure that the members of its kind are there.
  if (limit.kind === 'budget') return { ...base, kind: 'budget', unit: limit.unit ?? 'calls', per: limit.per ?? 'day' };
  return { ...base, kind: 'rate', seconds: limit.seconds ?? 1 };
}

export function compileLimits(where: string, limits: readonly LimitConfig[]): readonly LimitSpec[] {
  return limits.map((limit, index) => compileLimit(`${where}#${index}`, limit));
}

/** What need not know the call is taken before it is read; everything else once it is admitted. */
export function toEndpointLimits(limits: readonly LimitSpec[]): Pick<EndpointSpec, 'limits' | 'reservations'> {
  const late = limits.filter((limit) => !isEarly(limit));
  return { limits: limits.filter(isEarly), reservations: late.length === 0 ? undefined : toReservations(late) };
}

function isEarly(limit: LimitSpec): limit is RateLimit {
  return limit.kind === 'rate' && limit.matches === undefined && (limit.scope === 'endpoint' || limit.scope === 'client');
}

function compileMatch({ match, scope }: LimitConfig): LimitSpec['matches'] {
  const { tool, server } = match ?? {};
  const isTool = tool === undefined ? undefined : compileGlob(tool);
  const isServer = server === undefined ? undefined : compileGlob(server);
  if (isTool === undefined && isServer === undefined && scope !== 'tool') return undefined;
  return (target) => {
    if ((scope === 'tool' || isTool !== undefined) && target.tool === undefined) return false;
    if (isTool !== undefined && !isTool(target.as + SEPARATOR + (target.tool ?? ''))) return false;
    return isServer === undefined || isServer(target.server) || isServer(target.as);
  };
}

function toReservations(all: readonly LimitSpec[]): Reservations {
  const known = new Map<string, readonly LimitSpec[]>();
  return {
    all,
    of: (target: LimitTarget) => {
      const key = target.tool === undefined ? target.as : target.as + SEPARATOR + target.tool;
      const remembered = known.get(key);
      if (remembered !== undefined) return remembered;
      const found = all.filter((limit) => limit.matches?.(target) ?? true);
      if (known.size >= REMEMBERED_MAX) known.clear();
      known.set(key, found.length === 0 ? NONE : found);
      return found;
    },
  };
}
