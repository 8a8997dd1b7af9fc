/**
 * A draw: a smaller catalogue out of a folder's tools, of whole servers, as operators have them, those with wanted tools
 * first; and the queries that it can answer.
 */
import { createHash } from 'node:crypto';
import type { QueryLine, ToolLine } from './search-data.ts';

export interface Draw {
  readonly tools: readonly ToolLine[];
  readonly queries: readonly QueryLine[];
}

/** The same text, the same number, evenly spread: what decides must not depend on the order of lines. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** At most so many tools; a server that no longer fits is left out and the next one tried. `number` tells draws apart. */
export function draw(all: Draw, toolsMax: number, number: number): Draw {
  const wanted = new Set(all.queries.flatMap(({ groups }) => groups.flat()));
  const servers = Map.groupBy(all.tools, ({ server }) => server);
  const isWanted = (name: string): boolean => servers.get(name)?.some(({ id }) => wanted.has(id)) === true;
  const order = (name: string): string => `${isWanted(name) ? 0 : 1}${hashOf(`${number} ${name}`)}`;
  const keys = new Map([...servers.keys()].map((name) => [name, order(name)]));
  const tools: ToolLine[] = [];
  for (const name of [...servers.keys()].toSorted((left, right) => (keys.get(left) ?? '').localeCompare(keys.get(right) ?? ''))) {
    const own = servers.get(name) ?? [];
    if (tools.length + own.length <= toolsMax) tools.push(...own);
  }
  return { tools, queries: answerable(all.queries, tools) };
}

/** Queries all of whose tools are there: where only the second best is left, missing it says little. */
export function answerable(queries: readonly QueryLine[], tools: readonly ToolLine[]): readonly QueryLine[] {
  const there = new Set(tools.map(({ id }) => id));
  return queries.filter(({ groups }) => groups.length > 0 && groups.flat().every((id) => there.has(id)));
}
