/** Workflows as part of the gateway: runs begin, go on after a restart, and are tools of servers of type `workflows`. */
import type { Clock } from '../base/clock.ts';
import type { FindCurrentPrincipal } from './current-principal.ts';
import { Fault, toFault } from '../base/fault.ts';
import { newId, type RandomBytes } from '../base/ids.ts';
import type { StepDecision, WorkflowServices } from '../control-plane/workflow-services.ts';
import type { InnerCall, InnerOutcome } from '../data-plane/inner-call.ts';
import type { Principal } from '../model/principal.ts';
import type { RunStatus, Workflow, WorkflowRun } from '../model/workflow.ts';
import type { Log } from '../observability/log.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { ServerPeer } from '../serving/server-peer.ts';
import { type Tool, ToolRefusal } from '../serving/tool.ts';
import { toolsServed } from '../serving/tools-served.ts';
import type { Storage } from '../storage/open-storage.ts';
import type { Db } from '../storage/schema.ts';
import { findRun, forgetStep, insertRun, intendStep, type Lease, listSteps, setRunStatus, settleStep, takeRun } from '../storage/workflows.ts';
import { type InnerServer, openInnerLink } from '../upstream/inner-link.ts';
import type { Link, LinkEvents } from '../upstream/link.ts';
import { RunLeases } from './workflow-leases.ts';
import type { ShelvedWorkflow, WorkflowShelf } from './workflow-shelf.ts';
import { runWorkflow } from '../workflows/run-workflow.ts';
import type { CallOutcome, WorkflowStore } from '../workflows/workflow-store.ts';

export interface WorkflowRunsDeps {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly storage: Storage;
  readonly log: Log;
  readonly shelf: WorkflowShelf;
  /** By the path that all calls take. */
  readonly callTool: (call: InnerCall) => Promise<InnerOutcome>;
  /** The principal of that id who was seen last; undefined for one that nobody saw since the start. */
  readonly findPrincipal: (id: string) => Principal | undefined;
  /** What they may do is that of each step's moment. */
  readonly findCurrentPrincipal: FindCurrentPrincipal;
}

export interface WorkflowRuns {
  readonly services: WorkflowServices;
  /** The server of type `workflows`, as one principal sees it. */
  openLink(name: string, principalId: string | undefined, events: LinkEvents): Link;
  /** Runs that another process left under way, or that waited for a person who decided, go on from now on. */
  resume(): Promise<void>;
  /** Under way here, and left by status since the start. */
  counts(): { readonly running: number; readonly ended: ReadonlyMap<RunStatus, number> };
  /** Nothing new is sent; resolves when what is under way has ended. */
  close(): Promise<void>;
}

const META_IDEMPOTENCY = 'metamcp/idempotencyKey';

export function createWorkflowRuns(deps: WorkflowRunsDeps): WorkflowRuns {
  const { clock, log, shelf } = deps;
  const { db, dialect } = deps.storage;
  const stopping = new AbortController();
  const active = new Map<string, { readonly ended: Promise<WorkflowRun>; readonly lost: AbortController }>();
  const ended = new Map<RunStatus, number>();
  const peers = new Set<ServerPeer>();
  const store = createStore(db, clock);
  const go = (run: WorkflowRun): Promise<WorkflowRun> => {
    const lost = new AbortController();
    const going = advance(run, { ...deps, store, stopping: AbortSignal.any([stopping.signal, lost.signal]) }).finally(() => active.delete(run.id));
    active.set(run.id, { ended: going, lost });
    void going.then(({ status }) => ended.set(status, (ended.get(status) ?? 0) + 1));
    return going;
  };
  const leases = new RunLeases({
    clock,
    db,
    log,
    // The embedded database is one gateway's: what the process before had is ours at once.
    owner: dialect === 'sqlite' ? 'here' : newId('gateway', clock, deps.random),
    go: (run) => void go(run),
    isActive: (run) => active.has(run),
    active: () => active.keys(),
    lost: (run) => {
      log.warn('workflow run is elsewhere', { run });
      active.get(run)?.lost.abort();
    },
  });
  const start: Start = async (workflow, principal, inputs) => {
    if (stopping.signal.aborted) throw new Fault('gateway.stopping');
    const nowMs = clock.nowMs();
    const run: WorkflowRun = { id: newId('run', clock, deps.random), workflow, principal, inputs, status: 'running', reason: '', output: undefined, startedAtMs: nowMs, resumedAtMs: nowMs, endedAtMs: undefined };
    await insertRun(db, run, leases.lease());
    return { run, ended: go(run) };
  };
  shelf.follow(() => toolsChanged(peers));
  return {
    services: {
      start: async (name, principal, inputs) => {
        const found = shelf.find(name);
        if (found === undefined) throw new Fault('request.not_found', { message: 'There is no workflow of this name.' });
        return (await start(found.workflow, principal, inputs)).run;
      },
      resolve: async (id, key, decision) => {
        const again = await decided({ id, key, decision }, db, leases.lease());
        void go(again);
        return again;
      },
    },
    openLink: (name, principalId, events) => openInnerLink(name, (send) => servedTo(peers, new ServerPeer(workflowsServed(name, principalId, { ...deps, start }), send)), events),
    resume: () => leases.start(),
    counts: () => ({ running: active.size, ended }),
    close: async () => {
      await leases.stop();
      stopping.abort();
      await Promise.allSettled([...active.values()].map((run) => run.ended));
      await leases.giveUp();
    },
  };
}

