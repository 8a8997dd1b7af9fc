/** Metric sources in the form of OpenTelemetry's SDK, which its exporters and serializers take. */
import { type HrTime, ValueType } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type MetricData, type MetricProducer, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type Detail, distributionsOf, type MetricSource, samplesOf } from './metric-source.ts';

interface Between {
  readonly startMs: number;
  readonly nowMs: number;
}

/** All sources as they are now. */
export function toResourceMetrics(sources: readonly MetricSource[], { detail, resource, ...between }: Between & { readonly detail: Detail; readonly resource?: Resource }): ResourceMetrics {
  const times = { startTime: millisToHrTime(between.startMs), endTime: millisToHrTime(between.nowMs) };
  const metrics = sources.map((source) => toMetricData(source, detail, times));
  return { resource: resource ?? resourceFromAttributes({}), scopeMetrics: [{ scope: { name: 'metamcp' }, metrics }] };
}

/** For a reader of the SDK that sends them somewhere: who was told an address is told the names. */
export function metricProducer(sources: readonly MetricSource[], { startMs, nowMs, resource }: { readonly startMs: number; readonly nowMs: () => number; readonly resource: Resource }): MetricProducer {
  return { collect: () => Promise.resolve({ resourceMetrics: toResourceMetrics(sources, { startMs, nowMs: nowMs(), detail: 'labelled', resource }), errors: [] }) };
}

function toMetricData(source: MetricSource, detail: Detail, times: { readonly startTime: HrTime; readonly endTime: HrTime }): MetricData {
  const { name, description, unit } = source;
  const base = { descriptor: { name, description, unit, valueType: ValueType.DOUBLE }, aggregationTemporality: AggregationTemporality.CUMULATIVE } as const;
  if (source.kind === 'histogram') {
    const dataPoints = distributionsOf(source, detail).map(({ labels, count, sumSeconds, bucketCounts }) => ({
      ...times,
      attributes: { ...labels },
      value: { buckets: { boundaries: [...source.boundsSeconds], counts: [...bucketCounts] }, count, sum: sumSeconds },
    }));
    return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = samplesOf(source, detail).map(({ labels, value }) => ({ ...times, attributes: { ...labels }, value }));
  if (source.kind === 'gauge') return { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
  return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
}
