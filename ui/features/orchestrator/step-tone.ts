import type { Tone } from '../../components/badge.tsx';

/** Of a run or a step. */
export function toneOf(status: string): Tone {
  if (GOOD.has(status)) return 'good';
  if (BAD.has(status)) return 'bad';
  return status === 'running' || status === 'waiting' ? 'accent' : 'plain';
}

const GOOD: ReadonlySet<string> = new Set(['succeeded', 'done', 'completed']);
const BAD: ReadonlySet<string> = new Set(['failed', 'unknown']);
