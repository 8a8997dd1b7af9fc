/** What the gateway as a whole tells of itself when metrics are read: servers, sessions, streams. */
import type { JournalState } from '../audit/journal.ts';
import type { DataPlane } from '../data-plane/data-plane.ts';
import type { MetricSource } from '../observability/metric-source.ts';
import type { Upstreams } from '../upstream/upstreams.ts';

export function gatewayMetrics({ counts }: Pick<DataPlane, 'counts'>, upstreams: Pick<Upstreams, 'states'>): MetricSource[] {
  return [
    { ...SERVERS, kind: 'gauge', read: () => upstreams.states().map(({ name, status }) => ({ labels: { server: name, state: status }, value: 1 })) },
    { ...CONNECTIONS, kind: 'gauge', read: () => upstreams.states().map(({ name, connections }) => ({ labels: { server: name }, value: connections })) },
    { ...RESTARTS, kind: 'counter', read: () => upstreams.states().map(({ name, restarts }) => ({ labels: { server: name }, value: restarts })) },
    { ...SESSIONS, kind: 'gauge', read: () => [{ labels: {}, value: counts().sessions }] },
    { ...STREAMS, kind: 'gauge', read: () => [{ labels: {}, value: counts().streams }] },
    { ...SCRIPTS, kind: 'gauge', read: () => [{ labels: {}, value: counts().scripts }] },
    { ...PARKED, kind: 'gauge', read: () => [{ labels: {}, value: counts().parked }] },
  ];
}

/** How the record fares. */
export function recordMetrics(state: () => JournalState): MetricSource[] {
  return [
    { ...AUDIT_QUEUE, kind: 'gauge', read: () => [{ labels: {}, value: state().queued }] },
    { ...AUDIT_LOST, kind: 'counter', read: () => [{ labels: {}, value: state().lost }] },
    { ...AUDIT_FAILING, kind: 'gauge', read: () => [{ labels: {}, value: state().lastError === undefined ? 0 : 1 }] },
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
const SCRIPTS = { name: 'metamcp.scripts.running', description: 'Scripts of code mode that run now, each in a worker.', unit: '{script}', openLabels: [] } as const;
const AUDIT_QUEUE = { name: 'metamcp.audit.queue', description: 'Records that wait to be written.', unit: '{record}', openLabels: [] } as const;
const AUDIT_LOST = { name: 'metamcp.audit.lost', description: 'Records that could not be kept.', unit: '{record}', openLabels: [] } as const;
const AUDIT_FAILING = { name: 'metamcp.audit.failing', description: '1 while records cannot be written.', unit: '{state}', openLabels: [] } as const;
const MIDDLEWARE = { name: 'metamcp.middleware.failures', description: 'Failures of middleware, whether the call went on or not.', unit: '{failure}', openLabels: ['middleware'] } as const;
