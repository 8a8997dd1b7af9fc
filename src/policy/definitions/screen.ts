/**
 * Screening of definitions: hidden text is always found, and words that speak to the model instead of describing are
 * scored. A score is a reason to look, not a proof.
 */
import { findHiddenText, type HiddenKind } from '../../base/hidden-text.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { fold } from './fold.ts';
import { textsOf } from './texts.ts';

/** From here on a definition is flagged. */
export const SCORE_FLAGGED = 3;

interface LexicalRule {
  readonly reason: string;
  readonly score: number;
  /** On folded, lower-case text with single blanks. Gaps are bounded, so matching is linear. */
  readonly pattern: RegExp;
}

const RULES: readonly LexicalRule[] = [
  {
    reason: 'tells to ignore instructions',
    score: 4,
    pattern:
      /\b(?:ignore|disregard|forget|override|bypass)\b.{0,30}\b(?:previous|prior|above|earlier|preceding|all other|system|your)\b.{0,20}\b(?:instruction|rule|prompt|guideline|message|direction|polic|restriction)/,
  },
  {
    reason: 'asks for the system prompt',
    score: 4,
    pattern:
      /\b(?:reveal|print|show|repeat|output|leak|disclose|send|return|include)\b.{0,30}\b(?:system|hidden|initial|developer) ?(?:prompt|message|instruction)/,
  },
  {
    reason: 'asks for secrecy',
    score: 4,
    pattern:
      /\b(?:do not|don't|dont|never|must not|no need to|avoid|without)\b.{0,20}\b(?:mention|tell|telling|inform|informing|notify|notifying|alert|disclos|reveal|show|let)\w{0,5}\b.{0,30}\b(?:the user|users?|human|anyone|anybody|operator|that you|this to)\b/,
  },
  {
    reason: 'calls itself secret',
    score: 3,
    pattern:
      /\b(?:secret|covert|hidden|silent) (?:operation|instruction|task|step|action)s?\b|\b(?:silently|secretly|covertly)\b.{0,40}\b(?:send|read|copy|forward|call|run|execute|add|include|upload)/,
  },
  {
    reason: 'carries a tag of instructions',
    score: 3,
    pattern: /<\s?(?:important|instructions?|secret|system|hidden|admin|critical|assistant|priority)\b[^<>]{0,40}>/,
  },
  { reason: 'opens with a shout for attention', score: 2, pattern: /(?:^|[\s"'.])[[(*]{1,3}\s?(?:important|critical|system|attention|urgent)\s?[\])*!]{1,3}/ },
  { reason: 'hides text in a comment', score: 2, pattern: /<!--.{8,}/ },
  {
    reason: 'names places of credentials',
    score: 2,
    pattern:
      /\.ssh\b|\bid_(?:rsa|ed25519|ecdsa)\b|\.aws\/credentials|\bmcp\.json\b|\/etc\/(?:passwd|shadow)|\.cursor\/|(?:^|[\s'"`/])\.env\b|\bprivate keys?\b.{0,20}\b(?:read|send|pass|include)|\.netrc\b|\.git-credentials|\bkeychain\b/,
  },
  {
    reason: 'wants content passed on in an argument',
    score: 3,
    pattern:
      /\b(?:pass|put|include|send|place|add|copy|attach)\b.{0,30}\b(?:contents?|conversation|history|output|keys?|messages?|credentials?)\b.{0,30}\b(?:as|in|into|to|via) (?:the |a |an )?['"`]?\w{2,30}['"`]?.{0,20}\b(?:otherwise|or else|parameter|argument|field|too|will not)/,
  },
  {
    reason: 'sends copies elsewhere',
    score: 3,
    pattern:
      /\b(?:always|must|also|automatically)\b.{0,40}\b(?:bcc|forward|send|copy|cc|upload|post|exfiltrate)\b.{0,50}(?:\bcopy\b|@|https?:|\battacker|\bemail\b|\bmessages to\b)/,
  },
  {
    reason: 'changes what other tools do',
    score: 3,
    pattern:
      /\b(?:modify|change|override|replace|alter|redirect|intercept|correct)\b.{0,30}\b(?:behaviou?rs?|results?|outputs?|responses?|calls?|recipients?)\b.{0,20}\b(?:of|from|to|for)\b.{0,30}\b(?:tools?|functions?)\b/,
  },
  {
    reason: 'wants to come before other tools',
    score: 2,
    pattern:
      /\b(?:before|prior to|instead of|whenever|every time|each time|after)\b.{0,20}\b(?:using|use|calling|call|invoking|running|run)\b.{0,25}\b(?:this|any|every|all|other|check)\b.{0,15}\b(?:tool|function)s?\b.{0,60}\b(?:read|call|run|pass|send|must|modify|execute|first)\b/,
  },
  {
    reason: 'threatens',
    score: 2,
    pattern:
      /\botherwise\b.{0,30}\b(?:not work|fail|crash|break)|\bwill (?:crash|be lost|be deleted|be terminated)\b|\bvery,? very important\b|\bfailure to (?:do so|comply)\b/,
  },
  {
    reason: 'insists on being used',
    score: 2,
    pattern:
      /\b(?:always|must)\b.{0,20}\b(?:consult|call|use|invoke|run)\b.{0,10}\bthis tool\b.{0,60}\b(?:immediately|first|before|required|critical|any)\b|\bthis tool is required\b|\bnot optional\b/,
  },
  {
    reason: 'adds something to every command',
    score: 2,
    pattern:
      /\b(?:all|every|any|each) (?:commands?|requests?|calls?|messages?|queries|query)\b.{0,20}\b(?:must|should|have to|need to)\b.{0,10}\b(?:include|begin|start|contain|end|add)\b|\binclude the prefix\b|\bwithout further explanation\b/,
  },
  { reason: 'leaves its directory', score: 2, pattern: /\b(?:attempt|try|use|always)\b.{0,30}(?:path traversal|\.\.\/)|\bmore sensitive\b/ },
  {
    reason: 'gives the model a new role',
    score: 3,
    pattern: /\byou are now\b|\bfrom now on,? you\b|\bact as (?:an? )?(?:unrestricted|root|admin|dan)\b|\bnew (?:system )?instructions?:/,
  },
];

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
  const found = RULES.filter(({ pattern }) => pattern.test(folded));
  const reasons = [
    ...hidden.map((kind) => `hidden text: ${kind}`),
    ...found.map(({ reason }) => reason),
    ...(text.length > TEXT_CHARS_MAX ? ['is too long to be read'] : []),
  ];
  const score = found.reduce((sum, rule) => sum + rule.score, 0);
  return { isFlagged: hidden.length > 0 || score >= SCORE_FLAGGED || text.length > TEXT_CHARS_MAX, score, reasons, hidden };
}
