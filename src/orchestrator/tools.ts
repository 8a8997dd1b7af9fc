/** The eleven tools of the orchestrator, for one principal. */
import { type Clock, toIso } from '../base/clock.ts';
import { CHILD_EVENT_KINDS } from '../model/child-event.ts';
import type { Template } from '../model/template.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { type Tool, type ToolCallContext, ToolContent, toResult } from '../serving/tool.ts';
import type { ChildUse } from './child.ts';
import type { Children } from './children.ts';
import type { EventLog } from './event-log.ts';
import type { ServerRecord } from './server-record.ts';
import { runPlan } from './run-plan.ts';
import { type OfferedServer, planFor, templatesFor, valueOf } from './task-plan.ts';
import { type OrchestratorToolName, TOOL_SHAPES } from './tool-shapes.ts';

/** What the tools work on. */
export interface ToolsDeps {
  readonly clock: Clock;
  readonly children: Children;
  readonly events: EventLog;
  readonly templates: () => ReadonlyMap<string, Template>;
  readonly newId: () => string;
}

type Run = (given: JsonObject, context: ToolCallContext) => JsonObject | ToolContent | Promise<JsonObject | ToolContent>;

const MEGABYTE = 2 ** 20;
const HEALTH_MS = 3_000;

export function orchestratorTools(orchestrator: ToolsDeps, principal: string): readonly Tool[] {
  const { children, events } = orchestrator;
  const runs: Readonly<Record<OrchestratorToolName, Run>> = {
    create_server: (given, context) => create(orchestrator, principal, { given, context }),
    execute_on_server: (given, context) => execute(orchestrator, principal, { given, context }),
    orchestrate_task: (given, context) => orchestrate(orchestrator, principal, { given, context }),
    list_servers: () => {
      const servers = children.of(principal).map(toListed);
      return { servers, count: servers.length };
    },
    get_server_capabilities: async (given) => {
      const { record, child } = children.running(principal, String(given['server_id']));
      const list = async (method: string, key: string): Promise<JsonValue> => (await child.ask(method, {}).catch((): JsonObject => ({})))[key] ?? [];
      const tools = (await child.ask('tools/list', {}))['tools'] ?? [];
      return { server_id: record.id, tools, resources: await list('resources/list', 'resources'), prompts: await list('prompts/list', 'prompts') };
    },
    stop_server: async (given) => {
      const record = children.find(principal, String(given['server_id']));
      await children.stop(record, 'stop_server');
      return { server_id: record.id, status: 'stopped' };
    },
    stop_all_servers: async () => ({ status: 'success', stopped_count: await children.stopAll(principal, 'stop_all_servers') }),
    get_or_create_pooled_server: async (given) => {
      const template = String(given['template']);
      const isPooled = given['use_pooling'] !== false;
      const { record, isReused } = isPooled ? await children.pooled(principal, template) : { record: await children.create(principal, { name: template, serverType: 'python', template }), isReused: false };
      return { server_id: record.id, status: record.status, reused: isReused, template };
    },
    health_check: (given) => healthOf(orchestrator, children.find(principal, String(given['server_id']))),
    health_check_all: async () => {
      const servers = await Promise.all(children.of(principal).map((record) => healthOf(orchestrator, record)));
      const healthy = servers.filter(({ status }) => status === 'healthy').length;
      return { servers, total: servers.length, healthy_count: healthy, unhealthy_count: servers.length - healthy, checked_at: toIso(orchestrator.clock.nowMs()) };
    },
    get_event_history: (given) => {
      const kind = CHILD_EVENT_KINDS.find((known) => known === given['event_type']);
      const serverId = typeof given['server_id'] === 'string' ? given['server_id'] : undefined;
      const found = events.find({ limit: Number(given['limit']), principal, kind, serverId });
      return { events: found.map((event) => ({ event_id: event.id, event_type: event.kind, server_id: event.serverId, template: event.source, timestamp: toIso(event.atMs), details: { ...event.detail } })), count: found.length };
    },
  };
  return (Object.keys(TOOL_SHAPES) as OrchestratorToolName[]).map((name) => ({ name, ...TOOL_SHAPES[name], run: runs[name] }));
}

interface ToolCall {
  readonly given: JsonObject;
  readonly context: ToolCallContext;
}

