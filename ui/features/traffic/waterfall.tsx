/** Where the time of one request went, stage after stage. */
import { classNames } from '../../components/class-names.ts';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import type { CallDetail } from './traffic-call.ts';

const STAGES = ['received', 'decided', 'server', 'answered'] as const;

interface WaterfallProps {
  readonly stages: CallDetail['stages'];
  readonly totalMs: number;
}

export function Waterfall({ stages, totalMs }: WaterfallProps) {
  const say = useText();
  const formats = useFormats();
  const endMs = Math.max(totalMs, ...stages.map(({ startMs, durationMs }) => startMs + durationMs), 0.001);
  if (stages.length === 0) return <p className="text-soft">{say('traffic.noTiming')}</p>;
  return (
    <ol className="grid gap-1.5">
      {stages.map(({ name, startMs, durationMs }) => {
        const known = STAGES.find((stage) => stage === name);
        return (
          <li key={name} className="grid grid-cols-[minmax(5rem,9rem)_minmax(0,1fr)_5.5rem] items-center gap-3">
            <span className="truncate text-soft">{known === undefined ? name : say(`traffic.stages.${known}`)}</span>
            <span aria-hidden className="relative h-3 rounded bg-sunken">
              <span
                className={classNames('absolute inset-y-0 min-w-0.5 rounded', name === 'server' ? 'bg-accent' : 'bg-line-strong')}
                style={{ left: `${(startMs / endMs) * 100}%`, width: `${(durationMs / endMs) * 100}%` }}
              />
            </span>
            <span className="text-right whitespace-nowrap tabular-nums">{formats.duration(durationMs)}</span>
          </li>
        );
      })}
      <li className="grid grid-cols-[minmax(5rem,9rem)_minmax(0,1fr)_5.5rem] gap-3 border-t border-line pt-1.5 font-medium">
        <span>{say('traffic.total')}</span>
        <span />
        <span className="text-right tabular-nums">{formats.duration(totalMs)}</span>
      </li>
    </ol>
  );
}
