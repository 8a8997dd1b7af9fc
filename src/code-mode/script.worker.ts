/**
 * Runs one script in QuickJS, which is WebAssembly in a thread of its own: nothing but the language and `tools` is there,
 * and whatever it does, its host can end the thread. The host is told of calls and of rest; results come one by one, each
 * after the one before was worked off, so that a run can be repeated exactly.
 */
import { stripTypeScriptTypes } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { Intrinsics, JSException, type JSValueHandle, QuickJS } from 'quickjs-wasi';
import { systemClock } from '../base/clock.ts';
import { PRELUDE } from './prelude.ts';
import type { FromScript, ScriptStart, ToScript } from './script-messages.ts';

/** Without what would tell the script of time, of the garbage collector or of other threads. */
const INTRINSICS = Intrinsics.ALL & ~Intrinsics.WEAK_REF & ~Intrinsics.PERFORMANCE;
const WORDS_CHARS_MAX = 2_000;
/** A quarter of what the engine has: its own frames need the rest. */
const STACK_BYTES_MAX = 256 << 10;

const { wasm, code, memoryBytes, timeMs, nowMs } = workerData as ScriptStart;
const say = (message: FromScript): void => parentPort?.postMessage(message);

let leftMs = timeMs;
let deadlineMs = Number.POSITIVE_INFINITY;
let hasEnded = false;

const vm = await QuickJS.create({
  wasm,
  memoryLimit: memoryBytes,
  maxStackSize: STACK_BYTES_MAX,
  intrinsics: INTRINSICS,
  timezoneOffset: 0,
  interruptHandler: () => systemClock.monotonicMs() > deadlineMs,
  wasi: (memory: { readonly buffer: ArrayBuffer }) => ({
    clock_time_get: (_clockId: number, _precision: bigint, resultPointer: number) => {
      new DataView(memory.buffer).setBigUint64(resultPointer, BigInt(Math.floor(nowMs)) * 1_000_000n, true);
      return 0;
    },
    random_get: (pointer: number, length: number) => {
      new Uint8Array(memory.buffer, pointer, length).fill(0);
      return 0;
    },
  }),
});

/** Computes within what is left of the time, then says that it rests or what became of it. */
function compute(work: () => void): void {
  const startMs = systemClock.monotonicMs();
  deadlineMs = startMs + leftMs;
  try {
    work();
    while (vm.executePendingJobs() > 0);
  } catch (thrown) {
    end(false, thrown instanceof JSException || thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown));
  }
  leftMs -= systemClock.monotonicMs() - startMs;
  if (hasEnded) return;
  if (leftMs <= 0) end(false, `stopped: it computed for more than ${timeMs} ms`);
  else say({ kind: 'idle' });
}

function end(isOk: boolean, text: string): void {
  if (hasEnded) return;
  hasEnded = true;
  const isStopped = !isOk && text.includes('interrupted');
  say({ kind: 'end', isOk, text: isOk ? text : isStopped ? `stopped: it computed for more than ${timeMs} ms` : text.slice(0, WORDS_CHARS_MAX) });
}

function toSource(body: string): string {
  const wrapped = `(async () => {\n${body}\n})()`;
  return stripTypeScriptTypes(wrapped);
}

let tell: JSValueHandle | undefined;

compute(() => {
  const call = vm.newFunction('call', (seq, name, given) => {
    say({ kind: 'call', seq: seq?.toNumber() ?? 0, name: name?.toString() ?? '', argumentsText: given?.toString() ?? '{}' });
    return vm.undefined;
  });
  const ended = vm.newFunction('end', (isOk, text) => {
    end(isOk?.toBoolean() === true, text?.toString() ?? '');
    return vm.undefined;
  });
  const world = vm.callFunction(vm.evalCode(PRELUDE, 'prelude.js'), vm.undefined, call, ended);
  tell = world.getProp('tell');
  const promise = vm.evalCode(toSource(code), 'script.ts');
  vm.callFunction(world.getProp('watch'), vm.undefined, promise);
});

parentPort?.on('message', ({ seq, isOk, text }: ToScript) => {
  const handle = tell;
  if (handle === undefined || hasEnded) return;
  compute(() => {
    vm.callFunction(handle, vm.undefined, vm.newNumber(seq), isOk ? vm.true : vm.false, vm.newString(text));
  });
});