async function create({ children }: ToolsDeps, principal: string, { given, context }: ToolCall): Promise<JsonObject> {
  const config = isObject(given['config']) ? given['config'] : {};
  context.reportProgress(1, 3, 'starting');
  const record = await children.create(principal, {
    name: String(given['name']),
    serverType: given['server_type'] === 'node' ? 'node' : 'python',
    template: typeof given['template'] === 'string' ? given['template'] : undefined,
    scriptPath: typeof given['script_path'] === 'string' ? given['script_path'] : undefined,
    timeoutMs: typeof config['timeout'] === 'number' ? config['timeout'] * 1000 : undefined,
    memoryMegabytes: typeof config['max_memory_mb'] === 'number' ? config['max_memory_mb'] : undefined,
  });
  context.reportProgress(2, 3, 'running');
  const listed = await record.child?.ask('tools/list', {});
  const tools: readonly JsonValue[] = Array.isArray(listed?.['tools']) ? listed['tools'] : [];
  context.reportProgress(3, 3, 'ready');
  return { server_id: record.id, status: 'running', name: record.name, template: record.template?.name ?? null, tools: tools.flatMap((tool) => (isObject(tool) ? [String(tool['name'])] : [])) };
}

async function execute({ children }: ToolsDeps, principal: string, { given, context }: ToolCall): Promise<ToolContent> {
  const result = await children.execute(principal, String(given['server_id']), {
    tool: String(given['tool_name']),
    args: isObject(given['arguments']) ? given['arguments'] : {},
    signal: context.signal,
    onProgress: ({ progress, total, message }) => context.reportProgress(Number(progress), Number(total ?? 0), String(message ?? '')),
  });
  const isError = result['isError'] === true;
  const answer = toResult({ result: valueOf(result), status: isError ? 'error' : 'success' });
  return new ToolContent(isError ? { ...answer, isError } : answer);
}

async function orchestrate({ clock, children, templates, newId }: ToolsDeps, principal: string, { given, context }: ToolCall): Promise<JsonObject> {
  const wanted: readonly JsonValue[] = Array.isArray(given['required_capabilities']) ? given['required_capabilities'] : [];
  const { needed, missing } = templatesFor(wanted.map(String), templates());
  const servers: JsonObject[] = [];
  const offered: OfferedServer[] = [];
  for (const { template, capabilities } of needed) {
    context.signal.throwIfAborted();
    const { record } = await children.pooled(principal, template.name);
    const listed: readonly JsonValue[] = ((await record.child?.ask('tools/list', {}))?.['tools'] as readonly JsonValue[] | undefined) ?? [];
    offered.push({ id: record.id, template, tools: listed.filter(isObject) });
    servers.push({ server_id: record.id, template: template.name, capabilities: [...capabilities], tools: listed.flatMap((tool) => (isObject(tool) ? [String(tool['name'])] : [])) });
    context.reportProgress(servers.length, needed.length, `${template.name} runs`);
  }
  const plan = planFor(String(given['task_description']), offered);
  const answer: JsonObject = { task_id: newId(), servers, server_ids: offered.map(({ id }) => id), missing_capabilities: [...missing], plan };
  if (!isObject(given['inputs'])) return { ...answer, status: missing.length > 0 ? 'incomplete' : 'ready' };
  const { status, reason, results } = await runPlan(plan, given['inputs'], { clock, principal, signal: context.signal, call: ({ serverId, tool, args }) => children.execute(principal, serverId, { tool, args, signal: context.signal, onProgress: () => undefined }) });
  return { ...answer, status, reason, results };
}

function toListed(record: ServerRecord): JsonObject {
  return { server_id: record.id, name: record.name, status: record.status, server_type: record.serverType, template: record.template?.name ?? null, pooled: record.isPooled, created_at: toIso(record.createdAtMs) };
}

async function healthOf({ clock }: ToolsDeps, record: ServerRecord): Promise<JsonObject> {
  const { child } = record;
  const isRunning = record.status === 'running' && child !== undefined;
  const answers = isRunning && (await child.ask('tools/list', {}, { timeoutMs: HEALTH_MS }).then(
    () => true,
    () => false,
  ));
  return {
    server_id: record.id,
    name: record.name,
    status: answers ? 'healthy' : 'unhealthy',
    reason: answers ? '' : isRunning ? 'it does not answer' : record.reason === '' ? record.status : record.reason,
    uptime_seconds: isRunning ? seconds(clock.nowMs() - record.createdAtMs) : 0,
    ...toUsed(child?.use ?? record.lastUse),
    limits: { timeout_seconds: record.timeoutMs / 1000, max_memory_mb: record.memoryMegabytes },
    created_at: toIso(record.createdAtMs),
    checked_at: toIso(clock.nowMs()),
  };
}

function toUsed(use: ChildUse | undefined): JsonObject {
  const { memoryBytes, cpuMs, processes, idleMs, callCount, errorCount } = use ?? NOTHING;
  return { idle_seconds: seconds(idleMs), memory_mb: Math.round((memoryBytes / MEGABYTE) * 10) / 10, cpu_seconds: seconds(cpuMs), processes, call_count: callCount, error_count: errorCount };
}

const NOTHING: ChildUse = { memoryBytes: 0, cpuMs: 0, processes: 0, uptimeMs: 0, idleMs: 0, callCount: 0, errorCount: 0 };

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
