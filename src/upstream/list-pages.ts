/** Reads one list of a server, page by page, and leaves out what no client could use. */
import type { Clock } from '../base/clock.ts';
import { sleep } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { toolProblem } from './tool-rules.ts';
import type { Ask } from './upstream.ts';

export interface ListSource {
  readonly method: 'tools/list' | 'prompts/list' | 'resources/list' | 'resources/templates/list';
  /** Member of the result that holds the list. */
  readonly member: 'tools' | 'prompts' | 'resources' | 'resourceTemplates';
  /** Member of an item that names it. */
  readonly key: 'name' | 'uri' | 'uriTemplate';
}

export interface PagesDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly ask: Ask;
}

export interface ReadList {
  readonly items: readonly JsonObject[];
  /** What was left out or cut, and why. */
  readonly warnings: readonly string[];
  /** The list is not whole: too long, or a cursor that leads in circles. */
  readonly isCut: boolean;
}

const PAGES_MAX = 100;
const ITEMS_MAX = 1_000;
const PAGE_TIMEOUT_MS = 15_000;
const RETRIES_MAX = 2;
const RETRY_MS = 200;
const WARNINGS_MAX = 50;

/** Rejects with the Fault of the last attempt. A cursor is opaque: the empty one leads to a page like any other. */
export async function readList(source: ListSource, deps: PagesDeps): Promise<ReadList> {
  const raw: JsonValue[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const result = await askAgain(source.method, cursor === undefined ? {} : { cursor }, deps);
    const items = result[source.member];
    if (!Array.isArray(items)) throw new Fault('upstream.protocol_error', { reason: 'bad_list', detail: `${source.method}: no array ${source.member}` });
    for (const item of items) raw.push(item);
    if (raw.length > ITEMS_MAX) return usable(source, raw.slice(0, ITEMS_MAX), `${source.method}: more than ${ITEMS_MAX}, the rest is left out`);
    const next = result['nextCursor'];
    if (typeof next !== 'string') return usable(source, raw);
    if (seen.has(next)) return usable(source, raw, `${source.method}: the cursor leads in circles`);
    seen.add(next);
    cursor = next;
  }
  return usable(source, raw, `${source.method}: more than ${PAGES_MAX} pages, the rest is left out`);
}

/** Lists change nothing at the server, so what may have got lost is asked again. An answer in error is an answer. */
async function askAgain(method: string, params: JsonObject, deps: PagesDeps): Promise<JsonObject> {
  for (let attempt = 0; ; attempt++) {
    try {
      return (await deps.ask(method, params as Readonly<Record<string, JsonValue>>, PAGE_TIMEOUT_MS)).value;
    } catch (thrown) {
      const fault = toFault(thrown);
      const mayDiffer = fault.code === 'upstream.closed' || fault.code === 'upstream.unavailable' || fault.code === 'limit.overloaded';
      if (attempt >= RETRIES_MAX || !mayDiffer) throw fault;
      await sleep(deps.clock, RETRY_MS * 2 ** attempt * (0.5 + deps.random()));
    }
  }
}

function usable(source: ListSource, raw: readonly JsonValue[], cut?: string): ReadList {
  const items: JsonObject[] = [];
  const taken = new Set<string>();
  const warnings: string[] = cut === undefined ? [] : [cut];
  let leftOut = 0;
  for (const item of raw) {
    const problem = source.member === 'tools' ? toolProblem(item, taken) : itemProblem(source, item, taken);
    if (problem !== undefined) {
      if (++leftOut <= WARNINGS_MAX) warnings.push(problem);
      continue;
    }
    if (!isObject(item)) continue;
    taken.add(String(item[source.key]));
    items.push(item);
  }
  if (leftOut > WARNINGS_MAX) warnings.push(`${source.method}: ${leftOut - WARNINGS_MAX} more left out`);
  return { items, warnings, isCut: cut !== undefined };
}

function itemProblem(source: ListSource, item: JsonValue, taken: ReadonlySet<string>): string | undefined {
  const key = isObject(item) ? item[source.key] : undefined;
  if (typeof key !== 'string' || key === '' || key.length > 4_096) return `${source.method}: an item without ${source.key}`;
  return taken.has(key) ? `${source.method}: ${key.slice(0, 200)} is there twice` : undefined;
}
