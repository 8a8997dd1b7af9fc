/**
 * Values of the mirrored headers `Mcp-Name` and `Mcp-Param-*` (2026-07-28, Streamable HTTP, "Value Encoding"):
 * plain where they are safe in a header, else `=?base64?…?=` around their UTF-8.
 */

const SENTINEL_START = '=?base64?';
const SENTINEL_END = '?=';

/** Printable ASCII with spaces and tabs inside only, and not itself looking encoded. */
function isPlain(text: string): boolean {
  if (text.startsWith(SENTINEL_START) && text.endsWith(SENTINEL_END)) return false;
  return /^(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?$/.test(text);
}

export function encodeHeaderValue(text: string): string {
  return isPlain(text) ? text : `${SENTINEL_START}${Buffer.from(text).toString('base64')}${SENTINEL_END}`;
}

/** The text that a header stands for; undefined where it is neither plain nor well encoded. */
export function decodeHeaderValue(header: string): string | undefined {
  if (!header.startsWith(SENTINEL_START) || !header.endsWith(SENTINEL_END)) return /^[\x20-\x7e\t]*$/.test(header) ? header : undefined;
  const encoded = header.slice(SENTINEL_START.length, -SENTINEL_END.length);
  const bytes = Buffer.from(encoded, 'base64');
  // Padding counts: one text has one encoded form.
  if (bytes.toString('base64') !== encoded) return undefined;
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : undefined;
}

/** Which member of params `Mcp-Name` mirrors, by method (Streamable HTTP, "Standard Request Headers"; Tasks extension, SEP-2663). */
export const NAME_MEMBER: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);
