/** Interning: equal objects become one, so that what is made from it, and kept with it, is made once and not for each client. */
import type { JsonObject } from '../protocol/messages.ts';

const KINDS_MAX = 200;
const TEXT_CHARS_MAX = 4_096;

/** Clients are of few kinds, and all of a kind say the same of themselves. What they say is read, never changed. */
export class Interned {
  readonly #byText = new Map<string, JsonObject>();

  /** An equal object that came before, or this one. Large ones stay their own. */
  of(value: JsonObject): JsonObject {
    const text = JSON.stringify(value);
    if (text.length > TEXT_CHARS_MAX) return value;
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    if (this.#byText.size >= KINDS_MAX) this.#byText.clear();
    this.#byText.set(text, value);
    return value;
  }
}
