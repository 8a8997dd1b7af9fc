/**
 * One JSON-RPC message as it lies in its bytes: kind, id and method are read, the body (params, result or error)
 * is a slice that is parsed only by who needs it. Results are usually spliced into the client's answer unparsed,
 * so unknown fields, big numbers and key order pass through unharmed (JSON-RPC 2.0 sections 4 and 5).
 */
import { Fault } from '../base/fault.ts';
import { KnownTexts } from './known-texts.ts';
import { isObject, type JsonObject, type JsonValue, type RequestId } from './messages.ts';
import { DIGITS_ALWAYS_SAFE, isUnsafeNumber, type JsonLimits, type JsonScan, type KeySpan, scanJson } from './scan.ts';

export type EnvelopeKind = 'request' | 'notification' | 'result' | 'error';

export interface Envelope {
  readonly kind: EnvelopeKind;
  /** Undefined for notifications, and for an error that answers nothing in particular. */
  readonly id: RequestId | undefined;
  /** Empty for results and errors. */
  readonly method: string;
  /** `params`, `result` or `error`; always an object. Undefined where `params` is absent. */
  readonly body: RawObject | undefined;
}

/** A JSON object inside a buffer, with the places of its own keys. */
export class RawObject {
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  readonly #keys: readonly KeySpan[];
  readonly #hasUnsafeNumber: boolean;
  #value: JsonObject | undefined;

  constructor(bytes: Buffer, span: readonly [start: number, end: number], keys: readonly KeySpan[], hasUnsafeNumber: boolean) {
    this.#bytes = bytes;
    this.#start = span[0];
    this.#end = span[1];
    this.#keys = keys;
    this.#hasUnsafeNumber = hasUnsafeNumber;
  }

  /** A raw object made from a value of ours. */
  static of(value: JsonObject): RawObject {
    return RawObject.fromText(JSON.stringify(value));
  }

  /** A raw object from JSON text of ours, of any size. */
  static fromText(text: string): RawObject {
    const bytes = Buffer.from(text);
    const scan = scanJson(bytes, NO_LIMITS);
    return new RawObject(bytes, [0, bytes.length], scan.keys.filter((key) => key.depth === 1), scan.hasUnsafeNumber);
  }

  get byteLength(): number {
    return this.#end - this.#start;
  }

