/** The orchestrator put together: children, events and the MCP server that each principal sees. */
import { createIdSequence, newId, randomFraction, type RandomBytes } from '../base/ids.ts';
import type { Clock } from '../base/clock.ts';
import type { ChildEvent } from '../model/child-event.ts';
import type { Template } from '../model/template.ts';
import type { JsonObject, JsonValue } from '../protocol/messages.ts';
import { ServerPeer } from '../serving/server-peer.ts';
import { toolsServed } from '../serving/tools-served.ts';
import type { OrphanWatcher } from '../upstream/stdio/orphan-watcher.ts';
import { ProcessSampler } from '../upstream/stdio/process-sampler.ts';
import { findSandbox } from '../upstream/stdio/sandbox.ts';
import { Children } from './children.ts';
import { CommandRules } from './command-rules.ts';
import { EventLog } from './event-log.ts';
import type { OrchestratorSettings } from './orchestrator-settings.ts';
import { orchestratorTools, type ToolsDeps } from './tools.ts';

export interface OrchestratorOptions {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly version: string;
  readonly settings: OrchestratorSettings;
  /** Asked at each use: templates may be imported meanwhile. */
  readonly templates: () => ReadonlyMap<string, Template>;
  readonly watcher: OrphanWatcher;
  /** Absolute path of the Node that runs templates. */
  readonly node: string;
  /** PATH of who started us, in which allowed commands are looked up once. */
  readonly path: string;
  readonly egressAllow: readonly string[];
  /** Where bubblewrap is; default: where this system has it. */
  readonly findSandbox?: () => string | undefined;
  /** For a start with handshake. */
  readonly startTimeoutMs?: number;
  /** Keeps events beyond the life of the process. */
  readonly keep?: (event: ChildEvent) => void;
  readonly onStderr?: (serverId: string, line: string) => void;
}

export interface Orchestrator extends ToolsDeps {
  readonly hasSandbox: boolean;
  /** The server as one principal sees it. */
  peerFor(principal: string, send: (message: JsonValue) => void): ServerPeer;
  /** Resolves when no process is left. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;
const CHILD_PATH = '/usr/local/bin:/usr/bin:/bin';
const INSTRUCTIONS = 'Makes MCP servers when they are needed: create_server starts one, execute_on_server calls its tools, stop_server ends it. orchestrate_task starts what a task needs.';

export function createOrchestrator(options: OrchestratorOptions): Orchestrator {
  const { clock, random, settings, templates } = options;
  const events = new EventLog({ clock, newId: createSortedIds(clock, random), keep: options.keep });
  const bwrap = settings.sandbox === 'off' ? undefined : (options.findSandbox ?? findSandbox)();
  const gatewayInfo: JsonObject = { name: 'metamcp-orchestrator', version: options.version };
  const children = new Children({
    clock,
    random: () => randomFraction(random),
    newId: () => newId('srv', clock, random),
    gatewayInfo,
    settings,
    templates,
    watcher: options.watcher,
    events,
    plans: {
      rules: new CommandRules(settings.allowedCommands, options.path),
      scriptRoots: settings.scriptRoots,
      egressAllow: options.egressAllow,
      node: options.node,
      path: CHILD_PATH,
      bwrap,
      sampler: new ProcessSampler(clock),
      startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
    },
    ...(options.onStderr === undefined ? {} : { onStderr: options.onStderr }),
  });
  const orchestrator: Orchestrator = {
    clock,
    children,
    events,
    templates,
    newId: createIdSequence('task', random),
    hasSandbox: bwrap !== undefined,
    peerFor: (principal, send) => {
      const tools = orchestratorTools(orchestrator, principal);
      return new ServerPeer(toolsServed({ info: { name: 'meta-mcp-server', title: 'Servers on demand', version: options.version }, instructions: INSTRUCTIONS, tools: () => tools, listsAreFixed: true }), send);
    },
    close: () => children.close(),
  };
  return orchestrator;
}

/** Ids that sort as their events happened, also within a millisecond. */
function createSortedIds(clock: Clock, random: RandomBytes): () => string {
  let count = 0;
  const origin = Buffer.from(random(4)).toString('hex');
  return () => `evt_${clock.nowMs().toString(16).padStart(12, '0')}${(count = (count + 1) % 0x1000000).toString(16).padStart(6, '0')}${origin}`;
}
