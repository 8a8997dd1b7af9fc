/**
 * Screening of definitions: hidden text is always found, and words that speak to the model instead of describing are
 * scored. A score is a reason to look, not a proof.
 */
import { findHiddenText, type HiddenKind } from '../../base/hidden-text.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { fold } from './fold.ts';
import { LEXICAL_RULES } from './lexical-rules.ts';
import { textsOf } from './texts.ts';

/** From here on a definition is flagged. */
export const SCORE_FLAGGED = 3;

/** Longer texts are looked at up to here, characters; the rest is itself a reason. */
const TEXT_CHARS_MAX = 200_000;

export interface Screening {
  readonly isFlagged: boolean;
  readonly score: number;
  readonly reasons: readonly string[];
  /** Always flags: nothing honest is hidden. */
  readonly hidden: readonly HiddenKind[];
}

/** `instructions` are the server's, which models read like definitions. */
export function screenDefinition(definition: JsonObject, instructions = ''): Screening {
  const texts = textsOf(definition);
  // Keys are the server's words as well: names of arguments, of definitions.
  const keys = new Set(texts.flatMap(({ at }) => at.split('/')));
  return screenText([...texts.map(({ text }) => text), instructions, ...keys].join('\n'));
}

export function screenText(text: string): Screening {
  const hidden = findHiddenText(text);
  const folded = fold(text.slice(0, TEXT_CHARS_MAX)).toLowerCase().replace(/\s+/g, ' ').replaceAll('’', "'");
  const found = LEXICAL_RULES.filter(({ pattern }) => pattern.test(folded));
  const reasons = [
    ...hidden.map((kind) => `hidden text: ${kind}`),
    ...found.map(({ reason }) => reason),
    ...(text.length > TEXT_CHARS_MAX ? ['is too long to be read'] : []),
  ];
  const score = found.reduce((sum, rule) => sum + rule.score, 0);
  return { isFlagged: hidden.length > 0 || score >= SCORE_FLAGGED || text.length > TEXT_CHARS_MAX, score, reasons, hidden };
}
