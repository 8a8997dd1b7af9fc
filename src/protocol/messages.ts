/** JSON and JSON-RPC as types. MCP's own messages stay open objects: what we do not know passes through unharmed. */

export type JsonValue = string | number | boolean | null | JsonObject | readonly JsonValue[];
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** JSON-RPC 2.0 section 4, as MCP narrows it: a string or a safe integer, never null. */
export type RequestId = string | number;

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: JsonValue | undefined;
}

/** The two families of revisions: with `initialize` and sessions (up to 2025-11-25), and stateless (2026-07-28). */
export type Family = 'legacy' | 'modern';

export const REVISIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof REVISIONS)[number];
export const LEGACY_REVISION_LATEST = '2025-11-25' satisfies Revision;
export const MODERN_REVISION = '2026-07-28' satisfies Revision;

export function familyOf(revision: Revision): Family {
  return revision === MODERN_REVISION ? 'modern' : 'legacy';
}

export function isRevision(text: string): text is Revision {
  return (REVISIONS as readonly string[]).includes(text);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
