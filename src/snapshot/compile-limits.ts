/** Limits of an endpoint, of its namespace and of the instance, put together for the two places where they are taken. */
import { compileGlob } from '../base/linear-pattern.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { LimitSpec, LimitTarget, RateLimit, Reservations, TargetLimits } from '../model/limit.ts';
import type { LimitConfig } from '../model/limit-config.ts';
import { SEPARATOR } from '../protocol/names.ts';

/** Tools whose limits are remembered. */
const REMEMBERED_MAX = 20_000;
const QUEUE_MAX = 100;
const WAIT_MS = 10_000;

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
  // By the server's name in the namespace, then by tool: names that are put together first cost more than both look-ups.
  const known = new Map<string, Map<string | undefined, TargetLimits | undefined>>();
  let size = 0;
  return {
    all,
    of: (target: LimitTarget) => {
      const ofServer = known.get(target.as);
      const remembered = ofServer?.get(target.tool);
      if (remembered !== undefined || ofServer?.has(target.tool) === true) return remembered;
      const found = toTargetLimits(all.filter((limit) => limit.matches?.(target) ?? true));
      if (++size > REMEMBERED_MAX) {
        known.clear();
        size = 1;
      }
      known.set(target.as, (known.get(target.as) ?? new Map<string | undefined, TargetLimits | undefined>()).set(target.tool, found));
      return found;
    },
  };
}

function toTargetLimits(limits: readonly LimitSpec[]): TargetLimits | undefined {
  if (limits.length === 0) return undefined;
  const of = <Kind extends LimitSpec['kind']>(kind: Kind) => limits.filter((limit): limit is Extract<LimitSpec, { kind: Kind }> => limit.kind === kind);
  return { rates: of('rate'), concurrency: of('concurrency'), budgets: of('budget') };
}
