/**
 * The host of one script: starts its thread, makes its calls, keeps its journal, and ends it when it takes too long.
 * What the script is told, and in which order, depends on the journal alone as far as that goes; then on what calls give.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { headOf } from '../base/text-head.ts';
import type { ScriptLimits } from '../model/discovery.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { digestOfCall, type Journal, type Told } from './journal.ts';
import type { FromScript, ScriptStart, ToScript } from './script-messages.ts';

export interface Script {
  readonly code: string;
  readonly limits: ScriptLimits;
  /** Goes on from here; what happens is added to it. */
  readonly journal: Journal;
}

export interface ScriptCall {
  readonly seq: number;
  readonly name: string;
  readonly arguments: JsonObject;
  /** What leads back to a call that waited; undefined for a new one. */
  readonly state: string | undefined;
}

export type Called = { readonly kind: 'told'; readonly isOk: boolean; readonly text: string } | { readonly kind: 'waiting'; readonly state: string };

export interface ScriptHost {
  /** Makes a call. Never rejects. */
  readonly call: (call: ScriptCall) => Promise<Called>;
  readonly clock: Clock;
  /** Ends the script; calls under way are waited for and journaled. */
  readonly signal: AbortSignal;
}

export type ScriptEnd =
  /** JSON, as much of it as the limit allows, and what is left of it. */
  | { readonly kind: 'returned'; readonly text: string; readonly rest: string }
  | { readonly kind: 'failed'; readonly message: string }
  /** Nothing can go on before somebody answers; the journal says where. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'aborted' };

/** Beyond its own time a thread gets so long before it is ended from outside. */
const GRACE_MS = 1_000;
/** Loading takes long on a busy machine. */
const START_MS = 15_000;
const HEAP_MB_MAX = 96;

let engine: Uint8Array<ArrayBuffer> | undefined;

/** Read once, when first needed. */
function engineBytes(): Uint8Array<ArrayBuffer> {
  engine ??= new Uint8Array(readFileSync(createRequire(import.meta.url).resolve('quickjs-wasi/quickjs.wasm')));
  return engine;
}

export function runScript(script: Script, host: ScriptHost): Promise<ScriptEnd> {
  return new ScriptRun(script, host).ended;
}

class ScriptRun {
  readonly ended: Promise<ScriptEnd>;
  readonly #script: Script;
  readonly #host: ScriptHost;
  readonly #worker: Worker;
  /** What the journal told before this run began. */
  readonly #replayed: readonly Told[];
  readonly #resumed: ReadonlyMap<number, { readonly call: string; readonly state: string }>;
  readonly #calls = new Map<number, string>();
  readonly #ready: Told[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #replayedCount = 0;
  #isIdle = false;
  #settle: ((end: ScriptEnd) => void) | undefined;
  #stopTimer: CancelTimer = () => undefined;

  constructor(script: Script, host: ScriptHost) {
    this.#script = script;
    this.#host = host;
    const { code, journal, limits } = script;
    this.#replayed = [...journal.told];
    this.#resumed = new Map(journal.waiting.splice(0).map(({ seq, ...waiting }) => [seq, waiting]));
    const start: ScriptStart = { wasm: engineBytes(), code, memoryBytes: limits.memoryBytes, timeMs: limits.timeMs, nowMs: journal.startedAtMs };
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#worker = new Worker(new URL('script.worker.ts', import.meta.url), { workerData: start, env: {}, argv: [], execArgv: [], stdout: true, stderr: true, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX, stackSizeMb: 4 } });
    this.#worker.unref();
    this.#worker.on('message', (message: FromScript) => this.#hear(message));
    this.#worker.on('error', () => this.#end({ kind: 'failed', message: 'stopped: it used more than it may' }));
    this.#worker.on('exit', () => this.#end({ kind: 'failed', message: 'stopped: it ended its thread' }));
    this.#watch(limits.timeMs + START_MS);
    const abort = (): void => this.#end({ kind: 'aborted' });
    if (host.signal.aborted) abort();
    else host.signal.addEventListener('abort', abort, { once: true });
  }

