/** `metamcp doctor call TOOL`: the same call at the endpoint and straight at the server, and the hop at which it fails. */
import type { DirectCall } from '../admin-client.ts';
import { parseCallArguments } from '../call-arguments.ts';
import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { type McpClient, type Result, withMcpClient } from '../mcp-client.ts';
import { plain, printJson, printLines } from '../print.ts';
import { withProgress } from '../progress.ts';
import { isRecord } from '../stdio/message.ts';
import { unknownTool } from './tools.ts';

export interface Hop {
  readonly at: 'endpoint' | 'server';
  readonly isOk: boolean;
  /** What was said where it failed. */
  readonly said: string | undefined;
  readonly durationMs: number;
  /** Where the fault itself says it arose: client, auth, policy, routing, server, tool, gateway. */
  readonly failedAt: string | undefined;
}

export async function doctorCall(invocation: Invocation): Promise<number> {
  const { words, has, host } = invocation;
  const name = getWord(invocation, 1, { name: 'doctor call', usage: 'TOOL [ARGUMENTS]' });
  const admin = await openAdminClient(invocation);
  const { items } = await admin.listServers();
  const { endpoint, given } = await withProgress(host, `Calling ${name} at the endpoint`, () =>
    withMcpClient(invocation, (client) => callAtEndpoint(client, { name, words: words.slice(2), invocation })),
  );
  const target = splitName(
    name,
    items.map((server) => server.name),
  );
  const server =
    target &&
    (await withProgress(host, `Calling ${target.tool} at ${target.server}`, async () =>
      toHop(await admin.callServer(target.server, { tool: target.tool, arguments: given })),
    ));
  const verdict = judge(endpoint, server, target?.server);
  if (has('json')) printJson(host, { ok: endpoint.isOk, tool: name, endpoint, server: server ?? null, verdict });
  else printLines(host, [...[endpoint, ...(server ? [server] : [])].map(describeHop), '', verdict]);
  return endpoint.isOk ? 0 : 1;
}

async function callAtEndpoint(
  client: McpClient,
  wish: { readonly name: string; readonly words: readonly string[]; readonly invocation: Invocation },
): Promise<{ endpoint: Hop; given: Result }> {
  const { name, words, invocation } = wish;
  const tools = await client.list('tools/list', 'tools');
  const tool = tools.find((candidate) => candidate['name'] === name);
  if (tool === undefined)
    throw unknownTool(
      name,
      tools.map((candidate) => String(candidate['name'])),
    );
  const given = await parseCallArguments(words, tool['inputSchema'], invocation.host);
  const { clock } = invocation.host;
  const startMs = clock.monotonicMs();
  try {
    const result = await client.request('tools/call', { name, arguments: given });
    return { given, endpoint: { at: 'endpoint', ...judgeResult(result), durationMs: clock.monotonicMs() - startMs } };
  } catch (error) {
    const data = isRecord(error) && isRecord(error['data']) ? error['data'] : {};
    return {
      given,
      endpoint: { at: 'endpoint', isOk: false, said: (error as Error).message, failedAt: hopOf(data), durationMs: clock.monotonicMs() - startMs },
    };
  }
}

function hopOf(data: Result): string | undefined {
  return typeof data['failedAt'] === 'string' ? data['failedAt'] : undefined;
}

function judgeResult(result: Result): Pick<Hop, 'isOk' | 'said' | 'failedAt'> {
  if (result['isError'] !== true) return { isOk: true, said: undefined, failedAt: undefined };
  return { isOk: false, said: JSON.stringify(result['content']), failedAt: 'tool' };
}

export function toHop(direct: DirectCall): Hop {
  if (direct.error !== undefined && direct.error !== null) {
    const error = isRecord(direct.error) ? direct.error : { message: direct.error };
    return { at: 'server', isOk: false, said: String(error['message'] ?? JSON.stringify(error)), failedAt: 'server', durationMs: direct.durationMs };
  }
  return { at: 'server', ...judgeResult(isRecord(direct.result) ? direct.result : {}), durationMs: direct.durationMs };
}

/** The server and own name behind an exposed one, split at the first `__`; undefined where a namespace renamed it. */
export function splitName(name: string, servers: readonly string[]): { readonly server: string; readonly tool: string } | undefined {
  const at = name.indexOf('__');
  const server = name.slice(0, Math.max(at, 0));
  return servers.includes(server) ? { server, tool: name.slice(at + 2) } : undefined;
}

/** One sentence: at which hop the call fails, or what the gateway adds in time. `name` is the server's. */
export function judge(endpoint: Hop, server: Hop | undefined, name = 'the server'): string {
  if (server === undefined) {
    const result = endpoint.isOk ? 'It works' : 'It fails';
    return `${result} at the endpoint${at(endpoint)}; the name says no server (renamed, or another separator), so it was not called straight.`;
  }
  if (endpoint.isOk && server.isOk) return `It works at both hops; the gateway adds ${Math.max(0, endpoint.durationMs - server.durationMs).toFixed(1)} ms.`;
  if (endpoint.isOk)
    return `It works at the endpoint but not straight at ${name}: middleware answers or changes the call, or the server is unsteady. Try again.`;
  if (server.isOk)
    return `It fails in the gateway${at(endpoint)}: ${name} itself answers. Check the namespace's policies, overrides and middleware, and the key.`;
  if (server.failedAt === 'tool') return `It fails in the tool itself: ${name} runs it and reports an error. Check the arguments and what the tool needs.`;
  return `It fails at the server: ${name} does not answer straight, either. See: metamcp servers ${name}`;
}

function at(hop: Hop): string {
  return hop.failedAt === undefined ? '' : ` (${hop.failedAt})`;
}

function describeHop(hop: Hop): string {
  const said = hop.said === undefined ? '' : `: ${plain(hop.said)}`;
  return `${hop.at.padEnd(8)} ${hop.isOk ? 'ok' : 'failed'} in ${hop.durationMs.toFixed(1)} ms${said}`;
}
