/** Request → what the operation's schemas say, once. What is not in them is refused, never ignored. */

import { z } from 'zod';
import type { HeldBytes } from '../base/byte-budget.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { InputOf, Operation } from '../contract/operation.ts';
import type { FieldError } from '../contract/problem.ts';
import { scanJson } from '../protocol/scan.ts';

export interface RawRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly contentType: string | undefined;
  readonly body: ReadableStream<Uint8Array> | null;
  readonly held: HeldBytes;
}

const BODY_BYTES_MAX = 1 << 20;
const BODY_TIMEOUT_MS = 10_000;
const JSON_TYPE = /^application\/json *(; *charset="?utf-8"? *)?$/i;
const NOTHING = z.strictObject({});

/** Faults: `request.params_invalid`, `request.media_type`, `request.too_large`, `request.timeout`, `request.parse`, `request.json_too_complex`, `limit.overloaded`. */
export async function parse(operation: Operation, raw: RawRequest, clock: Clock): Promise<InputOf<Operation>> {
  const errors: FieldError[] = [];
  const params = check(operation.params, 'path', raw.params, errors);
  const query = check(operation.query, 'query', raw.query, errors);
  const body = check(operation.body, 'body', operation.body === undefined ? {} : await readJson(raw, clock), errors);
  if (errors.length > 0) throw new Fault('request.params_invalid', { data: { errors } });
  return { params, query, body };
}

function check(schema: z.ZodObject | undefined, place: string, value: unknown, errors: FieldError[]): Record<string, unknown> {
  const parsed = (schema ?? NOTHING).safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) errors.push(...toFieldErrors(issue, place));
  return {};
}

/** Zod's messages name types, bounds and field names, never the value that was sent. */
function toFieldErrors(issue: z.core.$ZodIssue, place: string): FieldError[] {
  const path = issue.path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}.${String(part)}`), place);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: `${path}.${key}`, expected: 'no such field', message: 'is not known here' }));
  }
  return [{ path, expected: expectationOf(issue), message: issue.message }];
}

function expectationOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return issue.expected;
  if (issue.code === 'invalid_value') return `one of ${issue.values.join(', ')}`;
  if (issue.code === 'invalid_format') return issue.pattern ?? issue.format;
  if (issue.code === 'too_small') return `at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `at most ${issue.maximum}`;
  return issue.message;
}

async function readJson(raw: RawRequest, clock: Clock): Promise<unknown> {
  if (raw.contentType === undefined || !JSON_TYPE.test(raw.contentType)) throw new Fault('request.media_type');
  const bytes = await readBytes(raw, clock);
  scanJson(bytes);
  return JSON.parse(bytes.toString('utf8'));
}

async function readBytes({ body, held }: RawRequest, clock: Clock): Promise<Buffer> {
  if (body === null) throw new Fault('request.parse', { detail: 'no body' });
  const reader = body.getReader();
  const deadline = sleep(clock, BODY_TIMEOUT_MS).then(() => 'late' as const);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const next = await Promise.race([reader.read(), deadline]);
    if (next === 'late') throw await giveUp(reader, new Fault('request.timeout'));
    if (next.done) return Buffer.concat(chunks);
    size += next.value.length;
    if (size > BODY_BYTES_MAX) throw await giveUp(reader, new Fault('request.too_large'));
    held.take(next.value.length);
    chunks.push(next.value);
  }
}

async function giveUp(reader: ReadableStreamDefaultReader<Uint8Array>, fault: Fault): Promise<Fault> {
  await reader.cancel(fault);
  return fault;
}
