/** The steps of a run in columns: a step stands to the right of all that it waits for. The list is the same, to be heard. */
import { useMemo } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { Badge } from '../../components/badge.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { toneOf } from './step-tone.ts';

type Run = AnswerOf<'GET /api/v1/workflow-runs/{id}'>;
type Steps = NonNullable<Run['steps']>;
type Edges = NonNullable<Run['edges']>;

const COLUMN_PX = 190;
const ROW_PX = 64;
const BOX = { width: 160, height: 44 } as const;

export function StepGraph({ steps, edges }: { readonly steps: Steps; readonly edges: Edges }) {
  const say = useText();
  const formats = useFormats();
  const places = useMemo(() => placeSteps(steps, edges), [steps, edges]);
  if (steps.length === 0) return <p className="text-soft">{say('workflows.noSteps')}</p>;
  const width = Math.max(...[...places.values()].map(({ x }) => x)) + BOX.width + 8;
  const height = Math.max(...[...places.values()].map(({ y }) => y)) + BOX.height + 8;
  return (
    <div className="grid gap-4">
      <div className="scrolls overflow-x-auto rounded-md border border-line bg-canvas p-3" tabIndex={0} aria-label={say('workflows.graph')} role="group">
        <svg aria-hidden width={width} height={height} className="max-w-none">
          {edges.map(({ from, to }) => {
            const [start, end] = [places.get(from), places.get(to)];
            if (start === undefined || end === undefined) return null;
            const [x1, y1, x2, y2] = [start.x + BOX.width, start.y + BOX.height / 2, end.x, end.y + BOX.height / 2];
            return <path key={`${from} ${to}`} d={`M${x1} ${y1} C${x1 + 18} ${y1} ${x2 - 18} ${y2} ${x2} ${y2}`} fill="none" stroke="var(--line-strong)" strokeWidth={1.5} />;
          })}
          {[...places].map(([name, { x, y, status }]) => (
            <g key={name}>
              <rect x={x} y={y} width={BOX.width} height={BOX.height} rx={8} fill="var(--surface)" stroke={`var(--${COLOURS[toneOf(status)]})`} strokeWidth={1.5} />
              <text x={x + 12} y={y + 19} fill="var(--ink)" fontSize={13}>
                {name.slice(0, 18)}
              </text>
              <text x={x + 12} y={y + 35} fill="var(--soft)" fontSize={11}>
                {status}
              </text>
            </g>
          ))}
        </svg>
      </div>
      <ol className="grid gap-2">
        {steps.map((step) => (
          <li key={step.key} className="flex flex-wrap items-center gap-2 border-b border-line pb-2 last:border-b-0">
            <Badge tone={toneOf(step.status)} hasDot>
              {step.status}
            </Badge>
            <span className="font-medium">{step.key}</span>
            <ForeignText className="text-soft">{step.reason}</ForeignText>
            <span className="ml-auto tabular-nums text-soft">{step.durationMs === null ? '–' : formats.duration(step.durationMs)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

const COLOURS = { good: 'good', bad: 'bad', warn: 'warn', accent: 'accent', plain: 'line-strong' } as const;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly status: string;
}

/** By the name of the step; of one that ran many times, the last says how it stands. */
function placeSteps(steps: Steps, edges: Edges): ReadonlyMap<string, Place> {
  const names = [...new Set([...edges.flatMap(({ from, to }) => [from, to]), ...steps.map(({ step }) => step)])];
  const columns = new Map<string, number>(names.map((name) => [name, 0]));
  // A graph without circles settles after as many rounds as it has steps.
  for (let round = 0; round < names.length; round++) for (const { from, to } of edges) columns.set(to, Math.max(columns.get(to) ?? 0, Math.min(names.length, (columns.get(from) ?? 0) + 1)));
  const taken = new Map<number, number>();
  return new Map(
    names.map((name) => {
      const column = columns.get(name) ?? 0;
      const row = taken.get(column) ?? 0;
      taken.set(column, row + 1);
      return [name, { x: 4 + column * COLUMN_PX, y: 4 + row * ROW_PX, status: steps.findLast(({ step }) => step === name)?.status ?? 'waiting' }];
    }),
  );
}
