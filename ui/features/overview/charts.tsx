import { useMemo } from 'react';
import { Chart, type Line } from '../../components/chart.tsx';
import { Section } from '../../components/page.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import type { Stats } from './stats.ts';

export function Charts({ stats }: { readonly stats: Stats }) {
  const say = useText();
  const formats = useFormats();
  const { series } = stats;
  const at = useMemo(() => series.map((point) => point.at), [series]);
  const traffic = useMemo<readonly Line[]>(
    () => [
      { text: say('overview.calls'), colour: 'accent', isFilled: true, values: series.map(({ calls }) => calls) },
      { text: say('overview.failed'), colour: 'bad', values: series.map(({ errors }) => (errors === 0 ? null : errors)) },
    ],
    [series, say],
  );
  const latency = useMemo<readonly Line[]>(
    () => [
      { text: say('overview.p95'), colour: 'warn', values: series.map(({ p95 }) => p95) },
      { text: say('overview.p50'), colour: 'accent', values: series.map(({ p50 }) => p50) },
    ],
    [series, say],
  );
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <Section title={say('overview.traffic')}>
        <Chart label={say('overview.traffic')} at={at} lines={traffic} format={formats.number} />
      </Section>
      <Section title={say('overview.latencies')}>
        <Chart label={say('overview.latencies')} at={at} lines={latency} format={formats.duration} />
      </Section>
    </div>
  );
}
