/**
 * What a middleware ships: a manifest and hooks. The manifest is the whole interface, so that others can write one:
 * name, version, options, what happens where it fails, and `create`, which gives the hooks.
 *
 * A hook refuses by throwing a Fault: that always holds. Anything else it throws, and a promise that is late, is a
 * failure, which ends the call (`closed`) or is counted and passed over (`open`).
 */
import type { z } from 'zod';
import { Fault } from '../base/fault.ts';
import type { CallContext, CallOutcome, DefinitionContext, Middleware } from '../model/middleware.ts';
import { RawObject } from '../protocol/envelope.ts';
import type { JsonObject, RpcError } from '../protocol/messages.ts';

/** Version of this interface; a manifest says for which one it was written. */
export const MANIFEST_VERSION = 1;
/** A hook that waits may do so for so long. */
export const HOOK_TIMEOUT_MS = 200;

export interface Hooks {
  /** Params on the way in; or, as RawObject, the result, which then ends the call here. */
  readonly onCall?: (params: JsonObject, context: CallContext) => JsonObject | RawObject | Promise<JsonObject | RawObject>;
  /** A result on the way out. Give the same object back to leave it byte for byte as it is. */
  readonly onResult?: (result: JsonObject, context: CallContext) => JsonObject | Promise<JsonObject>;
  /** An error of the server on the way out. */
  readonly onError?: (error: RpcError, context: CallContext) => RpcError;
  readonly onDefinition?: (definition: JsonObject, context: DefinitionContext) => JsonObject | undefined;
  /** Waiting hooks may do so for so long; without it, HOOK_TIMEOUT_MS. */
  readonly timeoutMs?: number;
  /** For the rare middleware that is about the call itself, such as its time. */
  readonly around?: Middleware;
}

export interface Manifest<Options extends z.ZodType = z.ZodType> {
  readonly manifestVersion: typeof MANIFEST_VERSION;
  readonly name: string;
  /** Of the middleware, as semantic versioning has it. */
  readonly version: string;
  readonly description: string;
  readonly options: Options;
  readonly onFailure: 'closed' | 'open';
  /** Results above this are not looked at, which is a failure. */
  readonly resultBytesMax: number;
  /** Around all others, wherever it stands: it takes from results what the others must have seen. */
  readonly isOutermost?: true;
  /** `place`: a digest of all that surrounds the step, the same in every gateway that serves this configuration; undefined where it only tries the step. */
  readonly create: (options: z.infer<Options>, place?: string) => Hooks;
}

export type FailureMode = Manifest['onFailure'];

/** A middleware from hooks, which fails as the mode says. Undefined where there is no hook around calls. */
export function fromHooks(manifest: Pick<Manifest, 'name' | 'resultBytesMax'>, hooks: Hooks, mode: FailureMode): Middleware | undefined {
  const { onCall, onResult, onError, around } = hooks;
  if (around !== undefined) return around;
  if (onCall === undefined && onResult === undefined && onError === undefined) return undefined;
  const guard: Guard = { name: manifest.name, mode, timeoutMs: hooks.timeoutMs ?? HOOK_TIMEOUT_MS };
  return async (params, next, context) => {
    const changed =
      onCall === undefined ? params : await guarded<JsonObject | RawObject>({ ...guard, hook: 'call', context }, params, () => onCall(params, context));
    if (changed instanceof RawObject) return { kind: 'result', result: changed };
    const outcome = await next(changed);
    if (outcome.kind === 'result' && onResult !== undefined) {
      const { result } = outcome;
      const run = (): JsonObject | Promise<JsonObject> => {
        if (result.byteLength > manifest.resultBytesMax) throw new Error(`a result of ${result.byteLength} bytes is above ${manifest.resultBytesMax}`);
        return onResult(result.value, context);
      };
      const value = await guarded<JsonObject | undefined>({ ...guard, hook: 'result', context }, undefined, run);
      return value === undefined || value === result.value ? outcome : { kind: 'result', result: RawObject.of(value) };
    }
    if (outcome.kind === 'error' && onError !== undefined) {
      const error = await guarded({ ...guard, hook: 'error', context }, outcome.error, () => onError(outcome.error, context));
      return { kind: 'error', error } satisfies CallOutcome;
    }
    return outcome;
  };
}

interface Guard {
  readonly name: string;
  readonly mode: FailureMode;
  readonly timeoutMs: number;
}

async function guarded<Value>(
  guard: Guard & { readonly hook: string; readonly context: CallContext },
  fallback: Value,
  run: () => Value | Promise<Value>,
): Promise<Value> {
  const { name, mode, hook, context } = guard;
  try {
    const value = run();
    return value instanceof Promise ? await inTime(value, context, guard.timeoutMs) : value;
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    context.services?.failed(name, hook, detail);
    if (mode === 'open') return fallback;
    throw new Fault('gateway.bug', {
      reason: 'middleware_failed',
      detail: `${name}, ${hook}: ${detail}`,
      effect: hook === 'call' ? 'not_executed' : 'executed',
      cause: thrown,
    });
  }
}

function inTime<Value>(promise: Promise<Value>, { services }: CallContext, timeoutMs: number): Promise<Value> {
  if (services === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = services.clock.after(timeoutMs, () => reject(new Error(`late: above ${timeoutMs} ms`)));
    promise.then(resolve, reject).finally(stop);
  });
}
