/** Names and schemas of the eleven tools, as users of the Meta-MCP-Server know them. */
import type { JsonObject } from '../protocol/messages.ts';
import { objectSchema, READ_ONLY } from '../serving/tool.ts';
import { CHILD_EVENT_KINDS } from '../model/child-event.ts';

export interface ToolShape {
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject;
  readonly annotations: JsonObject;
}

const STARTS = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false } as const;
const ENDS = { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false } as const;
const text = { type: 'string' } as const;
const integer = { type: 'integer' } as const;
const serverId = { type: 'string', minLength: 1, maxLength: 100, description: 'As create_server told it' } as const;
const capability = { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_ -]{0,63}$' } as const;
const limits = objectSchema({ timeout_seconds: { type: 'number' }, max_memory_mb: integer });
const server = { type: 'object', properties: { server_id: text, name: text, status: text, server_type: text, template: { type: ['string', 'null'] }, created_at: text }, required: ['server_id', 'name', 'status'] } as const;
const health = {
  type: 'object',
  properties: { server_id: text, name: text, status: { enum: ['healthy', 'unhealthy'] }, reason: text, uptime_seconds: { type: 'number' }, idle_seconds: { type: 'number' }, memory_mb: { type: 'number' }, cpu_seconds: { type: 'number' }, processes: integer, call_count: integer, error_count: integer, limits, created_at: text, checked_at: text },
  required: ['server_id', 'name', 'status', 'uptime_seconds', 'idle_seconds', 'limits', 'created_at', 'checked_at'],
} as const;

export const TOOL_SHAPES = {
  create_server: {
    title: 'Create a server',
    description: 'Starts a new MCP server from a template, or from a script in a folder that was approved. Answers its server_id.',
    inputSchema: objectSchema(
      {
        name: { type: 'string', minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9][A-Za-z0-9 ._-]*$' },
        server_type: { enum: ['python', 'node'], default: 'python', description: 'What a script is written in; templates run wherever they can' },
        template: { type: 'string', maxLength: 64, description: 'Name of a template, e.g. basic_calculator' },
        script_path: { type: 'string', maxLength: 4_096, description: 'Absolute path of a script, instead of a template' },
        config: { type: 'object', properties: { timeout: { type: 'number', exclusiveMinimum: 0, maximum: 3_600, description: 'Seconds for one call' }, max_memory_mb: { type: 'integer', minimum: 64, maximum: 65_536 } }, additionalProperties: false, default: {} },
      },
      ['name'],
    ),
    outputSchema: objectSchema({ server_id: text, status: text, name: text, template: { type: ['string', 'null'] }, tools: { type: 'array', items: text } }, ['server_id', 'status']),
    annotations: STARTS,
  },
  execute_on_server: {
    title: 'Call a tool of a server',
    description: 'Calls a tool of a server that create_server made. Progress of the tool is passed on.',
    inputSchema: objectSchema({ server_id: serverId, tool_name: { type: 'string', minLength: 1, maxLength: 200 }, arguments: { type: 'object', default: {} } }, ['server_id', 'tool_name']),
    outputSchema: objectSchema({ result: {}, status: { enum: ['success', 'error'] } }),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  },
  orchestrate_task: {
    title: 'Set up servers for a task',
    description: 'Starts what the required capabilities need, and proposes a plan of tool calls for the task. With inputs for its steps the plan is run at once, in order; an input may take from a step before: {"$from": "$.steps.step_1.result"}.',
    inputSchema: objectSchema(
      { task_description: { type: 'string', minLength: 1, maxLength: 10_000 }, required_capabilities: { type: 'array', items: capability, maxItems: 20, description: 'e.g. web_scraping, data_analysis, api_client' }, inputs: { type: 'object', description: 'Arguments for steps of the plan, by the id of the step' } },
      ['task_description', 'required_capabilities'],
    ),
    outputSchema: objectSchema({ task_id: text, status: text, servers: { type: 'array', items: { type: 'object' } }, server_ids: { type: 'array', items: text }, missing_capabilities: { type: 'array', items: text }, plan: { type: 'object' }, results: { type: 'object' }, reason: text }, ['task_id', 'status', 'servers', 'server_ids', 'missing_capabilities', 'plan']),
    annotations: STARTS,
  },
  list_servers: { title: 'List servers', description: 'Your servers that run now.', inputSchema: objectSchema({}), outputSchema: objectSchema({ servers: { type: 'array', items: server }, count: integer }), annotations: READ_ONLY },
  get_server_capabilities: {
    title: 'What a server can do',
    description: 'The tools of a server with their schemas, and its resources and prompts where it has some.',
    inputSchema: objectSchema({ server_id: serverId }),
    outputSchema: objectSchema({ server_id: text, tools: { type: 'array', items: { type: 'object' } }, resources: { type: 'array', items: { type: 'object' } }, prompts: { type: 'array', items: { type: 'object' } } }),
    annotations: READ_ONLY,
  },
  stop_server: { title: 'Stop a server', description: 'Ends a server and everything it started.', inputSchema: objectSchema({ server_id: serverId }), outputSchema: objectSchema({ server_id: text, status: text }), annotations: ENDS },
  stop_all_servers: { title: 'Stop all servers', description: 'Ends all of your servers.', inputSchema: objectSchema({}), outputSchema: objectSchema({ status: text, stopped_count: integer }), annotations: ENDS },
  get_or_create_pooled_server: {
    title: 'Get a server from the pool',
    description: 'A server of a template that is there already, or a new one where there is none. Quick.',
    inputSchema: objectSchema({ template: { type: 'string', minLength: 1, maxLength: 64 }, use_pooling: { type: 'boolean', default: true } }, ['template']),
    outputSchema: objectSchema({ server_id: text, status: text, reused: { type: 'boolean' }, template: text }),
    annotations: STARTS,
  },
  health_check: { title: 'Check a server', description: 'How a server is: whether it answers, how long it runs, what it uses.', inputSchema: objectSchema({ server_id: serverId }), outputSchema: health, annotations: READ_ONLY },
  health_check_all: {
    title: 'Check all servers',
    description: 'How all of your servers are.',
    inputSchema: objectSchema({}),
    outputSchema: objectSchema({ servers: { type: 'array', items: health }, total: integer, healthy_count: integer, unhealthy_count: integer, checked_at: text }),
    annotations: READ_ONLY,
  },
  get_event_history: {
    title: 'Events',
    description: 'What happened to your servers, newest first.',
    inputSchema: objectSchema({ limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 }, event_type: { enum: [...CHILD_EVENT_KINDS] }, server_id: serverId }, []),
    outputSchema: objectSchema({ events: { type: 'array', items: { type: 'object' } }, count: integer }),
    annotations: READ_ONLY,
  },
} as const satisfies Record<string, ToolShape>;

export type OrchestratorToolName = keyof typeof TOOL_SHAPES;
