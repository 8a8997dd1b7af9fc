/** The tools of the sample server: a list and one function each. A wrong argument is a result with `isError`, so that a model can mend it. */

import type { Clock } from '../base/clock.ts';
import { sleep } from '../base/clock.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { INVALID_PARAMS, Refusal } from '../serving/refusal.ts';

/** What a tool may use besides its arguments. */
export interface ToolContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Does nothing where the client asked for no progress. */
  reportProgress(progress: number, total: number, message: string): void;
}

type RunTool = (given: JsonObject, context: ToolContext) => JsonObject | Promise<JsonObject>;

class ArgumentError extends Error {}

const STEPS_MAX = 100;
const INTERVAL_MS_MAX = 10_000;
const HARMLESS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

export const TOOLS: readonly JsonObject[] = [
  {
    name: 'echo',
    title: 'Echo',
    description: 'Says back the message it was given.',
    inputSchema: { type: 'object', properties: { message: { type: 'string', description: 'What to say back' } }, required: ['message'] },
    annotations: HARMLESS,
  },
  {
    name: 'add',
    title: 'Add two numbers',
    description: 'Adds a and b.',
    inputSchema: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
    annotations: HARMLESS,
  },
  {
    name: 'time',
    title: 'Time in a place',
    description: 'Tells the present date and time in a timezone.',
    inputSchema: { type: 'object', properties: { timezone: { type: 'string', description: 'IANA name such as Europe/Berlin', default: 'UTC' } } },
    outputSchema: {
      type: 'object',
      properties: { timezone: { type: 'string' }, local: { type: 'string' }, utc: { type: 'string', format: 'date-time' } },
      required: ['timezone', 'local', 'utc'],
    },
    annotations: { ...HARMLESS, idempotentHint: false },
  },
  {
    name: 'progress',
    title: 'Count with progress',
    description: 'Counts to a number and reports its progress on the way. Can be cancelled.',
    inputSchema: {
      type: 'object',
      properties: {
        steps: { type: 'integer', minimum: 1, maximum: STEPS_MAX, default: 5 },
        intervalMs: { type: 'integer', minimum: 0, maximum: INTERVAL_MS_MAX, default: 200, description: 'Milliseconds between two steps' },
      },
    },
    annotations: HARMLESS,
  },
];

const RUNS: ReadonlyMap<string, RunTool> = new Map<string, RunTool>([
  ['echo', (given) => textResult(stringOf(given, 'message'))],
  ['add', (given) => textResult(String(numberOf(given, 'a') + numberOf(given, 'b')))],
  ['time', tellTime],
  ['progress', countWithProgress],
]);

/** Runs a tool. Throws a Refusal for a name that is none, and whatever the signal's reason is when the call is cancelled. */
export async function callTool(name: unknown, given: JsonObject, context: ToolContext): Promise<JsonObject> {
  const run = typeof name === 'string' ? RUNS.get(name) : undefined;
  if (run === undefined) throw new Refusal(INVALID_PARAMS, `Unknown tool: ${String(name)}`);
  try {
    return await run(given, context);
  } catch (thrown) {
    if (!(thrown instanceof ArgumentError)) throw thrown;
    return { ...textResult(thrown.message), isError: true };
  }
}

function tellTime(given: JsonObject, { clock }: ToolContext): JsonObject {
  const timezone = given['timezone'] === undefined ? 'UTC' : stringOf(given, 'timezone');
  const now = new Date(clock.nowMs());
  const structuredContent = { timezone, local: formatIn(timezone, now), utc: now.toISOString() };
  return { ...textResult(JSON.stringify(structuredContent)), structuredContent };
}

function formatIn(timezone: string, date: Date): string {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: timezone, dateStyle: 'full', timeStyle: 'long' }).format(date);
  } catch {
    throw new ArgumentError(`timezone must be an IANA name such as Europe/Berlin, not ${JSON.stringify(timezone)}`);
  }
}

async function countWithProgress(given: JsonObject, context: ToolContext): Promise<JsonObject> {
  const steps = integerOf(given, 'steps', { fallback: 5, min: 1, max: STEPS_MAX });
  const intervalMs = integerOf(given, 'intervalMs', { fallback: 200, min: 0, max: INTERVAL_MS_MAX });
  for (let step = 1; step <= steps; step++) {
    await sleep(context.clock, intervalMs);
    context.signal.throwIfAborted();
    context.reportProgress(step, steps, `Step ${step} of ${steps}`);
  }
  return textResult(`Counted to ${steps}.`);
}

function textResult(text: string): JsonObject {
  return { content: [{ type: 'text', text }] };
}

function stringOf(given: JsonObject, key: string): string {
  const value = given[key];
  if (typeof value !== 'string') throw new ArgumentError(`${key} must be a string`);
  return value;
}

function numberOf(given: JsonObject, key: string): number {
  const value = given[key];
  if (typeof value !== 'number') throw new ArgumentError(`${key} must be a number`);
  return value;
}

function integerOf(given: JsonObject, key: string, bounds: { readonly fallback: number; readonly min: number; readonly max: number }): number {
  const value = given[key] ?? bounds.fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value >= bounds.min && value <= bounds.max) return value;
  throw new ArgumentError(`${key} must be a whole number from ${bounds.min} to ${bounds.max}`);
}
