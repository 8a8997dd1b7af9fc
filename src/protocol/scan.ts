/**
 * Validates JSON bytes (RFC 8259) in one pass without building anything, under limits, and notes where the keys of
 * the first two levels lie. It runs before JSON.parse: that accepts nesting on which JSON.stringify later overflows.
 */
import { isUtf8 } from 'node:buffer';
import { Fault } from '../base/fault.ts';
import { KnownTexts } from './known-texts.ts';

export interface JsonLimits {
  readonly depthMax: number;
  /** Values of any kind, counted over the whole document. */
  readonly nodesMax: number;
  readonly keysPerObjectMax: number;
  /** Raw bytes between the quotes of one string. */
  readonly stringBytesMax: number;
}

export const REQUEST_JSON_LIMITS: JsonLimits = { depthMax: 64, nodesMax: 100_000, keysPerObjectMax: 10_000, stringBytesMax: 1 << 20 };
/** The string cap is for requests only: a result may be one long text. */
export const RESULT_JSON_LIMITS: JsonLimits = { ...REQUEST_JSON_LIMITS, stringBytesMax: Number.MAX_SAFE_INTEGER };

export interface KeySpan {
  readonly key: string;
  /** 1 for keys of the root object, 2 for keys of objects directly inside it. */
  readonly depth: 1 | 2;
  /** Offset of the key's opening quote. */
  readonly keyStart: number;
  readonly valueStart: number;
  valueEnd: number;
}

export interface JsonScan {
  readonly root: 'object' | 'array' | 'scalar';
  readonly keys: readonly KeySpan[];
  /** Where the members of a root array lie: from the first byte to the one after the last. */
  readonly members: readonly (readonly [start: number, end: number])[];
  /** A number is there that a double cannot hold exactly or at all. */
  readonly hasUnsafeNumber: boolean;
}

/** Throws `request.parse` where the bytes are no UTF-8 or no JSON, `request.json_too_complex` beyond the limits. */
export function scanJson(bytes: Buffer, limits: JsonLimits = REQUEST_JSON_LIMITS): JsonScan {
  if (!isUtf8(bytes)) throw new Fault('request.parse', { detail: 'not UTF-8' });
  return new Scanner(bytes, limits).run();
}

