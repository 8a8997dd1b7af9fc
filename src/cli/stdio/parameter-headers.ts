/**
 * The request headers of the stateless revision (2026-07-28, Streamable HTTP, "Standard Request Headers" and "Custom
 * Headers from Tool Parameters"): a client on stdio sends none, so the bridge reads them off the message.
 */
import { encodeHeaderValue, NAME_MEMBER } from '../../protocol/header-value.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { type MirroredParam, toParamHeaders } from '../../protocol/mirrored-params.ts';
import type { Message } from './message.ts';

/** All headers that mirror the message's body. `mirrored` are the annotated arguments of the tool that it calls. */
export function mirrorHeaders(message: Message, mirrored: readonly MirroredParam[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { 'mcp-protocol-version': message.revision ?? '', 'mcp-method': message.method };
  const name = message.params[NAME_MEMBER.get(message.method) ?? ''];
  if (typeof name === 'string') headers['mcp-name'] = encodeHeaderValue(name);
  return toParamHeaders(mirrored, message.params as JsonObject, headers);
}
