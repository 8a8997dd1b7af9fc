/** Block: refuses calls whose params, and withholds results whose text, match a pattern. Patterns are RE2's, so linear. */
import { z } from 'zod';
import { Fault } from '../../base/fault.ts';
import { compilePattern, PATTERN_CHARS_MAX, type TextTest } from '../../base/linear-pattern.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { MANIFEST_VERSION, type Manifest } from '../manifest.ts';
import { mapTexts } from '../text-walk.ts';

const PatternSchema = z
  .string()
  .max(PATTERN_CHARS_MAX)
  .refine((pattern) => compilePattern(pattern) !== undefined, 'expected a regular expression in the syntax of RE2');

const Options = z
  .strictObject({
    calls: z.array(PatternSchema).max(1_000).default([]).describe('Against every text of the params, keys too.'),
    results: z.array(PatternSchema).max(1_000).default([]).describe('Against every text of the result.'),
  })
  .refine((options) => options.calls.length + options.results.length > 0, 'expected at least one pattern');

export const block: Manifest<typeof Options> = {
  manifestVersion: MANIFEST_VERSION,
  name: 'block',
  version: '1.0.0',
  description: 'Refuses calls and withholds results that match a pattern.',
  options: Options,
  onFailure: 'closed',
  resultBytesMax: 16 << 20,
  create: (options) => {
    const calls = options.calls.map(toTest);
    const results = options.results.map(toTest);
    return {
      ...(calls.length === 0 ? {} : { onCall: (params) => refusing(params, calls, 'not_executed') }),
      ...(results.length === 0 ? {} : { onResult: (result) => refusing(result, results, 'executed') }),
    };
  },
};

function toTest(pattern: string): TextTest {
  const test = compilePattern(pattern);
  if (test === undefined) throw new Error('a pattern that the schema let through does not compile');
  return test;
}

function refusing(value: JsonObject, matchers: readonly TextTest[], effect: 'not_executed' | 'executed'): JsonObject {
  const look = (text: string): string => {
    const index = matchers.findIndex((matches) => matches(text));
    if (index >= 0) throw new Fault('policy.denied', { reason: 'blocked_by_pattern', detail: `pattern ${index}`, effect });
    return text;
  };
  return mapTexts(value, { value: look, key: look });
}
