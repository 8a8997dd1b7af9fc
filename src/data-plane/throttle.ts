/** Stage 3: limits of the endpoint and of its clients, taken before a body costs anything. */
import type { IncomingMessage } from 'node:http';
import { Fault } from '../base/fault.ts';
import type { LimitSpec } from '../model/endpoint.ts';
import type { Buckets } from './buckets.ts';
import type { Identified } from './exchange.ts';

export interface ThrottleDeps {
  readonly buckets: Buckets;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Of the client, past trusted proxies. */
  readonly addressOf: (http: IncomingMessage) => string;
}

/** Throws `limit.overloaded` for the endpoint's own limit, `limit.rate_exceeded` for a client's. */
export function throttle<T extends Identified>(identified: T, { addressOf, buckets, nowMs }: ThrottleDeps): T {
  const { endpoint } = identified;
  for (const [index, limit] of endpoint.limits.entries()) {
    const counter = limit.scope === 'endpoint' ? '' : identityOf(identified, limit, addressOf);
    const waitMs = buckets.take(`${endpoint.name}\n${index}\n${counter}`, limit, nowMs());
    if (waitMs === 0) continue;
    const code = limit.scope === 'endpoint' ? 'limit.overloaded' : 'limit.rate_exceeded';
    throw new Fault(code, { retryAfterSeconds: Math.ceil(waitMs / 1000), reason: `${limit.scope}_limit` });
  }
  return identified;
}

function identityOf({ principal, http }: Identified, limit: LimitSpec, addressOf: ThrottleDeps['addressOf']): string {
  if (limit.by === 'ip') return addressOf(http);
  if (limit.by !== 'header') return limit.by === 'key' ? principal.credentialId : principal.id;
  const value = http.headers[limit.header ?? ''];
  // A client that leaves the header out shares one bucket with all that do: leaving it out wins nothing.
  return typeof value === 'string' ? value.slice(0, 256) : '';
}
