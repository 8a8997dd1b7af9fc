/** Templates and servers on demand, as part of the gateway: what is found, what is started, what the admin API sees of it. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { RandomBytes } from '../base/ids.ts';
import type { ResolvedSettings } from '../config.ts';
import type { LiveChild, OnDemandServices } from '../control-plane/on-demand-services.ts';
import type { Publisher } from '../control-plane/publish.ts';
import type { DataPlane } from '../data-plane/data-plane.ts';
import type { TemplateServer } from '../model/builtin-server.ts';
import type { ServerSpec } from '../model/server.ts';
import { readParameters, type Template, type TemplateData } from '../model/template.ts';
import type { Log } from '../observability/log.ts';
import type { JsonValue } from '../protocol/messages.ts';
import type { Child } from '../orchestrator/child.ts';
import { createOrchestrator, type Orchestrator } from '../orchestrator/orchestrator.ts';
import { readOrchestratorFile, readOrchestratorSettings } from '../orchestrator/orchestrator-settings.ts';
import { lateCalls } from './server-events.ts';
import type { Environment } from '../snapshot/values.ts';
import { createFindCurrentPrincipal } from './current-principal.ts';
import type { People } from '../model/oauth.ts';
import { isGrantAlive } from '../storage/oauth.ts';
import { query } from '../storage/transaction.ts';
import { createChildEventWriter, removeOldChildEvents } from '../storage/child-events.ts';
import type { Storage } from '../storage/open-storage.ts';
import { launchTemplate } from '../templates/launch-template.ts';
import { TemplateTenants } from './template-tenants.ts';
import { loadTemplates, readTemplate, sourceOf } from '../templates/load-templates.ts';
import type { Dialer } from '../upstream/dialer/dialer.ts';
import { type InnerServer, openInnerLink } from '../upstream/inner-link.ts';
import type { Link, LinkEvents } from '../upstream/link.ts';
import { openOpenApiLink } from '../upstream/openapi/openapi-link.ts';
import type { OrphanWatcher } from '../upstream/stdio/orphan-watcher.ts';
import { DEFAULT_LIMITS } from '../upstream/stdio/process-limits.ts';
import { ProcessSampler } from '../upstream/stdio/process-sampler.ts';
import { findSandbox, sandboxedCommand } from '../upstream/stdio/sandbox.ts';
import { openStdioLink } from '../upstream/stdio/stdio-link.ts';
import { onDemandMetrics } from './on-demand-metrics.ts';
import type { Telemetry } from './telemetry.ts';
import { openWorkflowShelf } from './workflow-shelf.ts';
import { createWorkflowRuns, type WorkflowRuns } from './workflow-runs.ts';

/** The templates of an instance; those imported can change while it runs. */
export interface TemplateShelf {
  find(name: string): Template | undefined;
  all(): ReadonlyMap<string, Template>;
  put(data: TemplateData, source: string): Template;
  remove(name: string): Template;
}

export function openTemplateShelf(dataFolder: string, say: (problem: string) => void): TemplateShelf {
  const folder = join(dataFolder, 'templates');
  const load = (): ReadonlyMap<string, Template> => {
    const { templates, problems } = loadTemplates(folder);
    for (const problem of problems) say(`template left out: ${problem}`);
    return templates;
  };
  let templates = load();
  return {
    find: (name) => templates.get(name),
    all: () => templates,
    put: (data, source) => {
      if (templates.get(data.name)?.origin === 'shipped') throw new Fault('request.conflict', { message: `A template ${data.name} is shipped with the gateway: choose another name.` });
      const template = writeTemplate(folder, data, source);
      templates = load();
      return template;
    },
    remove: (name) => {
      const template = templates.get(name);
      if (template === undefined) throw new Fault('request.not_found', { message: 'There is no template of this name.' });
      if (template.origin === 'shipped') throw new Fault('request.conflict', { message: 'This template is shipped with the gateway and stays.' });
      rmSync(template.folder, { recursive: true });
      templates = load();
      return template;
    },
  };
}

/** Written beside its place and then moved, so that there is never half a template. */
function writeTemplate(folder: string, data: TemplateData, source: string): Template {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fresh = join(mkdtempSync(join(folder, '.new-')), data.name);
  mkdirSync(fresh);
  writeFileSync(join(fresh, 'template.json'), JSON.stringify(data, null, 2));
  writeFileSync(join(fresh, data.file), source);
  const read = readTemplate(fresh, 'imported');
  const place = join(folder, data.name);
  if (typeof read === 'string') {
    rmSync(join(fresh, '..'), { recursive: true });
    throw new Fault('config.invalid', { message: read });
  }
  if (existsSync(place)) rmSync(place, { recursive: true });
  renameSync(fresh, place);
  rmSync(join(fresh, '..'), { recursive: true });
  return { ...read, folder: place };
}

