/**
 * Middleware: a configured step around one call of a primitive. It may change the params on the way in and the outcome
 * on the way out. It cannot change the target, so no middleware can step around policy, which is asked before the
 * first one runs and again after the last.
 */
import type { JsonObject } from '../protocol/messages.ts';

/** What a middleware may know of the call beside its params. */
export interface CallContext {
  readonly method: string;
  readonly server: string;
  /** Own name or URI of the primitive. */
  readonly own: string;
}

/** `T` is the outcome of the call; middleware that does not look at outcomes passes it on. */
export type Next<T> = (params: JsonObject) => Promise<T>;
export type Middleware = <T>(params: JsonObject, next: Next<T>, context: CallContext) => Promise<T>;

/** One function from many: the first of the chain is the outermost. Whatever a middleware does to the name or URI is undone. */
export function compose<T>(chain: readonly Middleware[], innermost: Next<T>, context: CallContext): Next<T> {
  return chain.reduceRight<Next<T>>((next, middleware) => (params) => middleware(params, (changed) => next(pinned(changed, params)), context), innermost);
}

/** The members of params that say what is called. */
const TARGET_KEYS = ['name', 'uri', 'ref'] as const;

function pinned(changed: JsonObject, original: JsonObject): JsonObject {
  if (TARGET_KEYS.every((key) => changed[key] === original[key])) return changed;
  const result: Record<string, JsonObject[string]> = { ...changed };
  for (const key of TARGET_KEYS) {
    if (key in original) result[key] = original[key];
    else delete result[key];
  }
  return result;
}
