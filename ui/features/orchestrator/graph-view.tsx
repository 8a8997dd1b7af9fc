/** Steps and what waits for what, as a picture. The same stands beside it as a list, for those who do not see it. */
import type { Tone } from '../../components/badge.tsx';
import { useText } from '../../texts/texts.ts';
import { type Edge, layOut, STEP_HEIGHT_PX, STEP_WIDTH_PX } from './workflow-graph.ts';

export interface ShownStep {
  readonly id: string;
  /** Beneath its name: a tool, or how long it took. */
  readonly note: string;
  readonly tone: Tone;
}

const EDGES: Readonly<Record<Tone, string>> = { plain: 'var(--line-strong)', good: 'var(--good)', warn: 'var(--warn)', bad: 'var(--bad)', accent: 'var(--accent)' };
const CHARS_MAX = 21;

export function GraphView({ steps, edges }: { readonly steps: readonly ShownStep[]; readonly edges: readonly Edge[] }) {
  const say = useText();
  if (steps.length === 0) return null;
  const byId = new Map(steps.map((step) => [step.id, step]));
  const { steps: placed, lines, width, height } = layOut([...byId.keys()], edges);
  return (
    <div tabIndex={0} role="region" aria-label={say('orchestrator.graph')} className="scrolls overflow-x-auto rounded-md border border-line bg-canvas p-3">
      <svg role="img" aria-label={say('orchestrator.graphOf', { count: steps.length })} width={width} height={height} viewBox={`0 0 ${width} ${height}`} className="mx-auto block">
        {lines.map((line) => (
          <path key={line} d={line} fill="none" stroke="var(--line-strong)" strokeWidth={1.5} />
        ))}
        {placed.map(({ id, x, y }) => (
          <Box key={id} step={byId.get(id)} x={x} y={y} />
        ))}
      </svg>
    </div>
  );
}

function Box({ step, x, y }: { readonly step: ShownStep | undefined; readonly x: number; readonly y: number }) {
  if (step === undefined) return null;
  const { id, note, tone } = step;
  return (
    <g transform={`translate(${x} ${y})`}>
      <title>{`${id} ${note}`}</title>
      <rect width={STEP_WIDTH_PX} height={STEP_HEIGHT_PX} rx={8} fill="var(--surface)" stroke={EDGES[tone]} strokeWidth={1.5} />
      <circle cx={15} cy={STEP_HEIGHT_PX / 2} r={4} fill={EDGES[tone]} />
      <text x={28} y={20} fontSize={13} fontWeight={600} fill="var(--ink)">
        {cut(id)}
      </text>
      <text x={28} y={36} fontSize={11.5} fill="var(--soft)">
        {cut(note)}
      </text>
    </g>
  );
}

/** Text of SVG does not break by itself. */
function cut(text: string): string {
  const characters = Array.from(text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�'));
  return characters.length <= CHARS_MAX ? characters.join('') : `${characters.slice(0, CHARS_MAX - 1).join('')}…`;
}
