/**
 * Middleware that an operator brings as a JavaScript module: `export const middleware = {…}`, a manifest without any
 * import from here. Its hooks answer with the words of the webhook: `{}`, `{params}`, `{result}` or `{refuse: "reason"}`.
 */
import { z } from 'zod';
import { Fault } from '../base/fault.ts';
import type { CallContext } from '../model/middleware.ts';
import { RawObject } from '../protocol/envelope.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { HOOK_TIMEOUT_MS, type Hooks, MANIFEST_VERSION, type Manifest } from './manifest.ts';

type Hook = (value: JsonObject, call: JsonObject) => unknown;

/** Runs one hook in the thread of its module. Rejects where the hook throws, is late, or its thread ends. */
export type AskThread = (asked: {
  readonly hook: 'onCall' | 'onResult';
  readonly options: unknown;
  readonly value: JsonObject;
  readonly call: JsonObject;
  readonly timeoutMs: number;
}) => Promise<unknown>;

/** A hook in a thread waits for its turn at most so long. */
const TURN_MS = 5_000;

const aFunction = <Type>() => z.custom<Type>((value) => typeof value === 'function', 'expected a function');

const ModuleSchema = z.strictObject({
  manifestVersion: z.literal(MANIFEST_VERSION),
  name: z.string().regex(/^[a-z][a-z0-9-]{1,63}$/, 'expected lower-case letters, digits and dashes'),
  version: z.string().regex(/^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.-]+)?$/, 'expected a semantic version'),
  description: z.string().min(1).max(500),
  /** JSON Schema of an object. */
  options: z.record(z.string(), z.json()).default({ type: 'object', additionalProperties: false }),
  onFailure: z.enum(['closed', 'open']),
  resultBytesMax: z.int().min(1).default(4 << 20),
  /** Hooks run in a thread of their own, which ends when one of them is late. */
  isThreaded: z.boolean().default(false),
  create: aFunction<(options: unknown) => unknown>(),
});

const HooksSchema = z.strictObject({
  onCall: aFunction<Hook>().optional(),
  onResult: aFunction<Hook>().optional(),
  timeoutMs: z.int().min(1).max(30_000).default(HOOK_TIMEOUT_MS),
});

/** The manifest that a module exports; texts that say what is wrong with it otherwise. `startThread`: for a module that wants one. */
export function toManifest(exported: unknown, startThread: () => AskThread): Manifest | readonly string[] {
  const parsed = ModuleSchema.safeParse(exported);
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => ['middleware', ...path.map(String)].join('.') + `: ${message}`);
  const { create, options, isThreaded, ...rest } = parsed.data;
  try {
    const ask = isThreaded ? startThread() : undefined;
    const hooksOf = (given: unknown): LocalHooks => {
      const hooks = HooksSchema.parse(create(given));
      return ask === undefined ? hooks : inThread(hooks, given, ask);
    };
    return { ...rest, options: z.fromJSONSchema(options as Parameters<typeof z.fromJSONSchema>[0]), create: (given) => toHooks(hooksOf(given), rest.name) };
  } catch (thrown) {
    return [`middleware.options: ${thrown instanceof Error ? thrown.message : String(thrown)}`];
  }
}

type LocalHooks = z.output<typeof HooksSchema>;

/** The same hooks, which run elsewhere: their own time begins when it is their turn. */
function inThread({ onCall, onResult, timeoutMs }: LocalHooks, options: unknown, ask: AskThread): LocalHooks {
  const remote = (hook: 'onCall' | 'onResult') => (value: JsonObject, call: JsonObject): unknown => ask({ hook, options, value, call, timeoutMs });
  return { onCall: onCall && remote('onCall'), onResult: onResult && remote('onResult'), timeoutMs: timeoutMs + TURN_MS };
}

function toHooks({ onCall, onResult, timeoutMs }: LocalHooks, name: string): Hooks {
  return {
    timeoutMs,
    ...(onCall && {
      onCall: async (params: JsonObject, context: CallContext) => {
        const said = await ask(onCall, params, { name, hook: 'call', context });
        if (isObject(said['result'])) return RawObject.of(said['result']);
        return isObject(said['params']) ? said['params'] : params;
      },
    }),
    ...(onResult && {
      onResult: async (result: JsonObject, context: CallContext) => {
        const said = await ask(onResult, result, { name, hook: 'result', context });
        return isObject(said['result']) ? said['result'] : result;
      },
    }),
  };
}

/** What goes in is frozen: nothing is changed but by the answer, and numbers that no double holds stay as they are. Throws `policy.denied` where the module refuses. */
async function ask(hook: Hook, value: JsonObject, about: { readonly name: string; readonly hook: 'call' | 'result'; readonly context: CallContext }): Promise<JsonObject> {
  const { method, server, own, principal } = about.context;
  const said = await hook(frozen(value), { method, server, name: own, ...(principal !== undefined && { principal }) });
  if (!isObject(said as JsonObject)) throw new Error('the module answered no object');
  const answer = said as JsonObject;
  if (typeof answer['refuse'] !== 'string') return answer;
  throw new Fault('policy.denied', { reason: 'middleware', detail: `${about.name} refuses: ${answer['refuse'].slice(0, 200)}`, effect: about.hook === 'call' ? 'not_executed' : 'executed' });
}

function frozen<Value extends JsonValue | undefined>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) frozen(inner as JsonValue | undefined);
  return Object.freeze(value);
}
