/** What the gateway as a whole tells of itself when metrics are read: servers, sessions, streams. */
import type { DataPlane } from './data-plane/data-plane.ts';
import type { MetricSource } from './observability/metric-source.ts';
import type { Upstreams } from './upstream/upstreams.ts';

export function gatewayMetrics({ counts }: Pick<DataPlane, 'counts'>, upstreams: Pick<Upstreams, 'states'>): MetricSource[] {
  return [
    { ...SERVERS, kind: 'gauge', read: () => upstreams.states().map(({ name, status }) => ({ labels: { server: name, state: status }, value: 1 })) },
    { ...CONNECTIONS, kind: 'gauge', read: () => upstreams.states().map(({ name, connections }) => ({ labels: { server: name }, value: connections })) },
    { ...RESTARTS, kind: 'counter', read: () => upstreams.states().map(({ name, restarts }) => ({ labels: { server: name }, value: restarts })) },
    { ...SESSIONS, kind: 'gauge', read: () => [{ labels: {}, value: counts().sessions }] },
    { ...STREAMS, kind: 'gauge', read: () => [{ labels: {}, value: counts().streams }] },
    { ...PARKED, kind: 'gauge', read: () => [{ labels: {}, value: counts().parked }] },
  ];
}

/** Counts failures of middleware, by its name. */
export function middlewareFailures(): { readonly failed: (middleware: string) => void; readonly source: MetricSource } {
  const failures = new Map<string, number>();
  return {
    failed: (middleware) => void failures.set(middleware, (failures.get(middleware) ?? 0) + 1),
    source: { ...MIDDLEWARE, kind: 'counter', read: () => [...failures].map(([middleware, value]) => ({ labels: { middleware }, value })) },
  };
}

const SERVERS = { name: 'metamcp.servers', description: 'Servers by state.', unit: '{server}', openLabels: ['state'] } as const;
const CONNECTIONS = { name: 'metamcp.server.connections', description: 'Open connections to servers.', unit: '{connection}', openLabels: [] } as const;
const RESTARTS = { name: 'metamcp.server.restarts', description: 'Restarts of servers since they were configured.', unit: '{restart}', openLabels: [] } as const;
const SESSIONS = { name: 'metamcp.sessions', description: 'Open sessions of clients.', unit: '{session}', openLabels: [] } as const;
const STREAMS = { name: 'metamcp.streams', description: 'Clients that listen for changes now.', unit: '{stream}', openLabels: [] } as const;
const PARKED = { name: 'metamcp.calls.parked', description: 'Calls that wait for an answer of their client.', unit: '{call}', openLabels: [] } as const;
const MIDDLEWARE = { name: 'metamcp.middleware.failures', description: 'Failures of middleware, whether the call went on or not.', unit: '{failure}', openLabels: ['middleware'] } as const;