export interface OnDemandDeps {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly version: string;
  readonly environment: () => Environment;
  readonly dataFolder: string;
  readonly egressAllow: () => readonly string[];
  readonly storage: Storage;
  readonly log: Log;
  readonly dialer: Dialer;
  readonly watcher: OrphanWatcher;
  readonly shelf: TemplateShelf;
  /** The server of type `workflows`, as one principal sees it. */
  readonly openWorkflows: (name: string, principalId: string | undefined, events: LinkEvents) => Link;
}

export interface OnDemand {
  readonly orchestrator: Orchestrator;
  readonly services: OnDemandServices;
  /** Undefined for servers of other types. */
  openLink(spec: ServerSpec, values: (text: string) => string, principalId: string | undefined): ((events: LinkEvents) => Promise<Link>) | undefined;
  close(): Promise<void>;
}

/** Readers of the stream of events. */
const FOLLOWERS_MAX = 50;
/** The connection over which the gateway itself asks for lists. */
const INSTANCE = 'instance';

/** Faults: `config.invalid` for settings of the orchestrator that are wrong. */
export function createOnDemand(deps: OnDemandDeps): OnDemand {
  const { clock, storage, log, shelf, watcher } = deps;
  const settings = readOrchestratorSettings(readOrchestratorFile(deps.environment(), deps.dataFolder), deps.environment());
  const writer = createChildEventWriter(storage.db, clock, (problem, lost) => log.error('child events lost', { lost, detail: String(problem) }));
  void removeOldChildEvents(storage.db, clock.nowMs()).catch((problem: unknown) => log.warn('child events', { detail: String(problem) }));
  const orchestrator = createOrchestrator({
    clock,
    random: deps.random,
    version: deps.version,
    settings,
    templates: shelf.all,
    watcher,
    node: process.execPath,
    path: deps.environment()['PATH'] ?? '',
    egressAllow: deps.egressAllow(),
    keep: (event) => writer.add(event),
    onStderr: (server, line) => log.debug('stderr', { server, line }),
  });
  const sampler = new ProcessSampler(clock);
  const tenants = new TemplateTenants();
  return {
    orchestrator,
    services: { ...toServices(orchestrator, shelf), settleEvents: () => writer.settle() },
    openLink: (spec, values, principalId) => {
      const { builtin } = spec;
      if (builtin?.kind === 'orchestrator') return async (events) => openInnerLink(spec.name, (send) => orchestrator.peerFor(principalId ?? INSTANCE, send), events);
      if (builtin?.kind === 'workflows') return async (events) => deps.openWorkflows(spec.name, principalId, events);
      if (builtin?.kind === 'openapi') return (events) => openOpenApiLink({ spec, builtin, values }, deps, events);
      return builtin?.kind === 'template' ? (events) => openTemplate({ spec, builtin, values, principalId }, { ...deps, orchestrator, sampler, tenants, temporaryFolder: settings.temporaryFolder, sandbox: settings.sandbox }, events) : undefined;
    },
    close: async () => {
      await orchestrator.close();
      await writer.close();
    },
  };
}

/** The orchestrators that one gateway runs for all, for the others (server-placement.ts). */
export function innerServers(publisher: Publisher, { orchestrator }: OnDemand): (target: { readonly server: string; readonly principalId: string | undefined }) => ((send: (message: JsonValue) => void) => InnerServer) | undefined {
  return ({ server, principalId }) => {
    const spec = publisher.snapshot().servers.get(server);
    return spec?.placement === 'one' && spec.type === 'orchestrator' ? (send) => orchestrator.peerFor(principalId ?? INSTANCE, send) : undefined;
  };
}

export interface StartedOnDemand {
  readonly onDemand: OnDemand;
  readonly workflows: WorkflowRuns;
}

interface Surroundings extends Pick<OnDemandDeps, 'storage' | 'log' | 'dialer' | 'shelf'> {
  readonly options: Pick<OnDemandDeps, 'clock' | 'random' | 'version' | 'environment'> & { readonly resolved: ResolvedSettings; readonly people?: People | undefined };
  readonly instance: { now(): { readonly egressAllow: readonly string[] } };
  readonly publisher: Publisher;
  readonly telemetry: Pick<Telemetry, 'add'>;
  readonly undo: (() => void | Promise<void>)[];
  readonly people: { readonly forOAuth: People };
}

/** Servers on demand and workflows of a gateway that is starting; `dataPlane` answers once there is one. */
export function startOnDemand({ options, instance, publisher, telemetry, undo, storage, log, dialer, shelf, people }: Surroundings, watcher: OrphanWatcher, dataPlane: () => DataPlane | undefined): StartedOnDemand {
  const { clock, random, version, environment, resolved } = options;
  const findCurrentPrincipal = createFindCurrentPrincipal({
    findUser: (options.people ?? people.forOAuth).findUser,
    keys: () => publisher.snapshot().keys.values(),
    isGrantAlive: (digest) => query(storage.db, (db) => isGrantAlive(db, digest, clock.nowMs())),
  });
  const workflows = createWorkflowRuns({ clock, random, storage, log, shelf: openWorkflowShelf(publisher), findCurrentPrincipal, ...lateCalls(dataPlane) });
  const onDemand = createOnDemand({ clock, random, version, environment, storage, log, dialer, shelf, watcher, openWorkflows: workflows.openLink, dataFolder: resolved.settings.data, egressAllow: () => instance.now().egressAllow });
  undo.push(() => onDemand.close());
  telemetry.add(...onDemandMetrics(onDemand.orchestrator, workflows));
  return { onDemand, workflows };
}

