/**
 * Redaction of JSON: keys and values, nested, and texts that are split over the blocks of one result. Whatever stores
 * or shows a call uses the same function as the middleware.
 */
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { mapTexts } from '../text-walk.ts';
import { withDecoding } from './decoded.ts';
import { type PersonalKind, personalFinder } from './personal.ts';
import { findSecrets, isSecretMember } from './secrets.ts';
import { createMark, type Finder, type Mark, mergeSpans, type RedactAction, replaceSpans, type Span } from './spans.ts';

export interface RedactorOptions {
  readonly secrets: boolean;
  readonly personal: readonly PersonalKind[];
  readonly action: RedactAction;
  /** Undefined: what is taken out cannot be compared. */
  readonly digest?: (found: string) => string;
}

export interface Redactor {
  readonly text: (text: string) => string;
  readonly value: (value: JsonObject) => JsonObject;
}

/** `onFound` hears the kind of everything found; it may throw, to refuse. */
export function createRedactor({ secrets, personal, action, digest }: RedactorOptions, onFound: (kind: string) => void = () => undefined): Redactor {
  const mark = createMark(action, digest);
  const personalSpans = personalFinder(personal);
  const find: Finder = withDecoding((text) => (secrets ? [...findSecrets(text), ...personalSpans(text)] : personalSpans(text)));
  const spansOf = (text: string): readonly Span[] => {
    const spans = mergeSpans(find(text));
    for (const span of spans) onFound(span.kind);
    return spans;
  };
  const text = (given: string): string => replaceSpans(given, spansOf(given), mark);
  const member = (key: string, parent: JsonObject): boolean => isOpaque(key, parent);
  return {
    text,
    value: (value) => {
      const named = secrets ? withoutSecretMembers(value, createMark('redact', digest), onFound) : value;
      return joinedBlocks(mapTexts(named, { value: text, key: text, isSkipped: member }), spansOf, mark);
    },
  };
}

/** Pictures and sounds are not looked into, nor what only its maker understands. */
function isOpaque(key: string, parent: JsonObject): boolean {
  if (key === 'requestState' || key === 'nextCursor') return true;
  if (key === 'data') return parent['type'] === 'image' || parent['type'] === 'audio';
  return key === 'blob' && typeof parent['mimeType'] === 'string' && /^(?:image|audio|video|font)\//.test(parent['mimeType']);
}

export const SECRET_MEMBER_KIND = 'secret-member';

/** Texts and numbers under a name that says secret. */
function withoutSecretMembers<Value extends JsonValue | undefined>(value: Value, mark: Mark, onFound: (kind: string) => void): Value {
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).map((item) => withoutSecretMembers(item, mark, onFound));
    return items.every((item, index) => item === value[index]) ? value : (items as unknown as Value);
  }
  if (!isObject(value) || 'rawJSON' in value) return value;
  const entries = Object.entries(value).map(([key, item]): [string, JsonValue | undefined] => {
    const isHidden = isSecretMember(key) && (typeof item === 'number' || (typeof item === 'string' && item !== ''));
    if (!isHidden) return [key, withoutSecretMembers(item, mark, onFound)];
    onFound(SECRET_MEMBER_KIND);
    return [key, mark(String(item), SECRET_MEMBER_KIND)];
  });
  return entries.every(([key, item]) => item === value[key]) ? value : (Object.fromEntries(entries) as unknown as Value);
}

/** What lies across the border of two text blocks is found in the joined text; its first block gets the mark. */
function joinedBlocks(value: JsonObject, spansOf: (text: string) => readonly Span[], mark: Mark): JsonObject {
  const blocks = value['content'];
  if (!Array.isArray(blocks)) return value;
  const texts = (blocks as readonly JsonValue[]).map((block) => (isObject(block) && typeof block['text'] === 'string' ? block['text'] : undefined));
  if (texts.filter((text) => text !== undefined).length < 2) return value;
  const starts: number[] = [];
  let joined = '';
  for (const text of texts) {
    starts.push(joined.length);
    joined += text ?? '';
  }
  const crossing = spansOf(joined)
    .filter((span) => starts.some((start) => start > span.start && start < span.end))
    .map((span) => ({ ...span, mark: mark(joined.slice(span.start, span.end), span.kind) }));
  if (crossing.length === 0) return value;
  const content = (blocks as readonly JsonValue[]).map((block, index) => {
    const text = texts[index];
    const start = starts[index] ?? 0;
    return text === undefined ? block : { ...(block as JsonObject), text: withoutCrossing(text, start, crossing) };
  });
  return { ...value, content };
}

function withoutCrossing(text: string, start: number, crossing: readonly (Span & { readonly mark: string })[]): string {
  const own = crossing
    .map((span) => ({ ...span, start: span.start - start, end: span.end - start }))
    .filter((span) => span.end > 0 && span.start < text.length);
  let result = '';
  let at = 0;
  for (const span of own) {
    const from = Math.max(0, span.start);
    // Where it began in an earlier block, that one has the mark.
    result += text.slice(at, from) + (span.start >= 0 ? span.mark : '');
    at = Math.min(text.length, span.end);
  }
  return result + text.slice(at);
}
