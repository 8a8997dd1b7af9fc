/**
 * Bytes → neutral messages, once. The only reader of a client's body. Which of the two protocol front ends a POST
 * belongs to is decided here: a request that carries 2026-07-28 metadata is served statelessly, everything else
 * lives in a session (specification 2026-07-28, basic/versioning).
 */
import type { HttpResponse } from '../base/http.ts';
import { Fault } from '../base/fault.ts';
import { type Envelope, readEnvelope } from '../protocol/envelope.ts';
import { decodeHeaderValue, NAME_MEMBER } from '../protocol/header-value.ts';
import { familyOf, isObject, isRevision, type JsonObject, MODERN_REVISION, REVISIONS } from '../protocol/messages.ts';
import { META, metaOf } from '../protocol/meta.ts';
import { scanJson } from '../protocol/scan.ts';
import { isLogLevel } from '../upstream/log-level.ts';
import type { Identified } from './exchange.ts';

export interface ClientHeaders {
  readonly protocolVersion: string | undefined;
  readonly method: string | undefined;
  readonly name: string | undefined;
  readonly sessionId: string | undefined;
}

/** The messages of one POST, and whether they came as an array. */
export interface Body {
  readonly envelopes: readonly Envelope[];
  readonly isBatch: boolean;
  /** As it came. */
  readonly bytes: Buffer;
}

/** One POST with its body read. */
export interface Post {
  readonly identified: Identified;
  readonly headers: ClientHeaders;
  readonly body: Body;
  readonly response: HttpResponse;
}

const EMPTY: JsonObject = Object.freeze({});

/** Throws `request.parse`, `request.json_too_complex`, `request.invalid`. */
export function decodeBody(body: Buffer): Body {
  if (firstByte(body) !== 0x5b) return { envelopes: [readEnvelope(body)], isBatch: false, bytes: body };
  const { members } = scanJson(body);
  if (members.length === 0) throw new Fault('request.invalid', { reason: 'empty_batch' });
  // Read from their own bytes: numbers keep their digits, and a repeated key is found.
  return { envelopes: members.map(([start, end]) => readEnvelope(body.subarray(start, end))), isBatch: true, bytes: body };
}

function firstByte(body: Buffer): number | undefined {
  let at = 0;
  while (at < body.length && (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09)) at++;
  return body[at];
}

export function paramsOf(envelope: Envelope): JsonObject {
  return envelope.body?.value ?? EMPTY;
}

/** Whether the message claims 2026-07-28 or later, by header or by `_meta`. */
export function isModern(envelope: Envelope, headers: ClientHeaders): boolean {
  if (typeof metaOf(paramsOf(envelope))[META.protocolVersion] === 'string') return true;
  const version = headers.protocolVersion;
  return version !== undefined && (version === MODERN_REVISION || (!isRevision(version) && headers.sessionId === undefined));
}

export interface ModernClient {
  readonly capabilities: JsonObject;
  readonly info: JsonObject | undefined;
  readonly logLevel: string | undefined;
}

/**
 * Checks what 2026-07-28 demands of every request (basic/index "_meta"; Streamable HTTP "Server Validation").
 * Throws `request.revision_unsupported`, `request.header_mismatch`, `request.params_invalid`, `request.invalid`.
 */
export function decodeModern(envelope: Envelope, headers: ClientHeaders): ModernClient {
  if (envelope.kind === 'result' || envelope.kind === 'error') throw new Fault('request.invalid', { reason: 'response_not_expected' });
  const params = paramsOf(envelope);
  const meta = metaOf(params);
  const version = meta[META.protocolVersion];
  if (headers.protocolVersion === undefined) throw mismatch('MCP-Protocol-Version is missing');
  if (headers.protocolVersion !== version && version !== undefined) throw mismatch('MCP-Protocol-Version differs from _meta');
  if (headers.protocolVersion !== MODERN_REVISION) {
    throw new Fault('request.revision_unsupported', { data: { supported: REVISIONS.filter((revision) => familyOf(revision) === 'modern'), requested: headers.protocolVersion.slice(0, 64) } });
  }
  checkMirrored(envelope, params, headers);
  if (envelope.kind === 'request' && version === undefined) throw invalidParams(`_meta["${META.protocolVersion}"] is required`);
  const capabilities = meta[META.clientCapabilities];
  if (envelope.kind === 'request' && !isObject(capabilities)) throw invalidParams(`_meta["${META.clientCapabilities}"] is required`);
  const info = meta[META.clientInfo];
  const logLevel = meta[META.logLevel];
  if (logLevel !== undefined && !isLogLevel(logLevel)) throw invalidParams(`_meta["${META.logLevel}"] is no log level`);
  return {
    capabilities: isObject(capabilities) ? capabilities : EMPTY,
    info: isObject(info) ? info : undefined,
    logLevel,
  };
}

function checkMirrored(envelope: Envelope, params: JsonObject, headers: ClientHeaders): void {
  if (headers.method === undefined) throw mismatch('Mcp-Method is missing');
  if (headers.method !== envelope.method) throw mismatch('Mcp-Method differs from the body');
  const key = NAME_MEMBER.get(envelope.method);
  if (key === undefined) return;
  if (headers.name === undefined) throw mismatch('Mcp-Name is missing');
  const name = decodeHeaderValue(headers.name);
  if (name === undefined) throw mismatch('Mcp-Name is not well encoded');
  if (name !== params[key]) throw mismatch('Mcp-Name differs from the body');
}

function mismatch(message: string): Fault {
  return new Fault('request.header_mismatch', { message });
}

function invalidParams(message: string): Fault {
  return new Fault('request.params_invalid', { message });
}