interface TemplateOpening {
  readonly spec: ServerSpec;
  readonly builtin: TemplateServer;
  readonly values: (text: string) => string;
  readonly principalId: string | undefined;
}

interface TemplateDeps extends OnDemandDeps {
  readonly orchestrator: Orchestrator;
  readonly sampler: ProcessSampler;
  readonly temporaryFolder: string;
  readonly tenants: TemplateTenants;
  readonly sandbox: 'auto' | 'required' | 'off';
}

async function openTemplate({ spec, builtin, values, principalId }: TemplateOpening, deps: TemplateDeps, events: LinkEvents): Promise<Link> {
  const { template } = builtin;
  const resolved = Object.fromEntries(Object.entries(builtin.parameters).map(([name, value]) => [name, typeof value === 'string' ? values(value) : value]));
  const { values: parameters, problems } = readParameters(template, resolved);
  if (problems.length > 0) throw new Fault('config.value_missing', { server: spec.name, detail: problems.map(({ parameter, message }) => `${parameter}: ${message}`).join('; ') });
  const bwrap = deps.sandbox === 'off' ? undefined : findSandbox();
  const leave = deps.tenants.enter({ server: spec.name, principalId, hasSandbox: bwrap !== undefined, sandbox: deps.sandbox });
  const folder = mkdtempSync(join(deps.temporaryFolder, 'metamcp-template-'));
  const launch = launchTemplate(template, parameters, { temporaryFolder: folder, egressAllow: deps.egressAllow(), node: process.execPath });
  const tidyUp = (): void => {
    leave();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  const facts = { serverId: spec.name, source: template.name, principal: principalId ?? INSTANCE };
  const tidy: LinkEvents = {
    message: (...args) => events.message(...args),
    failed: (...args) => events.failed(...args),
    dropped: (...args) => events.dropped(...args),
    closed: (fault) => {
      tidyUp();
      events.closed(fault);
    },
  };
  return openStdioLink(
    { ...spec, command: launch.command, args: launch.args, env: launch.env, cwd: launch.cwd },
    (text) => text,
    {
      clock: deps.clock,
      environment: { PATH: '/usr/bin:/bin', HOME: folder, TMPDIR: folder, LANG: 'C.UTF-8' },
      watcher: deps.watcher,
      onStderr: (line) => deps.log.debug('stderr', { server: spec.name, line }),
      confinement: {
        limits: DEFAULT_LIMITS,
        sampler: deps.sampler,
        wrap: bwrap === undefined ? undefined : (command) => sandboxedCommand(bwrap, command, launch.sandbox),
        exceeded: (kind, used) => deps.orchestrator.events.record('limit_hit', facts, { limit: kind, used }),
      },
    },
    tidy,
  ).catch((thrown: unknown) => {
    tidyUp();
    throw thrown;
  });
}

function toServices(orchestrator: Orchestrator, shelf: TemplateShelf): Omit<OnDemandServices, 'settleEvents'> {
  const { children, hasSandbox } = orchestrator;
  return {
    hasSandbox,
    templates: () => [...shelf.all().values()],
    importTemplate: (data, source) => shelf.put(data, source),
    deleteTemplate: (name) => shelf.remove(name),
    exportTemplate: (name) => {
      const found = shelf.find(name);
      if (found === undefined) throw new Fault('request.not_found', { message: 'There is no template of this name.' });
      const { folder, origin: _origin, digest: _digest, ...template } = found;
      return { template, source: readFileSync(sourceOf(folder, template.file), 'utf8') };
    },
    followEvents: (follower) => (orchestrator.events.followers >= FOLLOWERS_MAX ? undefined : orchestrator.events.follow(follower)),
    children: () =>
      children.of(undefined).map(({ id, name, source, principal, status, createdAtMs, child }) => ({ id, name, source, principal, status, createdAtMs, pid: child?.pid, ...liveUse(child) })),
    stopChild: async (id) => {
      const record = children.of(undefined).find((candidate) => candidate.id === id);
      if (record !== undefined) await children.stop(record, 'an administrator stopped it');
    },
  };
}

function liveUse(child: Child | undefined): Pick<LiveChild, 'idleMs' | 'memoryBytes' | 'cpuMs' | 'processes' | 'calls' | 'errors'> {
  if (child === undefined) return { idleMs: 0, memoryBytes: 0, cpuMs: 0, processes: 0, calls: 0, errors: 0 };
  const { callCount: calls, errorCount: errors, uptimeMs: _, ...used } = child.use;
  return { ...used, calls, errors };
}
