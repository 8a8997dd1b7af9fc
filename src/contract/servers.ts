/** Servers as the admin API shows and operates them. */
import { z } from 'zod';
import { ISOLATIONS, SERVER_TYPES } from '../model/server.ts';
import { nextCursor, ObjectParams, objectOperations, ObjectShape, PageQueryShape } from './objects.ts';
import type { Operation } from './operation.ts';

const InstantSchema = z.iso.datetime();

export const ServerStateSchema = z
  .object({
    name: z.string(),
    type: z.enum(SERVER_TYPES),
    status: z.enum(['connecting', 'ready', 'degraded', 'failed', 'stopped']),
    since: InstantSchema.meta({ description: 'When the status last changed' }),
    pid: z.int().nullable().meta({ description: 'Of a stdio server that runs' }),
    family: z.enum(['legacy', 'modern']).nullable().meta({ description: 'Null before the first handshake' }),
    revision: z.string().nullable().meta({ description: 'The MCP revision spoken to it' }),
    isolation: z.object({
      effective: z.enum(ISOLATIONS).exclude(['auto']),
      reason: z.string(),
    }),
    connections: z.int(),
    restarts: z.int(),
    lastError: z.string().nullable(),
    stderrTail: z.string(),
    warnings: z.array(z.string()),
    tools: z.int().nullable().meta({ description: 'How many it offers; null where that is not known' }),
    prompts: z.int().nullable(),
    resources: z.int().nullable(),
    handshakeMs: z.number().nullable(),
  })
  .meta({ id: 'ServerState', description: 'One MCP server as the gateway sees it now' });
export type ServerState = z.infer<typeof ServerStateSchema>;

export const ServerSchema = z
  .object({
    ...ServerStateSchema.shape,
    ...ObjectShape,
    description: z.string(),
    tags: z.array(z.string()),
    capabilities: z.array(z.string()).meta({ description: 'What it is for, in words of who configured it' }),
    costNote: z.string().meta({ description: 'What calls cost, for people' }),
    usedBy: z.array(z.string()).meta({ description: 'Namespaces that offer it' }),
    policies: z.array(z.string()).meta({ description: 'Policies of those namespaces' }),
    proxy: z.string().nullable().meta({ description: 'Host and port of the HTTP proxy that it is reached through' }),
  })
  .meta({ id: 'Server', description: 'A configured MCP server and its state now' });
export type Server = z.infer<typeof ServerSchema>;

const ServerParams = ObjectParams;

export const ListServers = {
  id: 'listServers',
  method: 'GET',
  path: '/api/v1/servers',
  summary: 'Servers and their state',
  access: 'server:read',
  query: z.strictObject({
    ...PageQueryShape,
    tag: z.string().max(200).optional(),
    capability: z.string().max(200).optional(),
    costNote: z.string().max(1_000).optional().meta({ description: 'Part of the cost note, in any case' }),
    policy: z.string().max(200).optional().meta({ description: 'Only those offered under this policy' }),
    proxy: z.string().max(500).optional().meta({ description: 'Host and port of the proxy, or none' }),
    type: z.enum(SERVER_TYPES).optional(),
    status: ServerStateSchema.shape.status.optional(),
  }),
  answer: z.object({ items: z.array(ServerSchema), nextCursor }),
  status: 200,
} as const satisfies Operation;

export const ServerOperations = objectOperations({ path: 'servers', id: 'Server', words: 'a server', read: 'server:read', write: 'server:write' }, ServerSchema);

export const RestartServer = {
  id: 'restartServer',
  method: 'POST',
  path: '/api/v1/servers/{name}/restart',
  summary: 'Ends the connections of a server and opens new ones',
  access: 'server:operate',
  params: ServerParams,
  answer: ServerStateSchema,
  status: 200,
} as const satisfies Operation;

export const ResyncServer = {
  id: 'resyncServer',
  method: 'POST',
  path: '/api/v1/servers/{name}/resync',
  summary: 'Asks a server for its lists again',
  access: 'server:operate',
  params: ServerParams,
  answer: ServerStateSchema,
  status: 200,
} as const satisfies Operation;

export const DrillReportSchema = z.object({
  server: z.string(),
  outSeconds: z.number(),
  /** Null: it was not up again half a minute after its time. */
  recoveredAfterMs: z.number().nullable().meta({ description: 'From the end of the drill until the server was up; null: not within 30 s' }),
  calls: z.int().meta({ description: 'Requests for the server that ended meanwhile' }),
  outcomes: z.array(z.object({ outcome: z.string(), calls: z.int(), slowestMs: z.number() })).meta({ description: 'What clients got: ok, tool_error, or the code of a fault' }),
  clients: z.array(z.object({ principal: z.string(), endpoint: z.string(), calls: z.int(), failed: z.int() })),
  others: z.object({ calls: z.int(), failed: z.int(), slowestMs: z.number() }).meta({ description: 'Requests for all other servers' }),
});
export type DrillReport = z.infer<typeof DrillReportSchema>;

export const DrillServer = {
  id: 'drillServer',
  method: 'POST',
  path: '/api/v1/servers/{name}/drill',
  summary: 'Takes a server out for a while, lets it come back, and answers with what clients saw',
  access: 'server:operate',
  params: ServerParams,
  body: z.strictObject({ seconds: z.number().min(1).max(300).default(10) }),
  answer: DrillReportSchema,
  status: 200,
} as const satisfies Operation;

export const CallErrorSchema = z
  .object({
    code: z.int().meta({ description: 'JSON-RPC error code' }),
    message: z.string(),
    failedAt: z.enum(['client', 'auth', 'policy', 'routing', 'server', 'tool', 'gateway']),
  })
  .meta({ id: 'CallError' });

export const CallServer = {
  id: 'callServer',
  method: 'POST',
  path: '/api/v1/servers/{name}/call',
  summary: 'Calls a tool straight at a server, past every namespace',
  access: 'server:call',
  params: ServerParams,
  body: z.strictObject({
    tool: z.string().min(1).max(1_000).meta({ description: 'The own name of the tool' }),
    arguments: z.record(z.string(), z.unknown()).default({}),
  }),
  answer: z.object({
    result: z.record(z.string(), z.unknown()).optional().meta({ description: 'The result of tools/call; either this or error' }),
    error: CallErrorSchema.optional(),
    durationMs: z.number(),
  }),
  status: 200,
} as const satisfies Operation;
