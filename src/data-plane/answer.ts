/**
 * Stage 10: result or fault → wire, in the client's revision. Results are spliced, not parsed, unless the client's
 * revision lacks something that is in them.
 */
import type { Fault } from '../base/fault.ts';
import type { RawObject } from '../protocol/envelope.ts';
import { isObject, type JsonObject, type JsonValue, MODERN_REVISION, type RequestId, type Revision, type RpcError } from '../protocol/messages.ts';
import { META } from '../protocol/meta.ts';
import { REVISION_TABLES } from '../protocol/revisions.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Decoded } from './exchange.ts';
import type { MessageText } from './reply.ts';

/** Who we are, in `initialize`, `server/discover` and the `_meta` of every modern result. */
export interface GatewayInfo {
  readonly name: string;
  readonly title: string;
  readonly version: string;
}

/** Bodies above this are passed on as the bytes that they are instead of going through a string. */
const SPLICE_AS_BYTES = 32_768;
/** `resources/read` results must say how long they may be kept; ours never vouch for what the server left open. */
const CACHEABLE: ReadonlySet<string> = new Set(['resources/read']);
const NO_CACHE: Readonly<Record<string, string>> = { ttlMs: '0', cacheScope: '"private"' };
const CLOSING = Buffer.from('}');
const MODERN_ONLY = ['resultType', 'ttlMs', 'cacheScope'];
const MODERN_AND_META = [...MODERN_ONLY, '_meta'];

