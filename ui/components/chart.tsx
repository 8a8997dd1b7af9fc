/** Lines over time. The picture is for the eye; the same figures stand beside it as a table for everybody else. */
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useLanguage, useText } from '../texts/texts.ts';

export interface Line {
  readonly text: string;
  /** A token of the style sheet, without the dashes. */
  readonly colour: 'accent' | 'bad' | 'good' | 'warn' | 'line-strong';
  /** One for each moment; null where there is nothing. */
  readonly values: readonly (number | null)[];
  readonly isFilled?: boolean;
}

interface ChartProps {
  readonly label: string;
  /** Moments, oldest first. */
  readonly at: readonly string[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
}

const HEIGHT_PX = 190;

export function Chart({ label, at, lines, format }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const language = useLanguage();
  const theme = useColourScheme();
  useEffect(() => {
    const box = host.current;
    if (box === null) return undefined;
    const plot = new uPlot(toOptions({ lines, format, language, width: box.clientWidth }), toData(at, lines), box);
    const watch = new ResizeObserver(([entry]) => entry !== undefined && plot.setSize({ width: entry.contentRect.width, height: HEIGHT_PX }));
    watch.observe(box);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [at, lines, format, language, theme]);
  return (
    <figure aria-label={label} className="min-w-0">
      <div ref={host} aria-hidden className="min-w-0 overflow-hidden" />
      <figcaption className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-soft">
        {lines.map((line) => (
          <span key={line.text} className="inline-flex items-center gap-1.5">
            <span aria-hidden className="h-0.5 w-4 rounded" style={{ backgroundColor: `var(--${line.colour})` }} />
            {line.text}
          </span>
        ))}
      </figcaption>
      <Figures label={label} at={at} lines={lines} format={format} />
    </figure>
  );
}

/** What the picture shows, to be heard. */
function Figures({ label, at, lines, format }: ChartProps) {
  const say = useText();
  return (
    // A table takes the width of its words whatever it is told: what hides it stands around it.
    <div className="sr-only">
      <table>
        <caption>{label}</caption>
        <thead>
          <tr>
            <th>{say('common.time')}</th>
            {lines.map((line) => (
              <th key={line.text}>{line.text}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {at.map((moment, index) =>
            lines.some(({ values }) => (values[index] ?? 0) !== 0) ? (
              <tr key={moment}>
                <td>{moment}</td>
                {lines.map((line) => (
                  <td key={line.text}>{line.values[index] === null || line.values[index] === undefined ? '–' : format(line.values[index])}</td>
                ))}
              </tr>
            ) : null,
          )}
        </tbody>
      </table>
    </div>
  );
}

interface Drawn extends Pick<ChartProps, 'lines' | 'format'> {
  readonly language: string;
  readonly width: number;
}

function toOptions({ lines, format, language, width }: Drawn): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const probe = document.createElement('span');
  document.body.append(probe);
  // Tokens are light-dark() pairs: only an element that has one knows which of them holds.
  const colour = (token: string): string => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const time = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
  const axis: uPlot.Axis = { stroke: colour('soft'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false }, font: `11px ${style.fontFamily || 'sans-serif'}` };
  const options: uPlot.Options = {
    width: Math.max(width, 100),
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(high, 1) * 1.1] } },
    axes: [
      { ...axis, values: (_plot, ticks) => ticks.map((seconds) => time.format(seconds * 1_000)), space: 70, size: 26, grid: { show: false } },
      { ...axis, values: (_plot, ticks) => ticks.map(format), size: 56, space: 40 },
    ],
    series: [
      {},
      ...lines.map((line): uPlot.Series => {
        const stroke = colour(line.colour);
        return { label: line.text, stroke, width: 2, points: { show: true, size: 6, fill: stroke, filter: (_plot, index) => alone(lines[index - 1]?.values ?? []) }, ...(line.isFilled === true && { fill: stroke.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.12)') }) };
      }),
    ],
  };
  probe.remove();
  return options;
}

/** Values without a neighbour: no line would show them. */
function alone(values: readonly (number | null)[]): number[] {
  const isThere = (index: number): boolean => values[index] !== null && values[index] !== undefined;
  return values.flatMap((_, index) => (isThere(index) && !isThere(index - 1) && !isThere(index + 1) ? [index] : []));
}

function toData(at: readonly string[], lines: readonly Line[]): uPlot.AlignedData {
  return [at.map((moment) => Date.parse(moment) / 1_000), ...lines.map(({ values }) => [...values])];
}

/** Changes with the theme, chosen here or by the system. */
function useColourScheme(): string {
  const [scheme, setScheme] = useState('');
  useEffect(() => {
    const system = matchMedia('(prefers-color-scheme: dark)');
    const note = (): void => setScheme(`${document.documentElement.dataset['theme'] ?? ''} ${system.matches}`);
    const watch = new MutationObserver(note);
    watch.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    system.addEventListener('change', note);
    return () => {
      watch.disconnect();
      system.removeEventListener('change', note);
    };
  }, []);
  return scheme;
}
