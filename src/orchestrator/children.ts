/**
 * All servers on demand of one gateway: who has which, how many there may be, and that none outlives its use.
 *
 * Every principal sees its own alone. Warm instances of templates wait in a pool: one is given to one principal, and
 * comes back only where its template says that it keeps nothing between two calls.
 */
import { type CancelTimer, type Clock, sleep } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import type { ChildEventKind } from '../model/child-event.ts';
import type { Template } from '../model/template.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { ToolRefusal } from '../serving/tool.ts';
import type { OrphanWatcher } from '../upstream/stdio/orphan-watcher.ts';
import { stayAwake } from '../upstream/stdio/stay-awake.ts';
import { Child } from './child.ts';
import { ChildFolders } from './child-folders.ts';
import { planChild, type PlanOptions, scriptSource, type Source, templateSource } from './child-plans.ts';
import type { EventLog } from './event-log.ts';
import type { OrchestratorSettings } from './orchestrator-settings.ts';
import type { ServerRecord } from './server-record.ts';

export interface ChildrenDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly newId: () => string;
  readonly gatewayInfo: JsonObject;
  readonly settings: OrchestratorSettings;
  readonly templates: () => ReadonlyMap<string, Template>;
  readonly plans: PlanOptions;
  readonly watcher: OrphanWatcher;
  readonly events: EventLog;
  readonly onStderr?: (serverId: string, line: string) => void;
}

export interface CreateRequest {
  readonly name: string;
  readonly serverType: 'python' | 'node';
  readonly template?: string | undefined;
  readonly scriptPath?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly memoryMegabytes?: number | undefined;
}

const SWEEP_MS = 2_000;
const MINUTE_MS = 60_000;
const ENDED_MAX = 200;
/** Nobody's: waiting in the pool. */
const POOL = '';

export class Children {
  readonly #deps: ChildrenDeps;
  readonly #folders: ChildFolders;
  readonly #records = new Map<string, ServerRecord>();
  #ended: ServerRecord[] = [];
  readonly #warming = new Set<string>();
  #createdMs: number[] = [];
  #cancelSweep: CancelTimer | undefined;
  #isClosed = false;

  constructor(deps: ChildrenDeps) {
    this.#deps = deps;
    this.#folders = new ChildFolders(deps.settings.temporaryFolder);
  }

  /** Throws a ToolRefusal whose words say what can be done. */
  async create(principal: string, request: CreateRequest): Promise<ServerRecord> {
    const source = this.#source(principal, request);
    this.#checkCaps(principal);
    return this.#start(source, { ...request, principal, isPooled: false });
  }