export interface Encoded {
  readonly message: MessageText;
  readonly httpStatus: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal, which is short. */
export type EncodedError = Encoded & { readonly message: string };

export type EncodeOutcome = (exchange: Decoded, outcome: Outcome) => Encoded;

export function createEncodeOutcome(info: GatewayInfo): EncodeOutcome {
  const infoText = JSON.stringify(info);
  return (exchange, outcome) => {
    if (outcome.kind === 'result') return { message: wrap(exchange.id, encodeResult(exchange, outcome.result, infoText)), httpStatus: 200 };
    if (outcome.kind === 'fault') return encodeFault(exchange.id, exchange.client.revision, outcome.fault, exchange.correlationId);
    return encodeRpcError(exchange.id, exchange.client.revision, outcome.error);
  };
}

/** A result's text, or its pieces where it is large: its own bytes are not copied. */
type ResultText = string | readonly Buffer[];

function wrap(id: RequestId, result: ResultText): MessageText {
  const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`;
  if (typeof result === 'string') return `${head}${result}}`;
  return [Buffer.from(head), ...result, CLOSING];
}

function edited(result: RawObject, removed: readonly string[], added: Readonly<Record<string, string>>): ResultText {
  return result.byteLength > SPLICE_AS_BYTES ? result.editedPieces(removed, added) : result.edited(removed, added);
}

function encodeResult(exchange: Decoded, result: RawObject, infoText: string): ResultText {
  if (exchange.client.revision === MODERN_REVISION) return encodeModern(exchange, result, infoText);
  const isForeign = result.hasAny(MODERN_ONLY);
  const lacks = exchange.method === 'tools/call' || exchange.method === 'prompts/get';
  const table = REVISION_TABLES[exchange.client.revision];
  if (lacks && (!table.hasStructuredContent || (isForeign && result.has('structuredContent')))) return JSON.stringify(downConverted(result.value, exchange.client.revision));
  if (isForeign) return withoutModern(result);
  return edited(result, [], {});
}

function encodeModern(exchange: Decoded, result: RawObject, infoText: string): ResultText {
  const meta = result.member('_meta');
  const added: Record<string, string> = result.has('resultType') ? {} : { resultType: '"complete"' };
  if (CACHEABLE.has(exchange.method)) addCacheHints(exchange, result, added);
  // A server says the same of itself every time, so the last edit usually is the next one too.
  if (lastModern?.meta !== meta || lastModern?.infoText !== infoText) lastModern = { meta, infoText, edited: metaWithServerInfo(meta, infoText) };
  added['_meta'] = lastModern.edited;
  return edited(result, [], added);
}

/** A question is nothing to keep. What is for everyone at the server may be for some only here, where credentials open endpoints. */
function addCacheHints({ principal, endpoint }: Decoded, result: RawObject, added: Record<string, string>): void {
  if (result.member('resultType') === '"input_required"') return;
  for (const [key, text] of Object.entries(NO_CACHE)) if (!result.has(key)) added[key] = text;
  const isForAll = principal.kind === 'anonymous' && endpoint.namespace.policy === undefined;
  if (!isForAll) added['cacheScope'] = '"private"';
}

let lastModern: { readonly meta: string | undefined; readonly infoText: string; readonly edited: string } | undefined;

/** The gateway is who answers a modern client. */
function metaWithServerInfo(meta: string | undefined, infoText: string): string {
  const serverInfo = `${JSON.stringify(META.serverInfo)}:${infoText}`;
  if (meta === undefined || /^\{\s*\}$/.test(meta)) return `{${serverInfo}}`;
  if (!meta.includes(META.serverInfo)) return `{${serverInfo},${meta.slice(1)}`;
  return JSON.stringify({ ...(JSON.parse(meta) as JsonObject), [META.serverInfo]: JSON.parse(infoText) as JsonObject });
}

/** What only 2026-07-28 has, and who the server says it is: neither belongs to a legacy result. */
function withoutModern(result: RawObject): ResultText {
  const metaText = result.member('_meta');
  if (metaText?.includes(META.serverInfo) !== true) return edited(result, MODERN_ONLY, {});
  // A server says the same of itself every time, so the last answer to this question usually is the next one too.
  if (metaText !== lastMeta.text) lastMeta = { text: metaText, added: metaWithoutServerInfo(metaText) };
  return edited(result, MODERN_AND_META, lastMeta.added);
}

interface MetaEdit {
  readonly text: string;
  readonly added: Readonly<Record<string, string>>;
}

let lastMeta: MetaEdit = { text: '', added: {} };

function metaWithoutServerInfo(metaText: string): Readonly<Record<string, string>> {
  const { [META.serverInfo]: _, ...meta } = JSON.parse(metaText) as JsonObject;
  return Object.keys(meta).length === 0 ? {} : { _meta: JSON.stringify(meta) };
}

/** For clients whose schema would throw: newer kinds of content become text, structured content that is no object goes. */
function downConverted(result: JsonObject, revision: Revision): JsonObject {
  const table = REVISION_TABLES[revision];
  const changed: Record<string, JsonValue | undefined> = { ...result };
  for (const key of MODERN_ONLY) delete changed[key];
  if (!table.hasStructuredContent || !isObject(result['structuredContent'])) delete changed['structuredContent'];
  if (Array.isArray(result['content'])) changed['content'] = result['content'].map((block: JsonValue) => downConvertedBlock(block, table.contentTypes));
  const meta = changed['_meta'];
  if (isObject(meta) && META.serverInfo in meta) {
    const { [META.serverInfo]: _, ...rest } = meta;
    changed['_meta'] = rest;
  }
  return changed;
}

/** Kinds that some revision knows and this one does not; unknown kinds pass unchanged, as the contract says. */
const CONVERTIBLE: ReadonlySet<string> = new Set(['audio', 'resource_link']);

function downConvertedBlock(block: JsonValue, known: ReadonlySet<string>): JsonValue {
  if (!isObject(block)) return block;
  const type = String(block['type']);
  if (known.has(type) || !CONVERTIBLE.has(type)) return block;
  if (type === 'resource_link') return { type: 'text', text: `[resource] ${String(block['title'] ?? block['name'] ?? '')} ${String(block['uri'])}`.trim() };
  return { type: 'text', text: `[audio] ${String(block['mimeType'] ?? '')}, not shown: this client's MCP revision has no audio` };
}

/** Codes of the server's revision that the client's revision does not have. */
function encodeRpcError(id: RequestId, revision: Revision, error: RpcError): Encoded {
  const isModern = revision === MODERN_REVISION;
  if (isModern && error.code === -32002) return encodeError(id, { ...error, code: -32602 }, 200);
  if (isModern && isReserved(error.code)) return encodeError(id, { ...error, code: -32603 }, 200);
  if (!isModern && isModernCode(error.code)) return encodeError(id, { ...error, code: -32603 }, 200);
  return encodeError(id, error, isModern ? statusOf(error.code) : 200);
}

/** Codes that 2026-07-28 brought (basic, "Error Codes"). */
function isModernCode(code: number): boolean {
  return code <= -32020 && code >= -32022;
}

/** Codes that 2026-07-28 keeps for itself and has no use for (yet): nobody may say them (basic, "Error Codes"). */
function isReserved(code: number): boolean {
  return code <= -32023 && code >= -32099;
}

/** Streamable HTTP 2026-07-28: these codes have a status of their own, also when the server behind us said them. */
function statusOf(code: number): number {
  if (code === -32601) return 404;
  return isModernCode(code) ? 400 : 200;
}

/** A fault as JSON-RPC error. With `revision` undefined no request could be read: the id is null or absent. */
export function encodeFault(id: RequestId | undefined, revision: Revision | undefined, fault: Fault, correlationId: string): EncodedError {
  const data: Record<string, JsonValue | undefined> = {
    ...(fault.data as JsonObject | undefined),
    source: 'gateway',
    reason: fault.reason ?? fault.code,
    failedAt: fault.failedAt,
    retryable: fault.isRetryable,
    outcome: fault.effect,
    server: fault.server,
    correlationId,
  };
  const isLegacy = revision !== undefined && revision !== MODERN_REVISION;
  const isOnlyModern = isLegacy && isModernCode(fault.rpc);
  // A session's request was accepted: what is wrong with it is said inside of a 200, where its client looks.
  const isInside = isOnlyModern || (isLegacy && (fault.code === 'request.method_unknown' || fault.code === 'request.params_invalid'));
  const encoded = encodeError(id, { code: isOnlyModern ? -32603 : fault.rpc, message: fault.message, data }, isInside ? 200 : fault.http);
  return fault.retryAfterSeconds === undefined ? encoded : { ...encoded, headers: { 'retry-after': String(fault.retryAfterSeconds) } };
}

export function encodeError(id: RequestId | undefined, error: RpcError, httpStatus: number): EncodedError {
  return { message: JSON.stringify({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), error }), httpStatus };
}
