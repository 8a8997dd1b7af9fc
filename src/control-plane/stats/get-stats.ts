import { type CallRecord, figuresOf } from '../../audit/audit-record.ts';
import { tokensOf } from '../../audit/audit-record.ts';
import type { LatencyHistogram } from '../../audit/latency-histogram.ts';
import { type Figures, TrafficStats, WINDOWS, type Window } from '../../audit/traffic-stats.ts';
import { toIso } from '../../base/clock.ts';
import type { AnswerOf } from '../../contract/operation.ts';
import { GetStats } from '../../contract/stats.ts';
import { type AdminServices, bindRead } from '../operation.ts';
import { visiblePrincipals } from '../recorded-request.ts';

/** So many of one's own newest requests are counted for who may not see all. */
const OWN_RECORDS_MAX = 5_000;

type Answer = AnswerOf<typeof GetStats>;

export const getStats = bindRead(GetStats, async ({ query, db, viewer, services }) => {
  const { window, top } = query;
  const { recordings, clock } = services;
  const nowMs = clock.nowMs();
  const visible = await visiblePrincipals(db, viewer);
  const stats = visible === undefined ? recordings.stats : await ownStats(recordings, [...visible], nowMs - spanOf(window));
  const total = stats.total(window, nowMs);
  const { mode, queued, lost, lastError } = recordings.state();
  return {
    window,
    since: toIso(nowMs - spanOf(window)),
    ...showFigures(total),
    errorRate: total.calls === 0 ? 0 : total.errors / total.calls,
    bytesIn: total.bytesIn,
    bytesOut: total.bytesOut,
    tokens: total.tokens,
    cost: total.cost,
    series: stats.series(window, nowMs).map(({ atMs, counts }) => ({
      at: toIso(atMs),
      calls: counts?.calls ?? 0,
      errors: counts?.errors ?? 0,
      p50: counts?.latency.quantile(0.5) ?? null,
      p95: counts?.latency.quantile(0.95) ?? null,
    })),
    tools: stats
      .by('tools', window, nowMs)
      .slice(0, top)
      .map(({ name, ...figures }) => {
        const [server = '', tool = ''] = name.split('\n', 2);
        return { server, tool, ...showFigures(figures) };
      }),
    servers: stats.by('servers', window, nowMs).map(({ name, ...figures }) => ({ server: name, ...showFigures(figures) })),
    endpoints: stats.by('endpoints', window, nowMs).map(({ name, ...figures }) => ({ endpoint: name, ...showFigures(figures) })),
    unhealthy: unhealthyServers(services, visible === undefined),
    contextCost: stats.lists().map(({ endpoint, bytes, atMs }) => ({ endpoint, bytes, tokens: tokensOf(bytes), servedAt: toIso(atMs) })),
    recording: visible === undefined ? { mode, queued, lost, lastError: lastError ?? null } : null,
  };
});

function spanOf(window: Window): number {
  return WINDOWS[window].slotMs * WINDOWS[window].slots;
}

function showFigures({ calls, errors, denied, latency }: Figures): Pick<Answer, 'calls' | 'errors' | 'denied' | 'latencyMs'> {
  return { calls, errors, denied, latencyMs: showLatency(latency) };
}

function showLatency(latency: LatencyHistogram): Answer['latencyMs'] {
  const [p50, p90, p95, p99] = [0.5, 0.9, 0.95, 0.99].map((fraction) => latency.quantile(fraction));
  if (p50 === undefined || p90 === undefined || p95 === undefined || p99 === undefined) return null;
  return { p50, p90, p95, p99, max: latency.maxMs };
}

/** The same figures, counted from the store. */
async function ownStats({ store, settle }: AdminServices['recordings'], principals: readonly string[], fromMs: number): Promise<TrafficStats> {
  await settle();
  const stats = new TrafficStats();
  const found = await store.find({ principals, kinds: ['call', 'outcome'], fromMs, limit: OWN_RECORDS_MAX });
  for (const { text } of found.toReversed()) stats.add(figuresOf(JSON.parse(text) as CallRecord));
  return stats;
}

const HEALTHY: ReadonlySet<string> = new Set(['ready', 'idle', 'disabled', 'stopped']);

function unhealthyServers({ live, objects }: AdminServices, seesAll: boolean): Answer['unhealthy'] {
  const publicNames = new Set(
    objects()
      .filter(({ kind, owner }) => kind === 'servers' && owner === undefined)
      .map(({ name }) => name),
  );
  return live
    .states()
    .filter(({ name, status }) => !HEALTHY.has(status) && (seesAll || publicNames.has(name)))
    .map(({ name, status, lastError }) => ({ server: name, status, lastError }));
}
