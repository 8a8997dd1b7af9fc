/** Counts requests: one lookup and a few additions for each. */
import type { Distribution, Labels, MetricSource } from './metric-source.ts';

/** What is counted of one request that was answered. */
export interface CountedRequest {
  readonly endpoint: string;
  readonly method: string;
  readonly server: string | undefined;
  /** Own name of the tool or prompt. Never a URI: those are content. */
  readonly primitive: string | undefined;
  /** `ok`, `tool_error`, a fault code, or `rpc:CODE`. */
  readonly outcome: string;
  /** Undefined where it had no HTTP answer of its own. */
  readonly httpStatus: number | undefined;
  readonly durationMs: number;
}

interface Series {
  readonly labels: Labels;
  count: number;
  sumMs: number;
  readonly buckets: number[];
}

/** Of OpenTelemetry's conventions for MCP (mcp.server.operation.duration). */
const BOUNDS_SECONDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300] as const;
const BOUNDS_MS = BOUNDS_SECONDS.map((seconds) => seconds * 1000);
/** Who makes many names must not make many series. */
const SERIES_MAX = 5_000;
const OTHER = 'other';

export class RequestTally {
  readonly #series = new Map<string, Series>();
  readonly #refusals = new Map<string, number>();
  readonly #statuses = new Map<string, number>();
  readonly #limits = new Map<string, number>();
  #inFlight = 0;
  /** Of the request before: the next one often is of the same kind. */
  #last: { readonly request: CountedRequest; readonly series: Series } | undefined;

  begun(): void {
    this.#inFlight++;
  }

  ended(request: CountedRequest): void {
    this.#inFlight--;
    const series = this.#last !== undefined && isAlike(request, this.#last.request) ? this.#last.series : this.#seriesOf(request);
    this.#last = { request, series };
    series.count++;
    series.sumMs += request.durationMs;
    let at = 0;
    while (at < BOUNDS_MS.length && request.durationMs > (BOUNDS_MS[at] ?? 0)) at++;
    series.buckets[at] = (series.buckets[at] ?? 0) + 1;
    this.#noteLimit(request.outcome);
    if (request.httpStatus !== undefined) this.answered('mcp', request.httpStatus);
  }

  /** Before any request message was read. */
  refused(code: string, httpStatus: number): void {
    add(this.#refusals, code);
    this.#noteLimit(code);
    this.answered('mcp', httpStatus);
  }

  /** An HTTP answer with a status. */
  answered(surface: 'mcp' | 'admin', httpStatus: number): void {
    add(this.#statuses, `${surface} ${Math.floor(httpStatus / 100)}xx`);
  }

  sources(): MetricSource[] {
    return [
      { ...REQUESTS, kind: 'counter', read: () => this.#distributions().map(({ labels, count }) => ({ labels, value: count })) },
      { ...DURATION, kind: 'histogram', boundsSeconds: BOUNDS_SECONDS, read: () => this.#distributions() },
      { ...IN_FLIGHT, kind: 'gauge', read: () => [{ labels: {}, value: this.#inFlight }] },
      { ...REFUSALS, kind: 'counter', read: () => [...this.#refusals].map(([code, value]) => ({ labels: { code }, value })) },
      { ...LIMITS, kind: 'counter', read: () => [...this.#limits].map(([code, value]) => ({ labels: { code }, value })) },
      {
        ...STATUSES,
        kind: 'counter',
        read: () =>
          [...this.#statuses].map(([key, value]) => {
            const [surface = '', status = ''] = key.split(' ');
            return { labels: { surface, status }, value };
          }),
      },
    ];
  }

  #distributions(): Distribution[] {
    return [...this.#series.values()].map(({ labels, count, sumMs, buckets }) => ({ labels, count, sumSeconds: sumMs / 1000, bucketCounts: [...buckets] }));
  }

  #seriesOf({ endpoint, method, server = '', primitive = '', outcome }: CountedRequest): Series {
    // A method that there is not is a stranger's word.
    const known = outcome === 'request.method_unknown' ? OTHER : method;
    const key = `${endpoint}\n${known}\n${server}\n${primitive}\n${outcome}`;
    const series = this.#series.get(key);
    if (series !== undefined) return series;
    if (this.#series.size < SERIES_MAX) return this.#open(key, { endpoint, method: known, server, primitive, outcome });
    const common = { endpoint: OTHER, method: known, server: OTHER, primitive: OTHER, outcome: outcome.startsWith('rpc:') ? 'rpc' : outcome };
    const commonKey = `${OTHER}\n${known}\n${OTHER}\n${OTHER}\n${common.outcome}`;
    return this.#series.get(commonKey) ?? this.#open(commonKey, common);
  }

  #open(key: string, labels: Labels): Series {
    const series = { labels, count: 0, sumMs: 0, buckets: [...BOUNDS_MS, 0].map(() => 0) };
    this.#series.set(key, series);
    return series;
  }

  #noteLimit(code: string): void {
    if (code.startsWith('limit.')) add(this.#limits, code);
  }
}

function isAlike(one: CountedRequest, other: CountedRequest): boolean {
  return one.primitive === other.primitive && one.outcome === other.outcome && one.server === other.server && one.method === other.method && one.endpoint === other.endpoint;
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const REQUESTS = { name: 'metamcp.requests', description: 'MCP requests that were answered, by outcome.', unit: '{request}', openLabels: ['method', 'outcome'] } as const;
const DURATION = { name: 'mcp.server.operation.duration', description: 'Time from the arrival of an MCP request to its answer.', unit: 's', openLabels: ['method'] } as const;
const IN_FLIGHT = { name: 'metamcp.requests.in_flight', description: 'MCP requests that wait for their answer now.', unit: '{request}', openLabels: [] } as const;
const REFUSALS = { name: 'metamcp.refusals', description: 'HTTP requests that were refused before an MCP request was read.', unit: '{request}', openLabels: ['code'] } as const;
const LIMITS = { name: 'metamcp.limits.hit', description: 'Requests that a limit refused.', unit: '{request}', openLabels: ['code'] } as const;
const STATUSES = { name: 'metamcp.http.responses', description: 'HTTP answers by class of status.', unit: '{response}', openLabels: ['surface', 'status'] } as const;
