/**
 * The file of an evaluation: what people ask for and which tools should be found. JSON lines, or one JSON array, of
 * `{"query": "…", "tools": ["github__create_issue", ["a__search", "b__search"]]}`: each entry of `tools` is one need,
 * and a list in it means that any of these meets it. No tools: nothing should be found.
 */
import { z } from 'zod';
import { Fault } from '../base/fault.ts';

const EvaluationCaseSchema = z.strictObject({
  query: z.string().min(1).max(10_000),
  tools: z.array(z.union([z.string(), z.array(z.string()).min(1)])),
});

export interface EvaluationCase {
  readonly query: string;
  /** Each need is met by any of its tools. */
  readonly needs: readonly (readonly string[])[];
}

/** Throws `config.invalid` with the number of the line or entry. */
export function parseEvaluationCases(text: string): readonly EvaluationCase[] {
  const isArray = text.trimStart().startsWith('[');
  const entries = isArray
    ? parseArray(text)
    : text.split('\n').map((line, at) => ({ at: at + 1, value: line.trim() === '' ? undefined : parseJson(line, at + 1) }));
  return entries.filter(({ value }) => value !== undefined).map(({ at, value }) => toCase(value, at));
}

function parseArray(text: string): readonly { readonly at: number; readonly value: unknown }[] {
  const parsed = parseJson(text, 1);
  return Array.isArray(parsed) ? parsed.map((value: unknown, at) => ({ at: at + 1, value })) : [];
}

function parseJson(text: string, at: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault('config.invalid', { message: `Line ${at} of the queries is not JSON.`, cause });
  }
}

function toCase(value: unknown, at: number): EvaluationCase {
  const parsed = EvaluationCaseSchema.safeParse(value);
  if (!parsed.success) throw new Fault('config.invalid', { message: `Query ${at}: ${z.prettifyError(parsed.error)}` });
  const { query, tools } = parsed.data;
  return { query, needs: tools.map((need) => (typeof need === 'string' ? [need] : need)) };
}
