/** A thread that runs the hooks of one middleware module: whatever they do, the gateway goes on and can end it. One message in is one message out. */
import { parentPort, workerData } from 'node:worker_threads';
import { RawObject } from '../protocol/envelope.ts';
import type { JsonObject } from '../protocol/messages.ts';

export interface ThreadData {
  /** File URL of the module. */
  readonly module: string;
}

/** One hook to run; objects as JSON text, so that numbers which no double holds stay as they are. */
export interface ThreadRequest {
  readonly hook: 'onCall' | 'onResult';
  readonly options: string;
  readonly value: string;
  readonly call: string;
}

export type ThreadAnswer = { readonly ready: true } | { readonly answer: string } | { readonly problem: string };

type Hooks = Partial<Record<ThreadRequest['hook'], (value: JsonObject, call: JsonObject) => unknown>>;

const { middleware } = (await import((workerData as ThreadData).module)) as { readonly middleware: { readonly create: (options: unknown) => Hooks } };
/** By their options: each configured step has hooks of its own. */
const made = new Map<string, Hooks>();

async function run({ hook, options, value, call }: ThreadRequest): Promise<ThreadAnswer> {
  try {
    const hooks = made.get(options) ?? middleware.create(JSON.parse(options));
    made.set(options, hooks);
    const answer = await hooks[hook]?.(RawObject.fromText(value).value, JSON.parse(call) as JsonObject);
    return { answer: JSON.stringify(answer ?? null) };
  } catch (thrown) {
    return { problem: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

parentPort?.on('message', (request: ThreadRequest) => void run(request).then((answer) => parentPort?.postMessage(answer)));
parentPort?.postMessage({ ready: true } satisfies ThreadAnswer);
