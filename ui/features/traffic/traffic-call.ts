import type { AnswerOf } from '../../api/operations.ts';
import type { Tone } from '../../components/badge.tsx';

export type Call = AnswerOf<'GET /api/v1/traffic'>['items'][number];
export type CallDetail = AnswerOf<'GET /api/v1/traffic/{id}'>;

/** Names of the filters, in the address and in the API alike; `span` is the page's own. */
export const FILTERS = ['principal', 'endpoint', 'server', 'tool', 'method', 'outcome', 'decision', 'span', 'calls'] as const;

export function toneOf(outcome: string | null): Tone {
  if (outcome === null) return 'accent';
  if (outcome === 'ok') return 'good';
  if (outcome === 'unknown' || outcome === 'tool_error') return 'warn';
  return 'bad';
}

/** What was asked for, as the client called it where that is known. */
export function subjectOf({ exposed, tool, method }: Call): string {
  return exposed ?? tool ?? method ?? '–';
}
