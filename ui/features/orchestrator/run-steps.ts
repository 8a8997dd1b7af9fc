/** Calls of a run, gathered by the step that made them. */
import type { Tone } from '../../components/badge.tsx';
import type { ShownStep } from './graph-view.tsx';
import type { Run } from './runs-tab.tsx';
import type { Edge } from './workflow-graph.ts';

export type Call = NonNullable<Run['steps']>[number];
/** `pending`: nothing of it was sent yet. */
export type StepState = Call['status'] | 'pending';

export const STEP_TONES: Readonly<Record<StepState, Tone>> = { pending: 'plain', started: 'accent', done: 'good', failed: 'bad', unknown: 'warn', waiting: 'warn', skipped: 'plain' };
/** The first of these that a call of the step has is the state of the step. */
const WEIGHT: readonly StepState[] = ['failed', 'unknown', 'waiting', 'started', 'done', 'skipped'];

interface Words {
  readonly duration: (ms: number) => string;
  readonly status: (status: StepState) => string;
}

export function toShownSteps(calls: readonly Call[], edges: readonly Edge[], words: Words): readonly ShownStep[] {
  const ids = new Set([...calls.map(({ step }) => step), ...edges.flatMap(({ from, to }) => [from, to])]);
  return [...ids].map((id) => {
    // What undoes a step says nothing of the step itself.
    const own = calls.filter(({ step, key }) => step === id && !key.endsWith('~'));
    const state = WEIGHT.find((each) => own.some(({ status }) => status === each)) ?? 'pending';
    const ms = own.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0);
    const note = [words.status(state), ...(own.length > 1 ? [`× ${own.length}`] : []), ...(state === 'done' || state === 'failed' ? [words.duration(ms)] : [])].join(' · ');
    return { id, note, tone: STEP_TONES[state] };
  });
}
