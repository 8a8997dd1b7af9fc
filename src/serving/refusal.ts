import type { JsonValue, RpcError } from '../protocol/messages.ts';

/** A JSON-RPC error of a server of ours: it is an MCP server of its own, so its words go to whoever called it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: number;
  readonly data: JsonValue | undefined;

  constructor(code: number, message: string, data?: JsonValue) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** JSON-RPC 2.0 section 5.1. */
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
/** Revision 2025-11-25 and older, server/resources "Error Handling"; newer ones say INVALID_PARAMS. */
export const RESOURCE_NOT_FOUND = -32002;
/** Revision 2026-07-28, basic/versioning. */
export const UNSUPPORTED_REVISION = -32022;

/** Whatever was thrown, as the `error` of an answer; a stranger's text stays inside. */
export function toRpcError(thrown: unknown): RpcError {
  if (!(thrown instanceof Refusal)) return { code: -32603, message: 'Internal error' };
  return { code: thrown.code, message: thrown.message, data: thrown.data };
}
