/** Metrics in the text form of Prometheus (exposition format 0.0.4), as OpenTelemetry's serializer writes it. */
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { toResourceMetrics } from './metric-data.ts';
import type { Detail, MetricSource } from './metric-source.ts';

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
/** OpenTelemetry's compatibility rules: names end in their unit, counted things have none. */
const UNIT_WORDS: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' };

export function prometheusText(sources: readonly MetricSource[], detail: Detail, nowMs: number): string {
  return serializer.serialize(toResourceMetrics(sources.map(withUnitInName), { startMs: nowMs, nowMs, detail }));
}

function withUnitInName<Source extends MetricSource>(source: Source): Source {
  const word = UNIT_WORDS[source.unit];
  return { ...source, name: word === undefined ? source.name : `${source.name}.${word}`, unit: '' };
}
