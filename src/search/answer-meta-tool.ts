/**
 * Calls of the meta-tools. Searching and describing are answered here; a call becomes the call of the real tool, which
 * the data plane then makes on its ordinary path, so that policy, limits, audit and approvals see the real name.
 *
 * Mistakes in arguments are results with `isError` and not protocol errors, so that the model reads them and tries
 * again (specification, server/tools, "Error Handling").
 */
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { checkArguments } from './argument-check.ts';
import { findVisible, namedTools } from './exact-match.ts';
import { type LearnedTerms, NOTHING_LEARNED } from './learned-terms.ts';
import { parseCallArguments, parseNames, parseSearchArguments } from './meta-arguments.ts';
import { type MetaToolName, visibleServers } from './meta-tools.ts';
import type { NearestTools } from './nearest-tools.ts';
import { search } from './search.ts';
import { type Detail, toSearchReply } from './search-reply.ts';
import type { SearchView } from './search-view.ts';
import type { SearchableTool } from './searchable-tool.ts';

export interface MetaToolContext {
  /** What the principal may see; nothing else can be found, described or called. */
  readonly view: SearchView;
  readonly learned: LearnedTerms;
  /** What embeddings find near to the queries, where there are any. */
  readonly nearest?: NearestTools | undefined;
  /** Whether the operator trusts what this tool says of itself when it says it only reads. */
  readonly isTrustedToRead: (tool: SearchableTool) => boolean;
  readonly needsSignIn: (server: string) => boolean;
  /** The client's revision knows `structuredContent` (since 2025-06-18). */
  readonly hasStructuredContent: boolean;
}

export type MetaToolAnswer =
  /** `found`: what a search showed, by query, for learning from the calls that follow. */
  | { readonly kind: 'result'; readonly result: JsonObject; readonly found?: ReadonlyMap<string, readonly string[]> }
  | { readonly kind: 'call'; readonly tool: SearchableTool; readonly arguments: JsonObject };

const SIMILAR_MAX = 3;
const SERVERS_SHOWN_MAX = 10;

export function answerMetaTool(name: MetaToolName, given: JsonObject, context: MetaToolContext): MetaToolAnswer {
  if (name === 'search_tools') return searchTools(given, context);
  if (name === 'describe_tools') return describeTools(given, context);
  return callTool(name, given, context);
}

function searchTools(given: JsonObject, context: MetaToolContext): MetaToolAnswer {
  const parsed = parseSearchArguments(given);
  if (!parsed.isValid) return mistake(parsed.problem);
  const { detail, server } = parsed.value;
  const servers = server === undefined ? [] : visibleServers(context.view);
  if (server !== undefined && !servers.some((each) => each.toLowerCase() === server.toLowerCase())) {
    const more = servers.length > SERVERS_SHOWN_MAX ? ', …' : '';
    return mistake(`server: unknown. Servers: ${servers.slice(0, SERVERS_SHOWN_MAX).join(', ')}${more}`);
  }
  const answers = search(context.view, { ...parsed.value, learned: context.learned, nearest: context.nearest });
  const reply = toSearchReply(answers, { detail: detail satisfies Detail, needsSignIn: context.needsSignIn, isTrustedToRead: context.isTrustedToRead });
  const found = new Map(answers.map((answer) => [answer.query, answer.found.map(({ tool }) => tool.exposed)]));
  return { ...result(reply.text, reply.structured, context), found };
}

function describeTools(given: JsonObject, context: MetaToolContext): MetaToolAnswer {
  const parsed = parseNames(given);
  if (!parsed.isValid) return mistake(parsed.problem);
  const tools: JsonObject[] = [];
  const unknown: string[] = [];
  for (const name of parsed.value) {
    const tool = findTool(context.view, name);
    if (tool === undefined) unknown.push(unknownTool(context.view, name));
    else if (!tools.includes(tool.definition)) tools.push(tool.definition);
  }
  const text = [...tools.map((definition) => JSON.stringify(definition)), ...unknown].join('\n');
  if (tools.length === 0) return mistake(text);
  return result(text, { tools, ...(unknown.length > 0 ? { unknown } : {}) }, context);
}

function callTool(name: 'call_read_tool' | 'call_tool', given: JsonObject, context: MetaToolContext): MetaToolAnswer {
  const parsed = parseCallArguments(given);
  if (!parsed.isValid) return mistake(parsed.problem);
  const tool = findTool(context.view, parsed.value.name);
  if (tool === undefined) return mistake(unknownTool(context.view, parsed.value.name));
  if (name === 'call_read_tool' && !isTrustedReader(tool, context)) return mistake(`${tool.exposed} is not a trusted read-only tool: use call_tool.`);
  const schema = tool.definition['inputSchema'];
  const problems = isObject(schema) ? checkArguments(schema, parsed.value.arguments) : [];
  if (problems.length > 0)
    return mistake(`Not called, the arguments are not valid.\n${problems.join('\n')}\nSchema of ${tool.exposed}: ${JSON.stringify(schema)}`);
  return { kind: 'call', tool, arguments: parsed.value.arguments };
}

function isTrustedReader(tool: SearchableTool, context: MetaToolContext): boolean {
  const annotations = tool.definition['annotations'];
  return isObject(annotations) && annotations['readOnlyHint'] === true && context.isTrustedToRead(tool);
}

/** By its exposed name, else the only one that the name can mean. */
function findTool(view: SearchView, name: string): SearchableTool | undefined {
  const exposed = findVisible(view, name);
  const [only, ...others] = exposed === undefined ? namedTools(view, name) : [exposed];
  return only === undefined || others.length > 0 ? undefined : view.index.tool(only)?.tool;
}

/** The same for a tool that does not exist and one that is hidden. */
function unknownTool(view: SearchView, name: string): string {
  const [answer] = search(view, { queries: [name], server: undefined, limit: SIMILAR_MAX, learned: NOTHING_LEARNED });
  const similar = answer?.found.map(({ tool }) => tool.exposed) ?? [];
  const said = JSON.stringify(name.slice(0, 200).toWellFormed());
  return `Unknown tool ${said}.${similar.length > 0 ? ` Did you mean ${similar.join(', ')}?` : ''}`;
}

function result(text: string, structured: JsonObject, context: MetaToolContext): MetaToolAnswer & { readonly kind: 'result' } {
  return { kind: 'result', result: { content: [{ type: 'text', text }], ...(context.hasStructuredContent ? { structuredContent: structured } : {}) } };
}

function mistake(text: string): MetaToolAnswer {
  return { kind: 'result', result: { content: [{ type: 'text', text }], isError: true } };
}
