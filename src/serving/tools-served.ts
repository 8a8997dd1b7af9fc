/** A server of ours that offers tools and nothing else. Arguments are checked against each tool's schema. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonObject } from '../protocol/messages.ts';
import { INVALID_PARAMS, Refusal } from './refusal.ts';
import { argumentsOf, type Served, type ServedRequest } from './server-peer.ts';
import { type Tool, ToolContent, ToolRefusal, toResult } from './tool.ts';

export interface ToolsServer {
  readonly info: JsonObject;
  readonly instructions: string;
  /** Asked at each request: it may change where `listsAreFixed` is false. */
  readonly tools: () => readonly Tool[];
  readonly listsAreFixed: boolean;
  /** Looks whether the tools changed, before each list. Never rejects. */
  readonly refresh?: () => Promise<void>;
}

export function toolsServed(server: ToolsServer): Served {
  const checks = new WeakMap<Tool, ValidateFunction>();
  return {
    info: server.info,
    instructions: server.instructions,
    capabilities: { tools: server.listsAreFixed ? {} : { listChanged: true } },
    listsAreFixed: server.listsAreFixed,
    canWatch: () => false,
    answer: (request) => {
      if (request.method === 'tools/list') return listTools(server);
      return request.method === 'tools/call' ? callTool(request, server.tools(), checks) : undefined;
    },
  };
}

async function listTools({ refresh, tools }: ToolsServer): Promise<JsonObject> {
  await refresh?.();
  return { tools: tools().map(definitionOf) };
}

function definitionOf({ name, title, description, inputSchema, outputSchema, annotations }: Tool): JsonObject {
  return { name, title, description, inputSchema, ...(outputSchema === undefined ? {} : { outputSchema }), annotations };
}

async function callTool(request: ServedRequest, tools: readonly Tool[], checks: WeakMap<Tool, ValidateFunction>): Promise<JsonObject> {
  const name = request.params['name'];
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Refusal(INVALID_PARAMS, `Unknown tool: ${String(name)}`);
  try {
    const given = structuredClone(argumentsOf(request.params)) as JsonObject;
    checkArguments(tool, given, checks);
    const result = await tool.run(given, { signal: request.signal, reportProgress: request.reportProgress });
    return result instanceof ToolContent ? result.result : toResult(result);
  } catch (thrown) {
    if (!(thrown instanceof ToolRefusal)) throw thrown;
    // No structured content: a client that checks it against the output schema would find nothing but fault with it.
    const said = Object.keys(thrown.facts).length === 0 ? thrown.message : `${thrown.message}\n${JSON.stringify(thrown.facts)}`;
    return { content: [{ type: 'text', text: said }], isError: true };
  }
}

function checkArguments(tool: Tool, given: JsonObject, checks: WeakMap<Tool, ValidateFunction>): void {
  let check = checks.get(tool);
  if (check === undefined) checks.set(tool, (check = newAjv().compile(tool.inputSchema)));
  if (check(given)) return;
  const [first] = check.errors ?? [];
  const place = first?.instancePath.slice(1).replaceAll('/', '.') ?? '';
  const extra = first?.params['additionalProperty'];
  throw new ToolRefusal(`${place === '' ? 'The arguments' : place} ${first?.message ?? 'are not valid'}${typeof extra === 'string' ? `: ${extra}` : ''}`);
}

function newAjv(): Ajv2020 {
  return new Ajv2020({ strict: false, useDefaults: true, validateFormats: false });
}