  #hear(message: FromScript): void {
    if (this.#settle === undefined) return;
    if (message.kind === 'call') this.#call(message.seq, message.name, message.argumentsText);
    else if (message.kind === 'idle') {
      this.#stopTimer();
      this.#isIdle = true;
      this.#advance();
    } else this.#end(this.#endOf(message));
  }

  #endOf({ isOk, text }: FromScript & { readonly kind: 'end' }): ScriptEnd {
    if (!isOk) return { kind: 'failed', message: text };
    const { outputBytesMax } = this.#script.limits;
    const head = Buffer.byteLength(text) <= outputBytesMax ? text : headOf(text, outputBytesMax);
    return { kind: 'returned', text: head, rest: text.slice(head.length) };
  }

  #call(seq: number, name: string, argumentsText: string): void {
    const given = parsed(argumentsText);
    const call = digestOfCall(name, given ?? {});
    this.#calls.set(seq, call);
    const told = this.#replayed.find((entry) => entry.seq === seq);
    const resumed = this.#resumed.get(seq);
    if ((told ?? resumed) !== undefined && (told ?? resumed)?.call !== call) return this.#end(DIVERGED);
    if (told !== undefined) return;
    const { callsMax } = this.#script.limits;
    if (given === undefined || seq > callsMax) {
      this.#ready.push({ seq, call, isOk: false, text: errorText(given === undefined ? 'arguments are not an object' : `at most ${callsMax} calls are allowed`, name) });
      return;
    }
    const made = this.#host.call({ seq, name, arguments: given, state: resumed?.state }).then((called) => {
      if (called.kind === 'told') this.#ready.push({ seq, call, isOk: called.isOk, text: called.text });
      else this.#script.journal.waiting.push({ seq, call, state: called.state });
    });
    const under = made.finally(() => {
      this.#inFlight.delete(under);
      this.#advance();
    });
    this.#inFlight.add(under);
  }

  /** One result at a time, and only while the script rests. */
  #advance(): void {
    if (!this.#isIdle || this.#settle === undefined) return;
    const replayed = this.#replayed[this.#replayedCount];
    if (replayed !== undefined) {
      if (!this.#calls.has(replayed.seq)) return this.#end(DIVERGED);
      this.#replayedCount++;
      return this.#tell(replayed);
    }
    const next = this.#ready.shift();
    if (next !== undefined) {
      this.#script.journal.told.push(next);
      return this.#tell(next);
    }
    if (this.#inFlight.size > 0) return;
    this.#end(this.#script.journal.waiting.length > 0 ? { kind: 'waiting' } : { kind: 'failed', message: 'it waits for something that never comes' });
  }

  #tell({ seq, isOk, text }: Told): void {
    this.#isIdle = false;
    this.#watch(this.#script.limits.timeMs + GRACE_MS);
    this.#worker.postMessage({ seq, isOk, text } satisfies ToScript);
  }

  #watch(ms: number): void {
    this.#stopTimer();
    this.#stopTimer = this.#host.clock.after(ms, () => this.#end({ kind: 'failed', message: `stopped: it computed for more than ${this.#script.limits.timeMs} ms` }));
  }

  #end(end: ScriptEnd): void {
    const settle = this.#settle;
    if (settle === undefined) return;
    this.#settle = undefined;
    this.#stopTimer();
    void Promise.all([this.#worker.terminate(), ...this.#inFlight]).then(() => {
      // What came too late for the script is there for the next run.
      if (end.kind === 'aborted') this.#script.journal.told.push(...this.#ready.splice(0));
      settle(end);
    });
  }
}

const DIVERGED: ScriptEnd = { kind: 'failed', message: 'diverged: run again, it made other calls than before' };

function parsed(text: string): JsonObject | undefined {
  const value: unknown = JSON.parse(text);
  return isObject(value) ? value : undefined;
}

/** As `ToolError` in the script. */
export function errorText(message: string, tool: string, details: JsonObject = {}): string {
  return JSON.stringify({ message, tool, details });
}
