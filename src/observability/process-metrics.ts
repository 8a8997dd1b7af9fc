/** How the process itself is: event loop, heap, time since its start. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { memoryUsage, uptime } from 'node:process';
import { getHeapStatistics } from 'node:v8';
import type { MetricSource } from './metric-source.ts';

const RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;

export interface ProcessMetrics {
  readonly sources: readonly MetricSource[];
  readonly stop: () => void;
}

/** Measures the delay of the event loop from now on. */
export function startProcessMetrics(): ProcessMetrics {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  return {
    sources: [
      { ...DELAY, kind: 'gauge', read: () => delaySamples(delay) },
      {
        ...MEMORY,
        kind: 'gauge',
        read: () => {
          const { rss, heapUsed, external } = memoryUsage();
          return Object.entries({ rss, heap_used: heapUsed, external, heap_limit: getHeapStatistics().heap_size_limit }).map(([state, value]) => ({ labels: { state }, value }));
        },
      },
      { ...UPTIME, kind: 'gauge', read: () => [{ labels: {}, value: uptime() }] },
    ],
    stop: () => void delay.disable(),
  };
}

/** Since the last reading; the resolution itself is no delay. */
function delaySamples(delay: IntervalHistogram): { labels: Record<string, string>; value: number }[] {
  const own = RESOLUTION_MS / 1000;
  const seconds = (nanoseconds: number): number => (Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / NANOSECONDS - own) : 0);
  const samples = Object.entries({ p50: delay.percentile(50), p99: delay.percentile(99), max: delay.max }).map(([statistic, value]) => ({ labels: { statistic }, value: seconds(value) }));
  delay.reset();
  return samples;
}

const DELAY = { name: 'nodejs.eventloop.delay', description: 'Delay of the event loop since the last reading.', unit: 's', openLabels: ['statistic'] } as const;
const MEMORY = { name: 'process.memory.usage', description: 'Memory of the process.', unit: 'By', openLabels: ['state'] } as const;
const UPTIME = { name: 'process.uptime', description: 'Time since the start of the process.', unit: 's', openLabels: [] } as const;
