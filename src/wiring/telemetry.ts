/** Telemetry put together: what is counted, what is exported, and where. What is not configured is not loaded. */
import type { Duplex } from 'node:stream';
import { hostname } from 'node:os';
import type { Clock } from '../base/clock.ts';
import { createObserve, type Observe } from '../data-plane/observe.ts';
import type { Log, LogListener } from '../observability/log.ts';
import type { MetricSource } from '../observability/metric-source.ts';
import type { OtlpDeps } from '../observability/otlp.ts';
import { startProcessMetrics } from '../observability/process-metrics.ts';
import { RequestTally } from '../observability/request-tally.ts';
import type { Tracing } from '../observability/tracing.ts';
import type { TelemetrySettings } from './telemetry-settings.ts';
import type { Dialer } from '../upstream/dialer/dialer.ts';

export interface TelemetryDeps {
  readonly settings: TelemetrySettings;
  /** Whether requests are counted. */
  readonly isCounting: boolean;
  readonly clock: Clock;
  readonly dialer: Dialer;
  readonly log: Log & { listener: LogListener | undefined };
  /** Takes secrets out of what is exported. */
  readonly redact: (text: string) => string;
  readonly version: string;
  /** Tells this process from others. */
  readonly instanceId: string;
}

export interface Telemetry {
  /** Undefined where nothing is counted or traced. */
  readonly observe: Observe | undefined;
  readonly tally: RequestTally | undefined;
  /** More to tell: read whenever somebody asks. */
  readonly add: (...sources: readonly MetricSource[]) => void;
  readonly sources: () => readonly MetricSource[];
  /** Sends what is left, for 2 s at most. */
  readonly close: () => Promise<void>;
}

const CLOSE_MS = 2_000;
/** Of the SDK's complaints one is told in so long. */
const REPORT_MS = 60_000;

export async function startTelemetry(deps: TelemetryDeps): Promise<Telemetry> {
  const { settings, isCounting, clock } = deps;
  const tally = isCounting || settings.exported.metrics !== undefined ? new RequestTally() : undefined;
  const own = tally === undefined ? undefined : startProcessMetrics();
  const sources: MetricSource[] = [...(tally?.sources() ?? []), ...(own?.sources ?? [])];
  const closers: (() => Promise<void>)[] = [];
  const tracing = Object.keys(settings.exported).length === 0 ? undefined : await exportAll(deps, sources, closers);
  return {
    tally,
    observe: createObserve({ tally, tracing, nowMs: () => clock.monotonicMs() }),
    add: (...more) => void sources.push(...more),
    sources: () => sources,
    close: async () => {
      own?.stop();
      deps.log.listener = undefined;
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const cancelTimer = clock.after(CLOSE_MS, resolve);
      await Promise.race([Promise.allSettled(closers.map((close) => close())), late]);
      cancelTimer();
    },
  };
}

async function exportAll(deps: TelemetryDeps, sources: readonly MetricSource[], closers: (() => Promise<void>)[]): Promise<Tracing | undefined> {
  const { settings, clock, log, version, instanceId } = deps;
  const { traces, metrics, logs } = settings.exported;
  const otlp = await import('../observability/otlp.ts');
  const resource = otlp.makeResource({ 'service.name': 'metamcp', 'service.version': version, 'service.instance.id': instanceId, 'host.name': hostname(), ...settings.resource });
  const common: OtlpDeps = { resource, openConnection: (url, done) => openConnection(deps.dialer, url, done), report: reporter(deps) };
  if (metrics !== undefined) {
    const { metricProducer } = await import('../observability/metric-data.ts');
    const producer = metricProducer(sources, { startMs: clock.nowMs(), nowMs: () => clock.nowMs(), resource });
    closers.push(otlp.exportMetrics({ ...metrics, intervalMs: settings.metricIntervalMs }, producer, common).close);
  }
  if (logs !== undefined) {
    const { createLogListener } = await import('../observability/log-export.ts');
    const { what, close } = otlp.exportLogs(logs, common);
    log.listener = createLogListener(what, deps.redact);
    closers.push(close);
  }
  if (traces === undefined) return undefined;
  const { createTracing } = await import('../observability/tracing.ts');
  const { what, close } = otlp.exportTraces(traces, settings.traceRatio, common);
  closers.push(close);
  return createTracing(what);
}

function openConnection(dialer: Dialer, url: string, done: (error: Error | null, socket: Duplex | null) => void): void {
  const target = dialer.operatorTarget(url, 'telemetry');
  const { hostname: host, protocol, port } = target.url;
  target.connect({ hostname: host, protocol, port }, (...[error, socket]) => done(error, socket));
}

/** A collector that is away would fill the log with itself. */
function reporter({ clock, log }: TelemetryDeps): (problem: string) => void {
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  return (problem) => {
    const nowMs = clock.monotonicMs();
    if (nowMs < quietUntilMs) return;
    quietUntilMs = nowMs + REPORT_MS;
    log.warn('telemetry not exported', { detail: problem });
  };
}
