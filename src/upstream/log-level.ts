/** Log levels of MCP in ascending severity (RFC 5424 section 6.2.1; server/utilities/logging). */
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

/** Whether MCP knows this level. */
export function isLogLevel(level: unknown): level is string {
  return typeof level === 'string' && LEVELS.includes(level);
}

/** Whether a message of this level is wanted by who asked for `wanted` and above; undefined wants none. */
export function isWanted(level: unknown, wanted: string | undefined): boolean {
  if (wanted === undefined) return false;
  const rank = LEVELS.indexOf(String(level));
  return rank < 0 || rank >= LEVELS.indexOf(wanted);
}

/** Whether `level` lets more through than `than`; undefined lets nothing through, and so does a level that is none. */
export function isMoreVerbose(level: string, than: string | undefined): boolean {
  const rank = LEVELS.indexOf(level);
  return rank >= 0 && (than === undefined || rank < LEVELS.indexOf(than));
}
