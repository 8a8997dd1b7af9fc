/** Which templates a task needs, and which calls it may be done by: words against words, so it proposes and never decides. */
import type { Template } from '../model/template.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';

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

export interface OfferedTool {
  readonly serverId: string;
  readonly tool: JsonObject;
}

/** Steps in the shape of a workflow: for each server the tool whose words are nearest to the task's. */
export function planFor(task: string, offered: ReadonlyMap<string, readonly JsonObject[]>): JsonObject {
  const words = new Set(wordsOf(task));
  const chosen = [...offered].flatMap(([serverId, tools]): OfferedTool[] => {
    const [best] = tools.map((tool) => ({ tool, score: scoreOf(tool, words) })).toSorted((a, b) => b.score - a.score);
    return best === undefined ? [] : [{ serverId, tool: best.tool }];
  });
  const steps = chosen.map(({ serverId, tool }, at) => ({ id: `step_${at + 1}`, tool: 'execute_on_server', arguments: { server_id: serverId, tool_name: tool['name'], arguments: { $from: `$.inputs.step_${at + 1}` } } }));
  const inputs = Object.fromEntries(chosen.map(({ tool }, at) => [`step_${at + 1}`, tool['inputSchema']]));
  return { steps, inputs: { type: 'object', properties: inputs, required: Object.keys(inputs) } };
}

function scoreOf(tool: JsonObject, words: ReadonlySet<string>): number {
  const said = [...wordsOf(textOf(tool['name'])), ...wordsOf(textOf(tool['name'])), ...wordsOf(textOf(tool['description']))];
  return said.filter((word) => words.has(word)).length;
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 2)
    .map((word) => word.replace(/(?:ing|es|s)$/, ''));
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
