/** What changed between two definitions, word by word, for the person who approves: nothing invisible stays invisible. */
import { showHiddenText } from '../../base/hidden-text.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { textsOf } from './texts.ts';

export interface DiffPart {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

export interface MemberDiff {
  /** JSON pointer, its own invisible characters shown too. */
  readonly at: string;
  readonly parts: readonly DiffPart[];
}

/** Above so many words on either side the whole text counts as replaced: the comparison is quadratic. */
const WORDS_MAX = 1_500;

/** Members that differ, in the order of the new definition, then those that are gone. */
export function diffDefinitions(before: JsonObject, after: JsonObject): readonly MemberDiff[] {
  const old = new Map(textsOf(before).map(({ at, text }) => [at, text]));
  const now = new Map(textsOf(after).map(({ at, text }) => [at, text]));
  return [...new Set([...now.keys(), ...old.keys()])]
    .filter((at) => old.get(at) !== now.get(at))
    .map((at) => ({ at: showHiddenText(at), parts: diffWords(old.get(at), now.get(at)) }));
}

/** Undefined is the text of a member that is not there. */
export function diffWords(before: string | undefined, after: string | undefined): readonly DiffPart[] {
  const a = wordsOf(before);
  const b = wordsOf(after);
  if (a.length > WORDS_MAX || b.length > WORDS_MAX) return joined([...a.map((text) => part('removed', text)), ...b.map((text) => part('added', text))]);
  const lengths = commonLengths(a, b);
  const parts: DiffPart[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      parts.push(part('same', left));
      i++;
      j++;
    } else if (left !== undefined && (right === undefined || at(lengths, i + 1, j) >= at(lengths, i, j + 1))) {
      parts.push(part('removed', left));
      i++;
    } else {
      parts.push(part('added', right ?? ''));
      j++;
    }
  }
  return joined(parts);
}

function wordsOf(text: string | undefined): readonly string[] {
  return text === undefined ? [] : (showHiddenText(text).match(/\s+|[^\s]+/g) ?? []);
}

/** Length of the longest common run of words of what is left from each pair of places. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly Uint16Array[] {
  const rows = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = rows[i];
      if (row !== undefined) row[j] = a[i] === b[j] ? at(rows, i + 1, j + 1) + 1 : Math.max(at(rows, i + 1, j), at(rows, i, j + 1));
    }
  }
  return rows;
}

function at(rows: readonly Uint16Array[], i: number, j: number): number {
  return rows[i]?.[j] ?? 0;
}

function part(kind: DiffPart['kind'], text: string): DiffPart {
  return { kind, text };
}

function joined(parts: readonly DiffPart[]): readonly DiffPart[] {
  const result: DiffPart[] = [];
  for (const { kind, text } of parts) {
    const last = result.at(-1);
    if (last?.kind === kind) result[result.length - 1] = part(kind, last.text + text);
    else result.push(part(kind, text));
  }
  return result;
}
