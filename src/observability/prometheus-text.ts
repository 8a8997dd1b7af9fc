/** Metrics in the text form of Prometheus (exposition format 0.0.4), as OpenTelemetry's serializer writes it. */
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { toResourceMetrics } from './metric-data.ts';
import type { Detail, MetricSource } from './metric-source.ts';

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);

export function prometheusText(sources: readonly MetricSource[], detail: Detail, nowMs: number): string {
  return serializer.serialize(toResourceMetrics(sources, { startMs: nowMs, nowMs, detail }));
}
