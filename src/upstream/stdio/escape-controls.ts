/** Makes text of a stranger safe to print: no terminal sequence, no overwriting, no reversed reading order. */

// C0 without tab and newline, DEL, C1, line and paragraph separators, bidirectional controls.
// oxlint-disable-next-line no-control-regex -- these are the characters to find
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Each control character as `\x1b` or `\u202e`; tabs and newlines stay. */
export function escapeControls(text: string): string {
  return text.replaceAll(CONTROLS, (character) => {
    const hex = character.charCodeAt(0).toString(16);
    return hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`;
  });
}
