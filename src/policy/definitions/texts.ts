/** Every text of a definition with its place: names, titles, descriptions, and all that schemas say. */
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';

export interface PlacedText {
  /** JSON pointer (RFC 6901). */
  readonly at: string;
  readonly text: string;
}

const DEPTH_MAX = 64;

/** Scalars, and what is empty, as JSON. */
export function textsOf(definition: JsonObject): readonly PlacedText[] {
  const texts: PlacedText[] = [];
  collect(definition, '', 0, texts);
  return texts;
}

function collect(value: JsonValue | undefined, at: string, depth: number, texts: PlacedText[]): void {
  if (value === undefined) return;
  if (typeof value === 'string') texts.push({ at, text: value });
  else if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) texts.push({ at, text: JSON.stringify(value) });
  else if (depth > DEPTH_MAX) texts.push({ at, text: JSON.stringify(value) });
  else if (Array.isArray(value)) for (const [index, item] of (value as readonly JsonValue[]).entries()) collect(item, `${at}/${index}`, depth + 1, texts);
  else if (isObject(value) && !('rawJSON' in value))
    for (const [key, item] of Object.entries(value)) collect(item, `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1, texts);
  else texts.push({ at, text: JSON.stringify(value) });
}
