/** `/metrics`: for anyone totals only, with the credential of an operator or auditor, or a key for every endpoint, all names. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FailureThrottle } from '../auth/failure-throttle.ts';
import type { Clock } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import { type Authenticate, identify } from '../control-plane/identify.ts';
import type { Detail, MetricSource } from '../observability/metric-source.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

export interface MetricsDoorDeps {
  readonly clock: Clock;
  readonly sources: () => readonly MetricSource[];
  readonly snapshot: () => Snapshot;
  /** Keyed digest of an API key. */
  readonly digestOf: (credential: string) => string;
  readonly authenticators: readonly Authenticate[];
  readonly throttle: FailureThrottle;
  readonly addressOf: (http: IncomingMessage) => string;
  /** Throws `request.host_refused`, `request.origin_refused`. */
  readonly checkHost: (http: IncomingMessage) => void;
}

export type MetricsDoor = (http: IncomingMessage, response: ServerResponse) => Promise<void>;

export const METRICS_PATH = '/metrics';

export function isMetrics(url: string | undefined): boolean {
  return url === METRICS_PATH || url?.startsWith(`${METRICS_PATH}?`) === true;
}

export function createMetricsDoor(deps: MetricsDoorDeps): MetricsDoor {
  return async (http, response) => {
    try {
      deps.checkHost(http);
      if (!isMetrics(http.url)) throw new Fault('request.not_found');
      if (http.method !== 'GET' && http.method !== 'HEAD') throw new Fault('request.method_not_allowed');
      const detail = await detailFor(http, deps);
      // Whoever is never asked needs no serializer.
      const { PROMETHEUS_TYPE, prometheusText } = await import('../observability/prometheus-text.ts');
      const text = prometheusText(deps.sources(), detail, deps.clock.nowMs());
      response.writeHead(200, { 'content-type': PROMETHEUS_TYPE, 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
      response.end(http.method === 'HEAD' ? undefined : text);
    } catch (thrown) {
      refuse(response, toFault(thrown));
    }
  };
}

/** Throws `auth.credential_invalid`, `auth.scope_missing` for a credential that is shown and does not reach so far. */
async function detailFor(http: IncomingMessage, deps: MetricsDoorDeps): Promise<Detail> {
  const address = deps.addressOf(http);
  const key = keyOf(http);
  if (key !== undefined && opensEverything(key, deps)) return 'labelled';
  if (http.headers.authorization === undefined && http.headers.cookie === undefined && key === undefined) return 'totals';
  const headers = new Headers();
  for (const name of ['authorization', 'cookie'] as const) if (http.headers[name] !== undefined) headers.set(name, http.headers[name]);
  if (key !== undefined && http.headers.authorization === undefined) {
    deps.throttle.failed(address);
    throw new Fault('auth.credential_invalid');
  }
  try {
    const { permissions } = await identify({ headers, method: 'GET' }, address, deps);
    if (!permissions.has('log:read')) throw new Fault('auth.scope_missing');
    return 'labelled';
  } catch (thrown) {
    // A browser sends its cookies everywhere; without a sign-in it is like anyone.
    if (toFault(thrown).code === 'auth.credential_missing') return 'totals';
    throw thrown;
  }
}

function keyOf(http: IncomingMessage): string | undefined {
  const header = http.headers['x-api-key'];
  if (typeof header === 'string') return header;
  return /^Bearer +(sk_mt_\S+)$/i.exec(http.headers.authorization ?? '')?.[1];
}

function opensEverything(key: string, { snapshot, digestOf, clock }: MetricsDoorDeps): boolean {
  const found = snapshot().keys.get(digestOf(key));
  return found !== undefined && found.endpoints.includes('*') && (found.expiresAtMs === undefined || found.expiresAtMs > clock.nowMs());
}

function refuse(response: ServerResponse, fault: Fault): void {
  response.writeHead(fault.http, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...(fault.http === 401 ? { 'www-authenticate': 'Bearer' } : {}) });
  response.end(`${fault.message}\n`);
}
