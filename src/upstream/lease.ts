/** Who shares which connection to a server: from its isolation, its family and who asks (ServerSpec.isolation). */
import type { ServerSpec } from '../model/server.ts';
import type { Family, JsonObject } from '../protocol/messages.ts';
import type { Lease, ServerState } from './upstreams.ts';

export type EffectiveIsolation = ServerState['isolation'];

/** What holds for the server in general; `auto` for a legacy server also depends on the lease. `family` undefined: not known yet. */
export function isolationOf(spec: ServerSpec, family: Family | undefined): EffectiveIsolation {
  if (spec.isolation !== 'auto') return { effective: spec.isolation, reason: 'configured' };
  if (family === 'modern') return { effective: 'shared', reason: 'auto: a modern server keeps nothing between requests' };
  return { effective: 'per-principal', reason: 'auto: a legacy server may keep state; per session for clients that can be asked' };
}

/** Which connection a lease means. Equal keys share one, or one group. */
export interface Place {
  /** Undefined: the one connection that serves everybody. */
  readonly key: string | undefined;
  readonly principalId: string | undefined;
  readonly sessionId: string | undefined;
  readonly isInteractive: boolean;
  /**
   * One call at a time: a legacy server over stdio or SSE does not say which call its questions belong to, so
   * questions reach the right client of several only where there is but one call.
   */
  readonly isExclusive: boolean;
  /** What the connection declares, where it is not the usual. */
  readonly declares: JsonObject | undefined;
}

const SHARED: Place = { key: undefined, principalId: undefined, sessionId: undefined, isInteractive: true, isExclusive: false, declares: undefined };

/** `hasAsked`: the server once asked something without saying because of which call. Until then concurrent calls share its state. */
export function placeOf(spec: ServerSpec, family: Family, lease: Lease, hasAsked: boolean): Place {
  const { isolation } = spec;
  if (isolation === 'shared' || (isolation === 'auto' && family === 'modern')) return SHARED;
  const { principalId, sessionId, wantsInteraction } = lease;
  const declares = lease.declares?.();
  if (sessionId !== undefined && (isolation === 'per-session' || (isolation === 'auto' && wantsInteraction))) {
    return { key: `session ${sessionId}`, principalId, sessionId, isInteractive: wantsInteraction, isExclusive: false, declares };
  }
  const isExclusive = hasAsked && wantsInteraction && family === 'legacy' && spec.type !== 'http';
  const key = `${wantsInteraction ? 'asked' : 'plain'} ${principalId}${declares === undefined ? '' : ` ${JSON.stringify(declares)}`}`;
  return { key, principalId, sessionId: undefined, isInteractive: wantsInteraction, isExclusive, declares };
}