  /** One that is there already, a warm one, or a new one, in this order. */
  async pooled(principal: string, name: string): Promise<{ readonly record: ServerRecord; readonly isReused: boolean }> {
    const source = this.#source(principal, { name, serverType: 'python', template: name });
    const own = this.of(principal).find((record) => record.isPooled && record.source === name && record.status === 'running');
    if (own !== undefined) {
      this.#record('reused', own);
      return { record: own, isReused: true };
    }
    this.#checkCaps(principal);
    const warm = this.#claim(principal, name);
    const record = warm ?? (await this.#start(source, { name, serverType: 'python', principal, isPooled: true }));
    if (warm !== undefined) this.#record('reused', warm, { warm: true });
    this.#warm(source, name);
    return { record, isReused: warm !== undefined };
  }

  /** Those of one principal, undefined: all; oldest first. */
  of(principal: string | undefined): ServerRecord[] {
    return [...this.#records.values()].filter((record) => (principal === undefined ? true : record.principal === principal));
  }

  /** Throws a ToolRefusal for one that is not there or somebody else's: both look alike. */
  find(principal: string, id: string): ServerRecord {
    const found = this.#records.get(id) ?? this.#ended.find((record) => record.id === id);
    if (found === undefined || found.principal !== principal) throw new ToolRefusal(`There is no server ${id.slice(0, 100)}: list_servers tells which there are`);
    return found;
  }

  /** The running child of a server. Throws a ToolRefusal for one that has ended. */
  running(principal: string, id: string): { readonly record: ServerRecord; readonly child: Child } {
    const record = this.find(principal, id);
    if (record.status !== 'running' || record.child === undefined) throw new ToolRefusal(`The server ${id} is ${record.status}${record.reason === '' ? '' : ` (${record.reason})`}: make a new one with create_server`);
    return { record, child: record.child };
  }

  async execute(principal: string, id: string, call: { readonly tool: string; readonly args: JsonObject; readonly signal: AbortSignal; readonly onProgress: (params: JsonObject) => void }): Promise<JsonObject> {
    const { record, child } = this.running(principal, id);
    const startedMs = this.#deps.clock.monotonicMs();
    child.callCount += 1;
    try {
      const result = await child.ask('tools/call', { name: call.tool, arguments: call.args }, { signal: call.signal, onProgress: call.onProgress });
      if (result['isError'] === true) child.errorCount += 1;
      this.#record('called', record, { tool: call.tool.slice(0, 100), durationMs: Math.round(this.#deps.clock.monotonicMs() - startedMs), isError: result['isError'] === true });
      return result;
    } catch (thrown) {
      child.errorCount += 1;
      throw await this.#failedCall(record, child, { tool: call.tool, thrown });
    }
  }

  /** Resolves when nothing of it runs. A healthy one of a stateless template goes back into the pool. */
  async stop(record: ServerRecord, reason: string): Promise<void> {
    const { child } = record;
    if (record.status !== 'running' && record.status !== 'starting') return;
    if (child !== undefined && this.#returnToPool(record, child)) return;
    await this.#end(record, reason);
  }

  async stopAll(principal: string | undefined, reason: string): Promise<number> {
    const records = this.of(principal).filter(({ status }) => status === 'running' || status === 'starting');
    await Promise.all(records.map((record) => this.stop(record, reason)));
    return records.length;
  }

  /** Ends everything; resolves when no process is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelSweep?.();
    await stayAwake(async () => {
      await Promise.all([...this.#records.values()].map((record) => this.#end(record, 'the gateway stops')));
      // Those that were just starting see that it is over and end by themselves; others are ending already.
      while (this.#records.size > 0) await sleep(this.#deps.clock, 10);
    });
    this.#folders.close();
  }

  #source(principal: string, { template: name, scriptPath, serverType }: CreateRequest): Source {
    try {
      if (scriptPath !== undefined) return scriptSource(scriptPath, serverType, this.#deps.plans);
      const template = this.#deps.templates().get(name ?? '');
      if (template === undefined) throw new ToolRefusal(`There is no template ${String(name).slice(0, 100)}: there are ${[...this.#deps.templates().keys()].join(', ')}`);
      return templateSource(template, {});
    } catch (thrown) {
      if (thrown instanceof ToolRefusal && scriptPath !== undefined) this.#deps.events.record('security_violation', { serverId: '', source: 'script', principal }, { why: thrown.message.slice(0, 200) });
      throw thrown;
    }
  }

  #checkCaps(principal: string): void {
    const { settings, clock, events } = this.#deps;
    if (this.#isClosed) throw new Fault('gateway.stopping');
    const own = this.of(principal).length;
    const refuse = (why: string): never => {
      events.record('limit_hit', { serverId: '', source: '', principal }, { limit: why.slice(0, 200) });
      throw new ToolRefusal(why);
    };
    if (own >= settings.serversPerPrincipalMax) refuse(`You have ${own} servers of ${settings.serversPerPrincipalMax}: end one with stop_server or all with stop_all_servers, or have max_concurrent_servers raised`);
    if (this.#records.size >= settings.serversMax && !this.#dropWarm()) refuse(`${this.#records.size} servers run here, which is all there may be: try again later, or have host_max_servers raised`);
    const sinceMs = clock.monotonicMs() - MINUTE_MS;
    this.#createdMs = this.#createdMs.filter((ms) => ms > sinceMs);
    if (this.#createdMs.length >= settings.createsPerMinuteMax) refuse(`${settings.createsPerMinuteMax} servers were started within a minute: use get_or_create_pooled_server, or try again later`);
    if (this.#deps.plans.bwrap !== undefined) return;
    if (settings.sandbox === 'required') refuse('Servers need a sandbox and there is none here: have bubblewrap installed, or the setting sandbox changed');
    if (settings.sandbox === 'auto' && this.of(undefined).some((record) => record.principal !== POOL && record.principal !== principal)) refuse('Somebody else has servers here and there is no sandbox to keep them apart: have bubblewrap installed, or try again later');
  }

  async #start(source: Source, request: CreateRequest & { readonly principal: string; readonly isPooled: boolean }): Promise<ServerRecord> {
    const { clock, settings } = this.#deps;
    const record: ServerRecord = {
      id: this.#deps.newId(),
      name: request.name,
      serverType: request.serverType,
      template: source.kind === 'template' ? source.template : undefined,
      source: source.kind === 'template' ? source.template.name : 'script',
      principal: request.principal,
      isPooled: request.isPooled,
      createdAtMs: clock.nowMs(),
      timeoutMs: request.timeoutMs ?? settings.timeoutMs,
      memoryMegabytes: request.memoryMegabytes ?? settings.memoryMegabytes,
      folder: this.#folders.make(),
      child: undefined,
      lastUse: undefined,
      status: 'starting',
      reason: '',
    };
    this.#records.set(record.id, record);
    this.#createdMs.push(clock.monotonicMs());
    this.#record('created', record);
    this.#scheduleSweep();
    try {
      await this.#open(record, source);
      return record;
    } catch (thrown) {
      const fault = toFault(thrown);
      await this.#forget(record, 'failed', fault.detail ?? fault.message);
      this.#record('failed', record, { why: (fault.detail ?? fault.message).slice(0, 300) });
      throw new ToolRefusal(`The server could not be started: ${(fault.detail ?? fault.message).slice(0, 500)}`);
    }
  }

  async #open(record: ServerRecord, source: Source): Promise<void> {
    const { clock, random, gatewayInfo, watcher, plans, onStderr } = this.#deps;
    const plan = planChild(source, record, plans);
    this.#record('started', record, { command: source.kind === 'template' ? `template ${record.source}` : source.command });
    const child = await Child.open(plan, {
      clock,
      random,
      gatewayInfo,
      watcher,
      exceeded: (kind, detail) => {
        // It may have changed hands since.
        const now = this.of(undefined).find((candidate) => candidate.child === record.child) ?? record;
        now.reason = `it used more ${kind} than it may`;
        this.#record('limit_hit', now, { limit: kind, used: detail });
      },
      closed: (fault) => void this.#closed(record, fault),
      ...(onStderr === undefined ? {} : { onStderr: (line: string) => onStderr(record.id, line) }),
    });
    record.child = child;
    if (record.status !== 'starting' || this.#isClosed) {
      await child.close();
      throw new Fault('upstream.closed', { detail: 'it was stopped while it started' });
    }
    record.status = 'running';
    this.#record('ready', record, { pid: child.pid ?? 0 });
  }

  /** It ended without being told to. */
  async #closed(record: ServerRecord, fault: Fault): Promise<void> {
    if (record.status !== 'running') return;
    record.status = 'failed';
    if (record.reason === '') record.reason = (fault.detail ?? fault.message).slice(0, 300);
    this.#record('failed', record, { why: record.reason });
    await record.child?.close();
    await this.#forget(record, 'failed', record.reason);
  }

  async #end(record: ServerRecord, reason: string): Promise<void> {
    if (record.status === 'stopping' || record.status === 'failed') return;
    const wasStarting = record.status === 'starting';
    record.status = 'stopping';
    record.reason = reason;
    // One that is being started is ended by who starts it.
    if (wasStarting) return;
    await record.child?.close();
    await this.#forget(record, 'stopped', reason);
    this.#record('stopped', record, { why: reason });
  }

  async #forget(record: ServerRecord, status: 'stopped' | 'failed', reason: string): Promise<void> {
    record.status = status;
    record.reason = reason;
    await this.#folders.remove(record.folder);
    this.#records.delete(record.id);
    record.lastUse = record.child?.use;
    record.child = undefined;
    if (record.principal !== POOL) this.#ended = [...this.#ended.slice(-ENDED_MAX + 1), record];
  }

