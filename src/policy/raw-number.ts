/** Numbers that a double cannot hold travel as `JSON.rawJSON`; bounds and conditions compare the nearest double. */

interface JsonWithRaw {
  isRawJSON(value: unknown): boolean;
}

/** The number behind a number or a raw number; undefined for anything else, also for what only looks like a raw number. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'object' || value === null || !(JSON as unknown as JsonWithRaw).isRawJSON(value)) return undefined;
  return Number(JSON.stringify(value));
}
