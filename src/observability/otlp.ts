/**
 * Exporters of OpenTelemetry over OTLP/HTTP. Connections are opened by the caller's rules for outgoing addresses.
 * Loaded only where something is exported.
 */
import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { diag, DiagLogLevel, type Logger, type Tracer } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, type MetricProducer, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';

/** Where one kind of signal goes. */
export interface OtlpTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Opens a connection to the host and port of an address that an operator wrote. */
export type OpenConnection = (url: string, done: (error: Error | null, socket: Duplex | null) => void) => void;

export interface OtlpDeps {
  readonly resource: Resource;
  readonly openConnection: OpenConnection;
  /** What the SDK has to complain of; may come often. */
  readonly report: (problem: string) => void;
}

export interface Exported<What> {
  readonly what: What;
  /** Sends what is left. */
  readonly close: () => Promise<void>;
}

export function makeResource(attributes: Readonly<Record<string, string>>): Resource {
  return resourceFromAttributes({ ...attributes });
}

/** `ratio` from 0 to 1, of traces that begin here; those that began elsewhere go on as they were decided. */
export function exportTraces(target: OtlpTarget, ratio: number, deps: OtlpDeps): Exported<Tracer> {
  complain(deps);
  const exporter = new OTLPTraceExporter(optionsOf(target, deps));
  const provider = new TracerProvider({
    resource: deps.resource,
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  return { what: provider.getTracer('metamcp'), close: () => provider.shutdown() };
}

export function exportLogs(target: OtlpTarget, deps: OtlpDeps): Exported<Logger> {
  complain(deps);
  const exporter = new OTLPLogExporter(optionsOf(target, deps));
  const provider = new LoggerProvider({ resource: deps.resource, processors: [new BatchLogRecordProcessor({ exporter })] });
  return { what: provider.getLogger('metamcp'), close: () => provider.shutdown() };
}

export function exportMetrics(target: OtlpTarget & { readonly intervalMs: number }, producer: MetricProducer, deps: OtlpDeps): Exported<undefined> {
  complain(deps);
  const exporter = new OTLPMetricExporter(optionsOf(target, deps));
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: target.intervalMs, exportTimeoutMillis: Math.min(target.timeoutMs, target.intervalMs), metricProducers: [producer] });
  const provider = new MeterProvider({ resource: deps.resource, readers: [reader] });
  return { what: undefined, close: () => provider.shutdown() };
}

function optionsOf({ url, headers, timeoutMs }: OtlpTarget, { openConnection }: OtlpDeps) {
  return { url, headers: { ...headers }, timeoutMillis: timeoutMs, httpAgentOptions: (protocol: string) => (protocol === 'https:' ? new GuardedHttpsAgent(url, openConnection) : new GuardedHttpAgent(url, openConnection)) };
}

/** The SDK speaks through one global; the last gateway of the process hears it. */
function complain({ report }: OtlpDeps): void {
  const say = (message: string, ...more: unknown[]): void => report([message, ...more.map((one) => (one instanceof Error ? one.message : typeof one === 'string' ? one : ''))].join(' ').trim().slice(0, 500));
  const silent = (): void => undefined;
  diag.setLogger({ error: say, warn: say, info: silent, debug: silent, verbose: silent }, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

const AGENT_OPTIONS: AgentOptions = { keepAlive: true, maxSockets: 4 };

class GuardedHttpAgent extends HttpAgent {
  readonly #url: string;
  readonly #open: OpenConnection;

  constructor(url: string, open: OpenConnection) {
    super(AGENT_OPTIONS);
    this.#url = url;
    this.#open = open;
  }

  override createConnection(_options: object, done?: (error: Error | null, socket: Duplex) => void): Duplex | null | undefined {
    this.#open(this.#url, done as Parameters<OpenConnection>[1]);
    return undefined;
  }
}

class GuardedHttpsAgent extends HttpsAgent {
  readonly #url: string;
  readonly #open: OpenConnection;

  constructor(url: string, open: OpenConnection) {
    super(AGENT_OPTIONS);
    this.#url = url;
    this.#open = open;
  }

  override createConnection(_options: object, done?: (error: Error | null, socket: Duplex) => void): Duplex | null | undefined {
    this.#open(this.#url, done as Parameters<OpenConnection>[1]);
    return undefined;
  }
}