  async #failedCall(record: ServerRecord, child: Child, { tool, thrown }: { readonly tool: string; readonly thrown: unknown }): Promise<Error> {
    const fault = toFault(thrown);
    if (fault.code === 'upstream.timeout') {
      this.#record('timed_out', record, { tool: tool.slice(0, 100), timeoutMs: record.timeoutMs });
      // One that spins never reads again: it would only hold a processor.
      if (!child.isClosed && !(await child.isAlive())) {
        record.reason = 'it did not answer any more after a call timed out';
        await child.close();
      }
      return new ToolRefusal(`${tool} did not answer within ${record.timeoutMs / 1000} s; whether it did its work is not known. Give config.timeout to create_server for more time`);
    }
    if (fault.code === 'request.cancelled') return fault;
    return new ToolRefusal(`${tool} gave no result: ${record.reason === '' ? (fault.code === 'upstream.protocol_error' ? fault.message : (fault.detail ?? fault.message).slice(0, 500)) : record.reason}`);
  }

  #returnToPool(record: ServerRecord, child: Child): boolean {
    const isFit = record.isPooled && record.template?.stateless === true && !child.isClosed && child.inFlight === 0 && !this.#isClosed;
    if (!isFit || this.of(POOL).some(({ source }) => source === record.source)) return false;
    const ended = { ...record, child: undefined, lastUse: child.use, status: 'stopped' as const, reason: 'returned to the pool' };
    this.#ended = [...this.#ended.slice(-ENDED_MAX + 1), ended];
    this.#rename(record, POOL);
    this.#record('stopped', ended, { why: 'returned to the pool' });
    return true;
  }

  /** A warm instance becomes the principal's, under a new id. */
  #claim(principal: string, template: string): ServerRecord | undefined {
    const warm = this.of(POOL).find((record) => record.source === template && record.status === 'running' && record.child?.isClosed === false);
    return warm && this.#rename(warm, principal);
  }

  /** The same process for somebody else. The old record ends without ending the process. */
  #rename(record: ServerRecord, principal: string): ServerRecord {
    const { child } = record;
    const renamed: ServerRecord = { ...record, id: this.#deps.newId(), principal, createdAtMs: this.#deps.clock.nowMs() };
    this.#records.delete(record.id);
    this.#records.set(renamed.id, renamed);
    record.status = 'stopped';
    if (child !== undefined) {
      child.lastUsedMs = this.#deps.clock.monotonicMs();
      child.closedFor((fault) => void this.#closed(renamed, fault));
    }
    return renamed;
  }

  /** Starts one in reserve, unless there is one or no room. */
  #warm(source: Source, name: string): void {
    if (source.kind !== 'template' || this.#warming.has(name) || this.#isClosed || this.#records.size >= this.#deps.settings.serversMax) return;
    if (this.of(POOL).some((record) => record.source === name)) return;
    this.#warming.add(name);
    this.#start(source, { name, serverType: 'node', principal: POOL, isPooled: true })
      // The pool does without: the failure is an event already.
      .catch(() => undefined)
      .finally(() => this.#warming.delete(name));
  }

  #dropWarm(): boolean {
    const [warm] = this.of(POOL).filter(({ status }) => status === 'running');
    if (warm === undefined) return false;
    void this.#end(warm, 'its place was needed');
    return true;
  }

  #scheduleSweep(): void {
    this.#cancelSweep ??= this.#deps.clock.after(SWEEP_MS, () => {
      this.#cancelSweep = undefined;
      this.#sweep();
      if (this.#records.size > 0 && !this.#isClosed) this.#scheduleSweep();
    });
  }

  #sweep(): void {
    const { settings, clock } = this.#deps;
    for (const record of this.#records.values()) {
      const { child } = record;
      if (record.status !== 'running' || child === undefined) continue;
      if (child.idleMs > settings.idleTimeoutMs) void this.#end(record, 'it was idle');
      else if (clock.nowMs() - child.startedAtMs > settings.lifeMsMax) void this.#end(record, 'it ran for as long as it may');
    }
  }

  #record(kind: ChildEventKind, record: ServerRecord, detail: Readonly<Record<string, string | number | boolean>> = {}): void {
    this.#deps.events.record(kind, { serverId: record.id, source: record.source, principal: record.principal }, detail);
  }
}