type Start = (workflow: Workflow, principal: Principal, inputs: JsonObject) => Promise<{ readonly run: WorkflowRun; readonly ended: Promise<WorkflowRun> }>;

/** The stored workflows that a principal may run, as the tools of a server. */
function workflowsServed(name: string, principalId: string | undefined, { shelf, findPrincipal, start }: Pick<WorkflowRunsDeps, 'shelf' | 'findPrincipal'> & { readonly start: Start }): ReturnType<typeof toolsServed> {
  const isTheirs = ({ owner }: ShelvedWorkflow): boolean => owner === undefined || owner === principalId || `user:${owner}` === principalId;
  const principal = (): Principal | undefined => (principalId === undefined ? undefined : findPrincipal(principalId));
  const tools = (): readonly Tool[] => shelf.all().filter(isTheirs).map(({ workflow }) => toTool(workflow, (inputs) => startAndWait(workflow, inputs, { principal: principal(), start })));
  return toolsServed({ info: { name, title: 'Workflows', version: '1.0.0' }, instructions: 'Each tool runs a stored workflow.', tools, listsAreFixed: false });
}

function toolsChanged(peers: Iterable<ServerPeer>): void {
  for (const peer of peers) peer.toolsChanged();
}

/** Resolves with the run as it was left; never rejects. */
async function advance(run: WorkflowRun, deps: WorkflowRunsDeps & { readonly store: WorkflowStore; readonly stopping: AbortSignal }): Promise<WorkflowRun> {
  const { clock, store, stopping, log, storage } = deps;
  const { endpoint } = run.workflow;
  try {
    await runWorkflow(run, { clock, store, stopping, call: ({ tool, args, idempotencyKey, signal }) => callAs(run.principal, { endpoint, tool, args, meta: { [META_IDEMPOTENCY]: idempotencyKey }, signal }, deps) });
    return (await findRun(storage.db, run.id)) ?? run;
  } catch (thrown) {
    // It stays as it is and goes on at the next start.
    log.error('workflow run', { run: run.id, detail: toFault(thrown).detail ?? String(thrown) });
    return run;
  }
}

/** Nothing is sent before it is known who calls. */
async function callAs(began: Principal, call: Omit<InnerCall, 'principal'>, { callTool, findCurrentPrincipal }: Pick<WorkflowRunsDeps, 'callTool' | 'findCurrentPrincipal'>): Promise<CallOutcome> {
  let principal: Principal | undefined;
  try {
    principal = await findCurrentPrincipal(began);
  } catch (thrown) {
    return { kind: 'refused', reason: toFault(thrown).message, isRetryable: true };
  }
  if (principal === undefined) return { kind: 'refused', reason: 'who started the run may do nothing here any more', isRetryable: false };
  return toCallOutcome(await callTool({ principal, ...call }));
}

