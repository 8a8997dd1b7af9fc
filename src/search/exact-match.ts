/** Tools that a query calls by name. They come first, before anything that only resembles the words of the query. */
import { mentionedNames, nameKey } from './name-key.ts';
import type { SearchView } from './search-view.ts';

/** How directly a tool was named; higher is more direct. */
const MATCH = { exposedName: 7, ownName: 6, qualifiedName: 5, similarName: 4, exposedMention: 3, qualifiedMention: 2, mention: 1 } as const;

/** By tool number: how directly the query names it. Visible tools only. */
export function exactMatches(view: SearchView, query: string): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  const whole = query.trim();
  for (const number of namedTools(view, whole)) found.set(number, levelOfWhole(view, number, whole));
  for (const mention of mentionedNames(whole)) {
    if (mention === whole) continue;
    for (const number of namedTools(view, mention)) {
      const level = levelOfMention(view, number, mention);
      if ((found.get(number) ?? 0) < level) found.set(number, level);
    }
  }
  return found;
}

/** The visible tool with exactly this exposed name. */
export function findVisible(view: SearchView, exposed: string): number | undefined {
  return namedTools(view, exposed).find((number) => view.index.tool(number)?.tool.exposed === exposed);
}

/** Visible tools that this name can mean: exposed, qualified or own, however it is written. */
export function namedTools(view: SearchView, text: string): readonly number[] {
  const key = nameKey(text);
  if (key === undefined) return [];
  const postings = view.index.postings(key);
  const numbers: number[] = [];
  for (let at = 0; at < postings.length; at += 2) {
    const number = postings[at] ?? 0;
    if (view.mask[number] === 1) numbers.push(number);
  }
  return numbers;
}

function levelOfWhole(view: SearchView, number: number, whole: string): number {
  const tool = view.index.tool(number)?.tool;
  if (tool?.exposed === whole) return MATCH.exposedName;
  if (tool?.own === whole) return MATCH.ownName;
  return isQualified(view, number, whole) ? MATCH.qualifiedName : MATCH.similarName;
}

function levelOfMention(view: SearchView, number: number, mention: string): number {
  if (view.index.tool(number)?.tool.exposed === mention) return MATCH.exposedMention;
  return isQualified(view, number, mention) ? MATCH.qualifiedMention : MATCH.mention;
}

/** Named together with its server or by a configured keyword, not by its own name alone. */
function isQualified(view: SearchView, number: number, text: string): boolean {
  const own = view.index.tool(number)?.tool.own;
  return own === undefined || nameKey(own) !== nameKey(text);
}