/** Whether a double loses what this JSON number says. */
export function isUnsafeNumber(source: string): boolean {
  const value = Number(source);
  if (!Number.isFinite(value) || Object.is(value, -0)) return true;
  if (/[.eE]/.test(source)) return source.replace(/[eE].*/, '').replace(/\D/g, '').length > 17;
  return !Number.isSafeInteger(value);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
/** Integers of so few digits are always safe; only longer ones are looked at. */
export const DIGITS_ALWAYS_SAFE = 15;

/** Keys of the first two levels of MCP's messages. */
const KEYS = new KnownTexts([
  ...['jsonrpc', 'id', 'method', 'params', 'result', 'error', 'code', 'message', 'data'],
  ...['_meta', 'name', 'arguments', 'uri', 'cursor', 'level', 'requestId', 'reason', 'progressToken', 'progress', 'inputResponses', 'requestState'],
  ...['content', 'structuredContent', 'isError', 'resultType', 'tools', 'resources', 'resourceTemplates', 'prompts', 'contents', 'messages', 'nextCursor'],
  ...['protocolVersion', 'capabilities', 'clientInfo', 'serverInfo', 'instructions', 'description'],
]);

/** Recursive descent; the depth limit bounds the stack. */
class Scanner {
  readonly #bytes: Buffer;
  readonly #limits: JsonLimits;
  readonly #keys: KeySpan[] = [];
  readonly #members: [start: number, end: number][] = [];
  #at = 0;
  #nodes = 0;
  #hasUnsafeNumber = false;

  constructor(bytes: Buffer, limits: JsonLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  run(): JsonScan {
    this.#skipSpace();
    const first = this.#bytes[this.#at];
    const root = first === BRACE_OPEN ? 'object' : first === BRACKET_OPEN ? 'array' : 'scalar';
    // Keys are noted only where the root is an object: depth counts objects from there.
    this.#value(1, root === 'object');
    this.#skipSpace();
    if (this.#at !== this.#bytes.length) throw this.#malformed();
    return { root, keys: this.#keys, members: this.#members, hasUnsafeNumber: this.#hasUnsafeNumber };
  }

  #value(depth: number, isNoted: boolean): void {
    if (++this.#nodes > this.#limits.nodesMax) throw tooComplex('json_too_many_nodes');
    const byte = this.#bytes[this.#at];
    if (byte === QUOTE) this.#string();
    else if (byte === BRACE_OPEN) this.#object(depth, isNoted);
    else if (byte === BRACKET_OPEN) this.#array(depth);
    else if (byte === MINUS || (byte !== undefined && byte >= ZERO && byte <= NINE)) this.#number();
    else this.#literal(byte);
  }

  #object(depth: number, isNoted: boolean): void {
    if (depth > this.#limits.depthMax) throw tooComplex('json_too_deep');
    this.#at++;
    this.#skipSpace();
    if (this.#bytes[this.#at] === BRACE_CLOSE) {
      this.#at++;
      return;
    }
    for (let count = 1; ; count++) {
      if (count > this.#limits.keysPerObjectMax) throw tooComplex('json_too_many_keys');
      if (this.#bytes[this.#at] !== QUOTE) throw this.#malformed();
      const keyStart = this.#at;
      this.#string();
      const keyEnd = this.#at;
      this.#skipSpace();
      if (this.#bytes[this.#at] !== COLON) throw this.#malformed();
      this.#at++;
      this.#skipSpace();
      if (isNoted && depth <= 2) this.#notedMember(depth as 1 | 2, keyStart, keyEnd);
      else this.#value(depth + 1, false);
      if (this.#isEnd(BRACE_CLOSE)) return;
    }
  }

  #notedMember(depth: 1 | 2, keyStart: number, keyEnd: number): void {
    const span: KeySpan = { key: this.#keyText(keyStart, keyEnd), depth, keyStart, valueStart: this.#at, valueEnd: 0 };
    this.#keys.push(span);
    this.#value(depth + 1, depth === 1);
    span.valueEnd = this.#at;
  }

  #keyText(start: number, end: number): string {
    const known = KEYS.find(this.#bytes, start + 1, end - 1);
    if (known !== undefined) return known;
    const raw = this.#bytes.toString('utf8', start + 1, end - 1);
    return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
  }

  #array(depth: number): void {
    if (depth > this.#limits.depthMax) throw tooComplex('json_too_deep');
    this.#at++;
    this.#skipSpace();
    if (this.#bytes[this.#at] === BRACKET_CLOSE) {
      this.#at++;
      return;
    }
    for (;;) {
      const start = this.#at;
      this.#value(depth + 1, false);
      if (depth === 1) this.#members.push([start, this.#at]);
      if (this.#isEnd(BRACKET_CLOSE)) return;
    }
  }

  /** After a member: true at the closing byte, false after a comma, with the next token in place. */
  #isEnd(close: number): boolean {
    this.#skipSpace();
    const byte = this.#bytes[this.#at];
    this.#at++;
    if (byte === close) return true;
    if (byte !== COMMA) throw this.#malformed();
    this.#skipSpace();
    return false;
  }

  #string(): void {
    const bytes = this.#bytes;
    const start = ++this.#at;
    let at = start;
    for (;;) {
      const byte = bytes[at];
      if (byte === undefined || byte < 0x20) throw this.#malformed();
      if (byte === QUOTE) break;
      at = byte === BACKSLASH ? this.#escape(at) : at + 1;
    }
    if (at - start > this.#limits.stringBytesMax) throw tooComplex('json_string_too_long');
    this.#at = at + 1;
  }

  #escape(at: number): number {
    const byte = this.#bytes[at + 1];
    if (byte === 0x75) {
      for (let index = at + 2; index < at + 6; index++) if (!isHex(this.#bytes[index])) throw this.#malformed();
      return at + 6;
    }
    // " \ / b f n r t
    if (byte === QUOTE || byte === BACKSLASH || byte === 0x2f || byte === 0x62 || byte === 0x66 || byte === 0x6e || byte === 0x72 || byte === 0x74) return at + 2;
    throw this.#malformed();
  }

  #number(): void {
    const start = this.#at;
    if (this.#bytes[this.#at] === MINUS) this.#at++;
    if (this.#bytes[this.#at] === ZERO) this.#at++;
    else this.#digits();
    let isInteger = true;
    if (this.#bytes[this.#at] === 0x2e) {
      isInteger = false;
      this.#at++;
      this.#digits();
    }
    const exponent = this.#bytes[this.#at];
    if (exponent === 0x65 || exponent === 0x45) {
      isInteger = false;
      this.#at++;
      const sign = this.#bytes[this.#at];
      if (sign === MINUS || sign === 0x2b) this.#at++;
      this.#digits();
    }
    const isShort = isInteger && this.#at - start <= DIGITS_ALWAYS_SAFE && this.#bytes[start] !== MINUS;
    if (!isShort && !this.#hasUnsafeNumber) this.#hasUnsafeNumber = isUnsafeNumber(this.#bytes.toString('latin1', start, this.#at));
  }

  #digits(): void {
    const start = this.#at;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || byte < ZERO || byte > NINE) break;
      this.#at++;
    }
    if (this.#at === start) throw this.#malformed();
  }

  #literal(byte: number | undefined): void {
    const word = byte === 0x74 ? 'true' : byte === 0x66 ? 'false' : byte === 0x6e ? 'null' : '';
    if (word === '' || this.#bytes.toString('latin1', this.#at, this.#at + word.length) !== word) throw this.#malformed();
    this.#at += word.length;
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  #malformed(): Fault {
    return new Fault('request.parse', { detail: `no JSON at byte ${this.#at}` });
  }
}

function isHex(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66));
}

function tooComplex(reason: string): Fault {
  return new Fault('request.json_too_complex', { reason });
}
