/**
 * Middleware: a configured step around one call of a primitive. It may change the params on the way in and the outcome
 * on the way out. It cannot change the target, so no middleware can step around policy, which is asked before the
 * first one runs and again after the last.
 */
import type { CallContext, Middleware, Next } from '../model/middleware.ts';
import type { JsonObject } from '../protocol/messages.ts';

export type { CallContext, Middleware, Next } from '../model/middleware.ts';

/** One function from many: the first of the chain is the outermost. Whatever a middleware does to the name or URI is undone. */
export function compose(chain: readonly Middleware[], innermost: Next, context: CallContext): Next {
  return chain.reduceRight<Next>((next, middleware) => (params) => middleware(params, (changed) => next(pinned(changed, params)), context), innermost);
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
