import type { Invocation } from '../command.ts';
import { type McpClient, type Result, withMcpClient } from '../mcp-client.ts';
import { printJson, printLines } from '../print.ts';
import { withProgress } from '../progress.ts';
import { Refusal } from '../refusal.ts';
import { isRecord } from '../stdio/message.ts';

/** `metamcp smoke`: `tools/list` and one echo; exit code 0 only when both worked and the words came back. */
export async function smoke(invocation: Invocation): Promise<number> {
  const { has, host } = invocation;
  const report = await withProgress(host, 'Smoke test', () => withMcpClient(invocation, (client) => run(client, () => host.clock.monotonicMs())));
  if (has('json')) printJson(host, { ok: true, ...report });
  else printLines(host, [`ok: ${report.tools} tools in ${report.listMs} ms, ${report.tool} in ${report.callMs} ms, MCP ${report.revision} at ${report.url}`]);
  return 0;
}

async function run(
  client: McpClient,
  nowMs: () => number,
): Promise<{ url: string; revision: string; tools: number; tool: string; listMs: number; callMs: number }> {
  const startMs = nowMs();
  const tools = await client.list('tools/list', 'tools');
  const listedMs = nowMs();
  const echo = tools.find((tool) => tool['name'] === 'echo') ?? tools.find((tool) => /(^|[_./-])echo$/.test(String(tool['name'])));
  if (echo === undefined) {
    throw new Refusal(
      `The endpoint lists ${tools.length} tools, but no echo to call.`,
      tools.length === 0 ? 'See why with: metamcp doctor' : 'Call one of them with: metamcp call TOOL (see metamcp tools)',
    );
  }
  const tool = String(echo['name']);
  const result = await client.request('tools/call', { name: tool, arguments: argumentsFor(echo) });
  if (result['isError'] === true || !JSON.stringify(result).includes('ping'))
    throw new Refusal(`${tool} did not say "ping" back: ${JSON.stringify(result['content'])}`, `See at which hop it fails with: metamcp doctor call ${tool}`);
  return {
    url: client.url,
    revision: client.revision,
    tools: tools.length,
    tool,
    listMs: Math.round(listedMs - startMs),
    callMs: Math.round(nowMs() - listedMs),
  };
}

/** `{"echo":"ping"}`, unless the tool knows no such argument: then its first one is the text. */
function argumentsFor(tool: Result): Readonly<Record<string, string>> {
  const schema = isRecord(tool['inputSchema']) ? tool['inputSchema'] : {};
  const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
  const properties = isRecord(schema['properties']) ? Object.keys(schema['properties']) : [];
  const [first = properties[0] ?? 'echo'] = required.map(String);
  return { [properties.includes('echo') ? 'echo' : first]: 'ping' };
}
