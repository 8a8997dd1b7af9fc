/** The one answer for what is not there, is switched off, or is hidden by policy: nobody can tell which. */
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../protocol/messages.ts';

/** MCP answers unknown names with -32602 and names them (tools, "Error Handling"; resources since 2026-07-28). `params` are the client's. */
export function unknownTarget(method: string, params: JsonObject, detail?: string): Fault {
  const told = detail === undefined ? {} : { detail };
  if (method === 'tools/call') return new Fault('routing.unknown', { message: `Unknown tool: ${String(params['name']).slice(0, 200)}`, ...told });
  if (method === 'prompts/get') return new Fault('routing.unknown', { message: `Unknown prompt: ${String(params['name']).slice(0, 200)}`, ...told });
  if (method === 'completion/complete') return new Fault('routing.unknown', { message: 'Unknown reference', ...told });
  return new Fault('routing.unknown', { message: 'Resource not found', data: { uri: String(params['uri']).slice(0, 2_000) }, ...told });
}
