/**
 * Names as index terms: `create_issue`, `createIssue` and `Create issue` are one name. The key begins with a character
 * that no word has, so names and words share one index and never meet.
 */
import type { SearchableTool } from './searchable-tool.ts';

const MARK = '\u0000';
const NOT_NAME = /[^\p{L}\p{N}]+/gu;
/** A word that is written like an identifier: with `_`, `.`, `/`, `:` or `-` inside, or in camelCase. */
const IDENTIFIER = /^[\p{L}\p{N}]+(?:[_./:-]+[\p{L}\p{N}]+)+$|^\p{Ll}+\p{Lu}[\p{L}\p{N}]*$/u;
const AROUND = /^[^\p{L}\p{N}]+|(?:\(\))?[^\p{L}\p{N}]+$/gu;
/** The specification allows 128 characters (server/tools, "Tool Names"), and a server's name may stand before it. */
const NAME_CHARS_MAX = 256;
const WORDS_MAX = 200;

/** Undefined where nothing is left to compare. */
export function nameKey(text: string): string | undefined {
  if (text.length > NAME_CHARS_MAX) return undefined;
  const squeezed = text.normalize('NFKC').toLowerCase().replace(NOT_NAME, '');
  return squeezed === '' ? undefined : MARK + squeezed;
}

/** Keys under which one tool is found: own name, name of the server and own name, exposed name, configured keywords. */
export function nameKeysOf(server: string, tool: SearchableTool): ReadonlySet<string> {
  const keys = [tool.own, server + tool.own, tool.exposed, ...tool.keywords].map(nameKey);
  return new Set(keys.filter((key) => key !== undefined));
}

/** Identifiers that a query mentions among other words. */
export function mentionedNames(query: string): readonly string[] {
  const words = query.split(/\s+/u, WORDS_MAX).map((word) => word.replace(AROUND, ''));
  return words.filter((word) => word.length <= NAME_CHARS_MAX && IDENTIFIER.test(word));
}
