/**
 * JSON as editors write it may hold `//` and block comments. They become spaces, so that every position stays.
 * Text inside of strings is left alone.
 */
const STRING_OR_COMMENT = /"(?:[^"\\]|\\.)*"|\/\/[^\n\r]*|\/\*[\s\S]*?\*\//g;

export function blankComments(json: string): string {
  return json.replace(STRING_OR_COMMENT, (match) => (match.startsWith('"') ? match : match.replace(/[^\n\r]/g, ' ')));
}