/** The run as it goes on once a person said what became of a step. Its deadline begins anew. */
async function decided({ id, key, decision }: { readonly id: string; readonly key: string; readonly decision: StepDecision }, db: Db, lease: Lease): Promise<WorkflowRun> {
  if (!(await takeRun(db, id, { from: 'waiting', lease, resumedAtMs: lease.nowMs }))) throw new Fault('request.conflict', { message: 'Only a run that waits can be decided.' });
  if (decision.kind === 'retry') await forgetStep(db, id, key);
  else await settleStep(db, { run: id, key, status: decision.kind === 'done' ? 'done' : 'failed', result: decision.kind === 'done' ? decision.result : undefined, reason: decision.kind === 'done' ? '' : 'a person decided that it failed', atMs: lease.nowMs });
  const run = await findRun(db, id);
  if (run === undefined) throw new Fault('request.not_found');
  return run;
}

/** The peer, which hears of changed workflows as long as it is open. */
function servedTo(peers: Set<ServerPeer>, peer: ServerPeer): InnerServer {
  peers.add(peer);
  return {
    receive: (line) => peer.receive(line),
    close: () => {
      peers.delete(peer);
      peer.close();
    },
  };
}

function createStore(db: Db, clock: Clock): WorkflowStore {
  return {
    steps: (run) => listSteps(db, run),
    intend: (run, key, attempt) => intendStep(db, { run, key, attempt, atMs: clock.nowMs() }),
    settle: (run, key, { status, result, reason = '', approval }) => settleStep(db, { run, key, status, result, reason, approval, atMs: clock.nowMs() }),
    end: (run, status, { reason, output }) => setRunStatus(db, run, status, { reason, output, endedAtMs: status === 'waiting' ? undefined : clock.nowMs() }),
  };
}

function toTool(workflow: Workflow, run: (inputs: JsonObject) => Promise<JsonObject>): Tool {
  return {
    name: workflow.name,
    title: workflow.name.replaceAll('_', ' '),
    description: workflow.description === '' ? `Runs the workflow ${workflow.name}.` : workflow.description,
    inputSchema: { ...workflow.inputs, type: 'object' },
    outputSchema: { type: 'object', properties: { run_id: { type: 'string' }, status: { type: 'string' }, output: {}, reason: { type: 'string' } }, required: ['run_id', 'status'] },
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
    run,
  };
}

async function startAndWait(workflow: Workflow, inputs: JsonObject, { principal, start }: { readonly principal: Principal | undefined; readonly start: (workflow: Workflow, principal: Principal, inputs: JsonObject) => Promise<{ readonly ended: Promise<WorkflowRun> }> }): Promise<JsonObject> {
  if (principal === undefined) throw new ToolRefusal('Who asks is not known any more: send the request again');
  const { id, status, output, reason } = await (await start(workflow, principal, inputs)).ended;
  const facts = { run_id: id, status, reason };
  if (status === 'failed' || status === 'compensated') throw new ToolRefusal(`The workflow ${status === 'failed' ? 'failed' : 'failed and was undone'}: ${reason}`, facts);
  return { ...facts, output: output ?? null };
}

function toCallOutcome(outcome: InnerOutcome): CallOutcome {
  if (outcome.kind === 'error' && outcome.approval !== undefined) return { kind: 'waiting', reason: outcome.message, approval: outcome.approval };
  if (outcome.kind === 'error') return outcome.effect === 'unknown' ? { kind: 'unknown', reason: outcome.message } : { kind: 'refused', reason: outcome.message, isRetryable: outcome.isRetryable };
  const { result } = outcome;
  if (result['resultType'] === 'input_required') return { kind: 'refused', reason: 'the tool wants to ask somebody, and nobody is there', isRetryable: false };
  const value = valueOf(result);
  return result['isError'] === true ? { kind: 'refused', reason: `the tool failed: ${typeof value === 'string' ? value.slice(0, 500) : JSON.stringify(value).slice(0, 500)}`, isRetryable: false } : { kind: 'result', result: value };
}

/** Structured content, else text, parsed where it is JSON. */
function valueOf({ structuredContent, content }: JsonObject): JsonValue {
  if (structuredContent !== undefined) return structuredContent;
  const blocks: readonly JsonValue[] = Array.isArray(content) ? content : [];
  const text = blocks.flatMap((block) => (isObject(block) && typeof block['text'] === 'string' ? [block['text']] : [])).join('\n');
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
