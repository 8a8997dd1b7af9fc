/**
 * Truncate: cuts texts of results that are longer than a model can use, with a mark that says so, since who reads half
 * a file as a whole one draws wrong conclusions. Structured content stays whole: half of it would break its schema.
 */
import { z } from 'zod';
import { headOf } from '../../base/text-head.ts';
import type { MiddlewareServices } from '../../model/middleware.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { MANIFEST_VERSION, type Manifest } from '../manifest.ts';

/** Bytes of UTF-8 that one token stands for, as an estimate. */
export const BYTES_PER_TOKEN = 4;

const Options = z
  .strictObject({
    bytesMax: z.int().min(100).optional().describe('Of all texts of a result together, in UTF-8.'),
    tokensMax: z.int().min(25).optional().describe('The same in estimated tokens of 4 bytes.'),
  })
  .refine((options) => options.bytesMax !== undefined || options.tokensMax !== undefined, 'expected bytesMax or tokensMax');

export const truncate: Manifest<typeof Options> = {
  manifestVersion: MANIFEST_VERSION,
  name: 'truncate',
  version: '1.0.0',
  description: 'Cuts long texts of results, with a mark that says so.',
  options: Options,
  onFailure: 'open',
  resultBytesMax: Number.MAX_SAFE_INTEGER,
  // What is cut off is kept for the client: what others take out must be gone by then, and what they keep must be whole.
  isOutermost: true,
  create: ({ bytesMax = Number.POSITIVE_INFINITY, tokensMax = Number.POSITIVE_INFINITY }) => {
    const budget = Math.min(bytesMax, tokensMax * BYTES_PER_TOKEN);
    return { onResult: (result, { services }) => withTextsCut(result, budget, services?.keepRest) };
  },
};

/** Keeps what is cut off and gives the words by which it can be had; undefined where it cannot. */
type KeepRest = NonNullable<MiddlewareServices['keepRest']>;

/** The result with its texts cut to so many bytes of UTF-8 together, each cut one marked; the same object where nothing is cut. */
export function withTextsCut(result: JsonObject, budget: number, keepRest: KeepRest | undefined): JsonObject {
  const key = Array.isArray(result['content']) ? 'content' : 'contents';
  const blocks = result[key];
  if (!Array.isArray(blocks)) return result;
  let left = budget;
  let isChanged = false;
  const kept = (blocks as readonly JsonValue[]).map((block) => {
    const holder = isObject(block) && isObject(block['resource']) ? block['resource'] : block;
    if (!isObject(holder) || typeof holder['text'] !== 'string') return block;
    const text = cut(holder['text'], left, keepRest);
    left = Math.max(0, left - Buffer.byteLength(holder['text']));
    if (text === holder['text']) return block;
    isChanged = true;
    return holder === block ? { ...holder, text } : { ...(block as JsonObject), resource: { ...holder, text } };
  });
  return isChanged ? { ...result, [key]: kept } : result;
}

function cut(text: string, bytesMax: number, keepRest: KeepRest | undefined): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= bytesMax) return text;
  const head = headOf(text, bytesMax);
  const rest = text.slice(head.length);
  const words = keepRest?.(rest);
  return `${head}\n[cut: ${Buffer.byteLength(rest)} of ${bytes} bytes left out${words === undefined ? '' : `; ${words}`}]`;
}
