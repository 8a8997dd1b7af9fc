/** Which templates a task needs, and which calls it may be done by: found by the same index that clients search tools with. It proposes and never decides. */
import type { Template } from '../model/template.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { SEPARATOR } from '../protocol/names.ts';
import type { FoundTool } from '../search/found-tool.ts';
import { NOTHING_LEARNED } from '../search/learned-terms.ts';
import { search } from '../search/search.ts';
import { SearchIndex } from '../search/search-index.ts';
import { createView } from '../search/search-view.ts';
import type { SearchableServer } from '../search/searchable-tool.ts';
import { tokenize } from '../search/tokenize.ts';

/** The tool of ours that makes the calls of a plan. */
export const EXECUTE = 'execute_on_server';

export interface NeededTemplate {
  readonly template: Template;
  readonly capabilities: readonly string[];
}

export interface Needs {
  readonly needed: readonly NeededTemplate[];
  readonly missing: readonly string[];
}

/** One template for each capability, as few as will do. Names of templates count as capabilities. */
export function templatesFor(capabilities: readonly string[], templates: ReadonlyMap<string, Template>): Needs {
  const open = new Map(capabilities.map((given) => [normal(given), given]));
  const found = new Map<Template, string[]>();
  const offers = (template: Template): string[] => [...open.keys()].filter((wanted) => template.name === wanted || template.capabilities.includes(wanted));
  while (open.size > 0) {
    const best = [...templates.values()].map((template) => ({ template, matched: offers(template) })).toSorted((a, b) => b.matched.length - a.matched.length)[0];
    if (best === undefined || best.matched.length === 0) break;
    found.set(best.template, best.matched.map((wanted) => open.get(wanted) ?? wanted));
    for (const wanted of best.matched) open.delete(wanted);
  }
  return { needed: [...found].map(([template, matched]) => ({ template, capabilities: matched })), missing: [...open.values()] };
}

export interface OfferedServer {
  readonly id: string;
  readonly template: Pick<Template, 'name' | 'description'>;
  readonly tools: readonly JsonObject[];
}

/** Where a sentence goes on to the next thing that is to be done. */
const NEXT_PART = /[.;\n]+|,?\b(?:and then|then|afterwards|after that|finally)\b|,?\s+and\s+/i;
const PARTS_MAX = 20;
const CANDIDATES = 5;

/**
 * Steps in the shape of a workflow, in the order of the task: for each of its parts the tool that the tool index finds,
 * and for each server that none of them names the tool that is nearest to the task as a whole.
 */
export function planFor(task: string, offered: readonly OfferedServer[]): JsonObject {
  const servers = offered.map(({ id, template, tools }): SearchableServer => ({ name: id, description: `${template.name} ${template.description}`, tools: tools.map((definition) => ({ exposed: `${id}${SEPARATOR}${textOf(definition['name'])}`, own: textOf(definition['name']), definition, keywords: [] })) }));
  const view = createView(SearchIndex.of(servers), () => true);
  const parts = task.split(NEXT_PART).map((part) => part.trim()).filter((part) => part !== '').slice(0, PARTS_MAX);
  const chosen: FoundTool[] = [];
  const add = (found: FoundTool | undefined): void => {
    if (found !== undefined && chosen.at(-1)?.tool.exposed !== found.tool.exposed) chosen.push(found);
  };
  const nearest = (part: string, server?: string): FoundTool | undefined => search(view, { queries: [part], server, limit: CANDIDATES, learned: NOTHING_LEARNED })[0]?.found.toSorted((a, b) => namedIn(part, b) - namedIn(part, a))[0];
  for (const part of parts) add(nearest(part));
  for (const { name } of servers) if (!chosen.some(({ server }) => server.name === name)) add(nearest(task, name));
  const steps = chosen.map(({ server, tool }, at) => ({ id: stepId(at), ...(at === 0 ? {} : { needs: [stepId(at - 1)] }), tool: EXECUTE, arguments: { server_id: server.name, tool_name: tool.own, arguments: { $from: `$.inputs.${stepId(at)}` } } }));
  const inputs = Object.fromEntries(chosen.map(({ tool }, at) => [stepId(at), tool.definition['inputSchema'] ?? {}]));
  return { steps, inputs: { type: 'object', properties: inputs, required: Object.keys(inputs) } };
}

/** How many words of the tool's own name are said. Among what the index finds these decide: tools are called what they do. */
function namedIn(part: string, { tool }: FoundTool): number {
  const said = new Set(tokenize(part));
  return new Set(tokenize(tool.own).filter((word) => said.has(word))).size;
}

function stepId(at: number): string {
  return `step_${at + 1}`;
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function normal(capability: string): string {
  return capability.trim().toLowerCase().replace(/[\s-]+/g, '_');
}

/** The structured value of a tool's result: what is shown as `result`. */
export function valueOf(result: JsonObject): JsonValue {
  const { structuredContent, content } = result;
  if (isObject(structuredContent)) {
    const keys = Object.keys(structuredContent);
    return keys.length === 1 && keys[0] === 'result' ? (structuredContent['result'] ?? null) : structuredContent;
  }
  if (structuredContent !== undefined) return structuredContent;
  const blocks: readonly JsonValue[] = Array.isArray(content) ? content : [];
  const isText = blocks.length > 0 && blocks.every((block) => isObject(block) && block['type'] === 'text');
  return isText ? blocks.map((block) => (isObject(block) ? textOf(block['text']) : '')).join('\n') : blocks;
}
