/**
 * One JSON-RPC message as it lies in its bytes: kind, id and method are read, the body (params, result or error)
 * is a slice that is parsed only by who needs it. Results are usually spliced into the client's answer unparsed,
 * so unknown fields, big numbers and key order pass through unharmed (JSON-RPC 2.0 sections 4 and 5).
 */
import { Fault, type FaultCode } from '../base/fault.ts';
import { isObject, type JsonObject, type JsonValue, type RequestId } from './messages.ts';
import { isUnsafeNumber, type JsonLimits, type KeySpan, scanJson } from './scan.ts';

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

  /** The text of one member's value, undefined where absent. The last one counts where a key is repeated, as in JSON.parse. */
  member(key: string): string | undefined {
    const span = this.#keys.findLast((candidate) => candidate.key === key);
    return span && this.#bytes.toString('utf8', span.valueStart, span.valueEnd);
  }

  /** The object's text without some members and with others in front, unparsed. `added` values are JSON texts. */
  edited(removed: readonly string[], added: Readonly<Record<string, string>>): string {
    const parts = Object.entries(added).map(([key, text]) => `${JSON.stringify(key)}:${text}`);
    const isTouched = this.#keys.some((span) => removed.includes(span.key) || span.key in added);
    if (!isTouched) {
      if (parts.length === 0) return this.text;
      const inner = this.#bytes.toString('utf8', this.#start + 1, this.#end);
      return `{${parts.join(',')}${this.#keys.length === 0 ? '' : ','}${inner}`;
    }
    for (const span of this.#keys) {
      if (removed.includes(span.key) || span.key in added) continue;
      parts.push(this.#bytes.toString('utf8', span.keyStart, span.valueEnd));
    }
    return `{${parts.join(',')}}`;
  }
}

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
  const top = uniqueKeys(scan.keys.filter((key) => key.depth === 1));
  if (textOf(bytes, top.get('jsonrpc')) !== '"2.0"') throw invalid('jsonrpc is not "2.0"');
  const id = readId(bytes, top.get('id'));
  const rawBody = (key: string, isOptional = false): RawObject | undefined => {
    const span = top.get(key);
    if (span === undefined && isOptional) return undefined;
    if (span === undefined || bytes[span.valueStart] !== 0x7b) throw invalid(`${key} is not an object`);
    const own = scan.keys.filter((candidate) => candidate.depth === 2 && candidate.keyStart > span.valueStart && candidate.keyStart < span.valueEnd);
    if (key === 'params') uniqueKeys(own);
    return new RawObject(bytes, [span.valueStart, span.valueEnd], own, scan.hasUnsafeNumber);
  };
  if (top.has('method')) return readCall(bytes, top, id, rawBody('params', true));
  if (top.has('result') === top.has('error')) throw invalid('neither or both of result and error');
  if (top.has('params')) throw invalid('params in an answer');
  const body = rawBody(top.has('result') ? 'result' : 'error');
  if (top.has('result')) {
    if (id === undefined) throw invalid('a result without id');
    return { kind: 'result', id, method: '', body };
  }
  if (!isObject(body?.value) || !Number.isInteger(body.value['code']) || typeof body.value['message'] !== 'string') throw invalid('error without code or message');
  return { kind: 'error', id, method: '', body };
}

function readCall(bytes: Buffer, top: ReadonlyMap<string, KeySpan>, id: RequestId | undefined, body: RawObject | undefined): Envelope {
  if (top.has('result') || top.has('error')) throw invalid('method beside result or error');
  const method: unknown = JSON.parse(textOf(bytes, top.get('method')));
  if (typeof method !== 'string' || method.length === 0 || method.length > 256) throw invalid('method is not a string');
  if (top.has('id') && id === undefined) throw invalid('id is null');
  return { kind: id === undefined ? 'notification' : 'request', id, method, body };
}

function readId(bytes: Buffer, span: KeySpan | undefined): RequestId | undefined {
  if (span === undefined) return undefined;
  const text = textOf(bytes, span);
  if (text === 'null') return undefined;
  const id: unknown = text.length <= 1024 ? JSON.parse(text) : undefined;
  if (typeof id === 'string') return id;
  if (typeof id === 'number' && Number.isSafeInteger(id) && /^-?\d+$/.test(text)) return id;
  throw invalid('id is neither a string nor a safe integer');
}

function textOf(bytes: Buffer, span: KeySpan | undefined): string {
  return span === undefined ? '' : bytes.toString('utf8', span.valueStart, span.valueEnd);
}

function uniqueKeys(spans: readonly KeySpan[]): Map<string, KeySpan> {
  const keys = new Map<string, KeySpan>();
  for (const span of spans) {
    if (keys.has(span.key)) throw invalid(`the key ${JSON.stringify(span.key.slice(0, 40))} is there twice`);
    keys.set(span.key, span);
  }
  return keys;
}

function invalid(detail: string, code: FaultCode = 'request.invalid'): Fault {
  return new Fault(code, { detail });
}
