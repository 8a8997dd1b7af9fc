/**
 * The budget of results: what a tool that was called through `call_tool` or `call_read_tool` answers goes to a model that
 * pays for every word, so a long text is cut to what the endpoint allows, and the rest is kept to be read.
 */
import { BYTES_PER_TOKEN, withTextsCut } from '../middleware/truncate/truncate.ts';
import { RawObject } from '../protocol/envelope.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Continuations } from './continuations.ts';
import type { Decoded } from './exchange.ts';

const BUDGETED: ReadonlySet<string | undefined> = new Set(['call_tool', 'call_read_tool']);

/** Structured content stays whole: half of it would break its schema. */
export function withinBudget(exchange: Decoded, outcome: Outcome, continuations: Continuations): Outcome {
  const budget = (exchange.endpoint.discovery?.resultTokens ?? 0) * BYTES_PER_TOKEN;
  if (budget === 0 || outcome.kind !== 'result' || !BUDGETED.has(exchange.via) || outcome.result.byteLength <= budget) return outcome;
  const cut = withTextsCut(outcome.result.value, budget, (rest) => continuations.keepForTools(exchange, rest));
  return cut === outcome.result.value ? outcome : { ...outcome, result: RawObject.of(cut) };
}
