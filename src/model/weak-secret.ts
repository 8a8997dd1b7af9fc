/** Secrets that are none: placeholders left over from an example, or values that a guess would find. */

const PLACEHOLDERS =
  /^(?:bearer\s+)?(?:change[-_ ]?(?:me|this|it)|placeholder|example|secret|password|passw0rd|admin|test|token|default|todo|x{3,}|\*{3,}|\.{3}|1234\d*|<[^>]*>|\[[^\]]*\]|(?:your|my|insert|replace|enter|put)[-_ ].*|(?:api[-_]?)?key|(?:sk|pk)-(?:\.\.\.|x+))$/i;
/** A random key of 64 letters and digits has about 40 different ones; fewer than this never happens by chance. */
const KEY_CHARACTERS_MIN = 16;
const KEY_CHARACTERS = 64;

/** Names whose values are secrets: of environment variables and of headers. */
export const SECRET_NAME = /key|token|secret|passw|authorization|credential/i;

export function isPlaceholder(value: string): boolean {
  return PLACEHOLDERS.test(value.trim());
}

/** Whether the value of an API key could be guessed: repeated, counted up, few different characters, or words of an example. */
export function isWeakKeyValue(value: string): boolean {
  const random = value.slice(-KEY_CHARACTERS);
  if (new Set(random).size < KEY_CHARACTERS_MIN && !/^[0-9a-f]+$/.test(random)) return true;
  if (new Set(random).size < 10) return true;
  if (/change.?me|example|placeholder|replace|your.?key|secret|password/i.test(random)) return true;
  return isPeriodic(random) || isCounting(random);
}

/** The same block over and over: the text occurs in its own double before the end. */
function isPeriodic(text: string): boolean {
  return (text + text).indexOf(text, 1) < text.length;
}

/** Most characters follow their neighbour in the code table: abc…, 0123…. */
function isCounting(text: string): boolean {
  let steps = 0;
  for (let index = 1; index < text.length; index += 1) {
    if (text.charCodeAt(index) - text.charCodeAt(index - 1) === 1) steps += 1;
  }
  return steps > text.length / 2;
}