  /** The bytes themselves; not a copy. */
  get bytes(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  get text(): string {
    return this.#bytes.toString('utf8', this.#start, this.#end);
  }

  /** Parsed once, on first use. Numbers that JavaScript cannot hold stay textual (`JSON.rawJSON`), so stringifying gives them back. */
  get value(): JsonObject {
    this.#value ??= parseJson(this.text, this.#hasUnsafeNumber) as JsonObject;
    return this.#value;
  }

  has(key: string): boolean {
    return this.#keys.some((span) => span.key === key);
  }

  hasAny(keys: readonly string[]): boolean {
    for (const { key } of this.#keys) if (keys.includes(key)) return true;
    return false;
  }

  /** The text of one member's value, undefined where absent. The last one counts where a key is repeated, as in JSON.parse. */
  member(key: string): string | undefined {
    for (let at = this.#keys.length - 1; at >= 0; at--) {
      const span = this.#keys[at];
      if (span?.key === key) return this.#bytes.toString('utf8', span.valueStart, span.valueEnd);
    }
    return undefined;
  }

  /** The object's text without some members and with others in front, unparsed. `added` values are JSON texts. */
  edited(removed: readonly string[], added: Readonly<Record<string, string>>): string {
    const parts: string[] = [];
    for (const key in added) parts.push(`${JSON.stringify(key)}:${added[key]}`);
    const isTouched = this.#keys.some((span) => removed.includes(span.key) || Object.hasOwn(added, span.key));
    if (!isTouched) {
      if (parts.length === 0) return this.text;
      const inner = this.#bytes.toString('utf8', this.#start + 1, this.#end);
      return `{${parts.join(',')}${this.#keys.length === 0 ? '' : ','}${inner}`;
    }
    for (const span of this.#keys) {
      if (removed.includes(span.key) || Object.hasOwn(added, span.key)) continue;
      parts.push(this.#bytes.toString('utf8', span.keyStart, span.valueEnd));
    }
    return `{${parts.join(',')}}`;
  }

  /** As `edited`, in pieces that together are the text: what was the object's own is not copied. For large ones. */
  editedPieces(removed: readonly string[], added: Readonly<Record<string, string>>): readonly Buffer[] {
    const kept = this.#keys.filter(({ key }) => !removed.includes(key) && !Object.hasOwn(added, key));
    const isTouched = kept.length < this.#keys.length;
    const fresh = Object.keys(added).map((key) => `${JSON.stringify(key)}:${added[key]}`);
    if (!isTouched && fresh.length === 0) return [this.bytes];
    const front = Buffer.from(`{${fresh.join(',')}${fresh.length === 0 || kept.length === 0 ? '' : ','}`);
    if (!isTouched) return [front, this.#bytes.subarray(this.#start + 1, this.#end)];
    return [front, ...kept.flatMap((span, index) => [...(index === 0 ? [] : [COMMA]), this.#bytes.subarray(span.keyStart, span.valueEnd)]), CLOSING];
  }
}

const COMMA = Buffer.from(',');
const CLOSING = Buffer.from('}');

const NO_LIMITS: JsonLimits = { depthMax: 1_000, nodesMax: Number.MAX_SAFE_INTEGER, keysPerObjectMax: Number.MAX_SAFE_INTEGER, stringBytesMax: Number.MAX_SAFE_INTEGER };

interface ReviverContext {
  readonly source?: string;
}
interface JsonWithSource {
  parse(text: string, reviver: (key: string, value: unknown, context: ReviverContext) => unknown): JsonValue;
  rawJSON(text: string): unknown;
}

function parseJson(text: string, hasUnsafeNumber: boolean): JsonValue {
  if (!hasUnsafeNumber) return JSON.parse(text) as JsonValue;
  const json = JSON as unknown as JsonWithSource;
  return json.parse(text, (_key, value, { source }) => (typeof value === 'number' && source !== undefined && isUnsafeNumber(source) ? json.rawJSON(source) : value));
}

/**
 * Reads one message. Throws `request.parse` for bytes that are no UTF-8 or no JSON, `request.json_too_complex` beyond
 * the limits and `request.invalid` for JSON that is no JSON-RPC message: array, wrong version, bad id, result beside
 * error, a repeated key in the envelope or in its params. Unknown members of the envelope are left behind.
 */
export function readEnvelope(bytes: Buffer, limits?: JsonLimits): Envelope {
  const scan = scanJson(bytes, limits);
  if (scan.root !== 'object') throw invalid('not an object');
  const top = readTop(scan.keys);
  if (top.jsonrpc === undefined || VERSION.find(bytes, top.jsonrpc.valueStart, top.jsonrpc.valueEnd) === undefined) throw invalid('jsonrpc is not "2.0"');
  const id = readId(bytes, top.id);
  if (top.method !== undefined) return readCall(bytes, top, id, scan);
  if ((top.result === undefined) === (top.error === undefined)) throw invalid('neither or both of result and error');
  if (top.params !== undefined) throw invalid('params in an answer');
  const body = rawBody(bytes, top.result ?? top.error, scan);
  if (top.result !== undefined) {
    if (id === undefined) throw invalid('a result without id');
    return { kind: 'result', id, method: '', body };
  }
  if (!isObject(body.value) || !Number.isInteger(body.value['code']) || typeof body.value['message'] !== 'string') throw invalid('error without code or message');
  return { kind: 'error', id, method: '', body };
}

const VERSION = new KnownTexts(['"2.0"']);
const METHODS = new KnownTexts([
  ...['tools/call', 'tools/list', 'resources/list', 'resources/read', 'resources/templates/list', 'resources/subscribe', 'resources/unsubscribe', 'prompts/list', 'prompts/get'],
  ...['ping', 'initialize', 'server/discover', 'completion/complete', 'logging/setLevel', 'notifications/initialized', 'notifications/cancelled', 'notifications/progress', 'notifications/message'],
]);

/** No method of MCP takes a tenth as many; comparing each with each stays cheap. */
const PARAMS_MEMBERS_MAX = 256;

type TopKey = 'jsonrpc' | 'id' | 'method' | 'params' | 'result' | 'error';
type Top = { [key in TopKey]: KeySpan | undefined };

function readTop(keys: readonly KeySpan[]): Top {
  const top: Top = { jsonrpc: undefined, id: undefined, method: undefined, params: undefined, result: undefined, error: undefined };
  for (const span of keys) {
    if (span.depth !== 1 || !isTopKey(span.key)) continue;
    if (top[span.key] !== undefined) throw repeated(span.key);
    top[span.key] = span;
  }
  return top;
}

function isTopKey(key: string): key is TopKey {
  return key === 'jsonrpc' || key === 'id' || key === 'method' || key === 'params' || key === 'result' || key === 'error';
}

function readCall(bytes: Buffer, top: Top, id: RequestId | undefined, scan: JsonScan): Envelope {
  if (top.result !== undefined || top.error !== undefined) throw invalid('method beside result or error');
  const method = methodOf(bytes, top.method);
  if (typeof method !== 'string' || method.length === 0 || method.length > 256) throw invalid('method is not a string');
  if (top.id !== undefined && id === undefined) throw invalid('id is null');
  const body = top.params === undefined ? undefined : rawBody(bytes, top.params, scan);
  return { kind: id === undefined ? 'notification' : 'request', id, method, body };
}

function methodOf(bytes: Buffer, span: KeySpan | undefined): unknown {
  return (span && METHODS.find(bytes, span.valueStart + 1, span.valueEnd - 1)) ?? plainValue(textOf(bytes, span));
}

/** Keys of `params` must be unique, or policy and server could read different ones; results pass as they are. */
function rawBody(bytes: Buffer, span: KeySpan | undefined, scan: JsonScan): RawObject {
  if (span === undefined || bytes[span.valueStart] !== 0x7b) throw invalid('params, result or error is not an object');
  const own: KeySpan[] = [];
  for (const candidate of scan.keys) {
    if (candidate.depth !== 2 || candidate.keyStart < span.valueStart || candidate.keyStart > span.valueEnd) continue;
    if (span.key === 'params' && own.some((known) => known.key === candidate.key)) throw repeated(candidate.key);
    if (span.key === 'params' && own.length >= PARAMS_MEMBERS_MAX) throw invalid('params has too many members');
    own.push(candidate);
  }
  return new RawObject(bytes, [span.valueStart, span.valueEnd], own, scan.hasUnsafeNumber);
}

function readId(bytes: Buffer, span: KeySpan | undefined): RequestId | undefined {
  if (span === undefined) return undefined;
  const digits = digitsOf(bytes, span);
  if (digits !== undefined) return digits;
  const text = textOf(bytes, span);
  if (text === 'null') return undefined;
  const id = text.length <= 1024 ? plainValue(text) : undefined;
  if (typeof id === 'string') return id;
  if (typeof id === 'number' && Number.isSafeInteger(id) && /^-?\d+$/.test(text)) return id;
  throw invalid('id is neither a string nor a safe integer');
}

/** Of a number that was scanned; undefined where it has a sign, a fraction, an exponent or more digits than are always safe. */
function digitsOf(bytes: Buffer, { valueStart, valueEnd }: KeySpan): number | undefined {
  if (valueEnd - valueStart > DIGITS_ALWAYS_SAFE) return undefined;
  let value = 0;
  for (let at = valueStart; at < valueEnd; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

/** Of JSON that was scanned. Texts without escapes are what stands between their quotes, which costs a fraction of parsing them. */
function plainValue(text: string): unknown {
  return text.startsWith('"') && !text.includes('\\') ? text.slice(1, -1) : JSON.parse(text);
}

function textOf(bytes: Buffer, span: KeySpan | undefined): string {
  return span === undefined ? '' : bytes.toString('utf8', span.valueStart, span.valueEnd);
}

function repeated(key: string): Fault {
  return invalid(`the key ${JSON.stringify(key.slice(0, 40))} is there twice`);
}

function invalid(detail: string): Fault {
  return new Fault('request.invalid', { detail });
}
