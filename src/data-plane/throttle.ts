/** Stage 3: limits of the endpoint and of its clients, taken before a body costs anything. */
import type { BucketStore, Shortage } from './buckets.ts';
import type { Identified } from './exchange.ts';
import { type AddressOf, counterKey, limitFault } from './limit-keys.ts';

export interface ThrottleDeps {
  readonly buckets: BucketStore;
  /** Of the client, past trusted proxies. */
  readonly addressOf: AddressOf;
}

/** A promise only where tokens are not kept in memory. Throws `limit.overloaded` for the endpoint's own limit, `limit.rate_exceeded` for a client's. */
export function throttle<T extends Identified>(identified: T, { addressOf, buckets }: ThrottleDeps): T | Promise<T> {
  const { limits } = identified.endpoint;
  if (limits.length === 0) return identified;
  const wanted = limits.map((limit) => ({ key: counterKey(limit, identified, { target: undefined, addressOf }), max: limit.max, seconds: limit.seconds }));
  const short = buckets.takeAll(wanted);
  return short instanceof Promise ? short.then((found) => passed(identified, found)) : passed(identified, short);
}

function passed<T extends Identified>(identified: T, short: Shortage | undefined): T {
  const limit = short && identified.endpoint.limits[short.index];
  if (limit !== undefined) throw limitFault(limit, short?.waitMs ?? 0);
  return identified;
}
