/** What servers on demand and workflows tell of themselves when metrics are read. */
import type { MetricSource } from '../observability/metric-source.ts';
import type { ChildUse } from '../orchestrator/child.ts';
import type { Orchestrator } from '../orchestrator/orchestrator.ts';
import type { WorkflowRuns } from './workflow-runs.ts';

export function onDemandMetrics({ children, events }: Pick<Orchestrator, 'children' | 'events'>, { counts }: Pick<WorkflowRuns, 'counts'>): MetricSource[] {
  const each = (valueOf: (use: ChildUse) => number) => () =>
    children.of(undefined).flatMap(({ id, source, status, child }) => (status === 'running' && child !== undefined ? [{ labels: { source, server: id }, value: valueOf(child.use) }] : []));
  return [
    { ...CHILDREN, kind: 'gauge', read: () => [...Map.groupBy(children.of(undefined), ({ source, status, principal }) => JSON.stringify([source, principal === '' ? 'warm' : status]))].map(([key, { length }]) => ({ labels: stateLabels(key), value: length })) },
    { ...EVENTS, kind: 'counter', read: () => [...events.counts()].map(([kind, value]) => ({ labels: { kind }, value })) },
    { ...MEMORY, kind: 'gauge', read: each(({ memoryBytes }) => memoryBytes) },
    { ...PROCESSOR, kind: 'gauge', read: each(({ cpuMs }) => cpuMs / 1000) },
    { ...PROCESSES, kind: 'gauge', read: each(({ processes }) => processes) },
    { ...UPTIME, kind: 'gauge', read: each(({ uptimeMs }) => uptimeMs / 1000) },
    { ...IDLE, kind: 'gauge', read: each(({ idleMs }) => idleMs / 1000) },
    { ...CALLS, kind: 'gauge', read: each(({ callCount }) => callCount) },
    { ...ERRORS, kind: 'gauge', read: each(({ errorCount }) => errorCount) },
    { ...RUNNING, kind: 'gauge', read: () => [{ labels: {}, value: counts().running }] },
    { ...ENDED, kind: 'counter', read: () => [...counts().ended].map(([status, value]) => ({ labels: { status }, value })) },
  ];
}

function stateLabels(key: string): { readonly source: string; readonly state: string } {
  const [source, state] = JSON.parse(key) as [string, string];
  return { source, state };
}

const CHILDREN = { name: 'metamcp.children', description: 'Servers on demand by template and state.', unit: '{server}', openLabels: ['state'] } as const;
const EVENTS = { name: 'metamcp.child.events', description: 'Events of servers on demand since the start, by kind.', unit: '{event}', openLabels: ['kind'] } as const;
const MEMORY = { name: 'metamcp.child.memory', description: 'Resident memory of servers on demand.', unit: 'By', openLabels: [] } as const;
const PROCESSOR = { name: 'metamcp.child.cpu', description: 'Processor time that running servers on demand used.', unit: 's', openLabels: [] } as const;
const PROCESSES = { name: 'metamcp.child.processes', description: 'Processes of servers on demand.', unit: '{process}', openLabels: [] } as const;
const UPTIME = { name: 'metamcp.child.uptime', description: 'Time since servers on demand that run were started.', unit: 's', openLabels: [] } as const;
const IDLE = { name: 'metamcp.child.idle', description: 'Time for which servers on demand had no call.', unit: 's', openLabels: [] } as const;
const CALLS = { name: 'metamcp.child.calls', description: 'Calls of servers on demand that run now.', unit: '{call}', openLabels: [] } as const;
const ERRORS = { name: 'metamcp.child.errors', description: 'Failed calls of servers on demand that run now.', unit: '{call}', openLabels: [] } as const;
const RUNNING = { name: 'metamcp.workflow.runs.active', description: 'Runs of workflows that this gateway has under way.', unit: '{run}', openLabels: [] } as const;
const ENDED = { name: 'metamcp.workflow.runs', description: 'Runs of workflows that this gateway left, by status.', unit: '{run}', openLabels: ['status'] } as const;
