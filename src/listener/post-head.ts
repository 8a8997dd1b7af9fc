/**
 * Reads the head of a plain post: the one shape of request that nearly all traffic has, in the strict form of RFC 9112.
 * It accepts less than node:http does, never more: whatever it is not sure of it leaves alone, and node:http decides.
 */
import type { RequestHead } from '../base/http.ts';

const HEAD_CHARS_MAX = 16 * 1024;
const HEADERS_MAX = 100;
const REQUEST_LINE = /^POST (\/metamcp\/[A-Za-z0-9_-]{1,200}\/(?:mcp|message)(?:\?[!-~]*)?) HTTP\/1\.1$/;
/** A field name is a token; a value here is visible ASCII, blanks and tabs (RFC 9110 sections 5.1 and 5.5). */
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[!-~](?:[\t -~]*[!-~])?)?)[ \t]*$/;
/** What `FIELD` has after its colon. */
const VALUE = /^[ \t]*((?:[!-~](?:[\t -~]*[!-~])?)?)[ \t]*$/;
const LENGTH = /^(?:0|[1-9]\d{0,6})$/;
/** They change how the message is read, or what the connection is for; the last one is no name for a member. */
const NOT_PLAIN: ReadonlySet<string> = new Set(['transfer-encoding', 'upgrade', 'expect', 'te', 'trailer', 'proxy-connection', 'keep-alive', 'set-cookie', '__proto__']);

export interface PostHead extends RequestHead {
  /** Of the body. */
  readonly lengthBytes: number;
}

/**
 * The heads of one connection, one after the other. Clients say the same again and again, which needs no reading; a proxy
 * that serves many of them changes a line or two (a session, a length), and then only those are read.
 */
export class PostHeadReader {
  #text = '';
  /** Of `#text`; undefined: not needed yet. */
  #lines: readonly string[] | undefined;
  #head: PostHead | undefined;
  #frame: Frame | undefined;

  /** `text`: all before the empty line, one character a byte. Undefined: not plain. */
  read(text: string): PostHead | undefined {
    if (text === this.#text) return this.#head;
    const framed = this.#frame && readFramed(this.#frame, text);
    if (framed === undefined) this.#readLines(text);
    else {
      this.#head = framed;
      this.#lines = undefined;
    }
    this.#text = text;
    return this.#head;
  }

  #readLines(text: string): void {
    const lines = text.length > HEAD_CHARS_MAX ? [] : text.split('\r\n');
    const before = this.#lines ?? this.#text.split('\r\n');
    const changed = this.#head && readChanged(this.#head, before, lines);
    this.#head = changed?.head ?? readPostHead(lines);
    this.#frame = changed?.frame;
    this.#lines = lines;
  }
}

/** All of a head but the value of one field. Where heads differ in that alone, it is all that is looked at. */
interface Frame {
  readonly url: string;
  /** Up to the field's colon, and from the end of its line. */
  readonly before: string;
  readonly after: string;
  /** Of the field, in lower case; and of its value in `rawHeaders`. */
  readonly name: string;
  readonly rawAt: number;
  /** Of the body; undefined: the field has a say in it. */
  readonly lengthBytes: number | undefined;
  /** Copies of what is not frozen cost less, and nobody else has these. */
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: readonly string[];
}

function frameOf({ url, headers, rawHeaders, lengthBytes }: PostHead, lines: readonly string[], at: number): Frame {
  const written = rawHeaders[2 * at - 2] ?? '';
  const name = written.toLowerCase();
  const after = lines.slice(at + 1).map((line) => `\r\n${line}`);
  return {
    url,
    before: `${lines.slice(0, at).join('\r\n')}\r\n${written}:`,
    after: after.join(''),
    name,
    rawAt: 2 * at - 1,
    lengthBytes: OF_LENGTH.has(name) ? undefined : lengthBytes,
    headers: { ...(headers as Readonly<Record<string, string>>) },
    rawHeaders: [...rawHeaders],
  };
}

/** Undefined: the frame is another, or the value in it not plain. */
function readFramed(frame: Frame, text: string): PostHead | undefined {
  const { before, after } = frame;
  const end = text.length - after.length;
  if (text.length > HEAD_CHARS_MAX || end < before.length || text.slice(0, before.length) !== before || text.slice(end) !== after) return undefined;
  const value = VALUE.exec(text.slice(before.length, end))?.[1];
  if (value === undefined) return undefined;
  const headers = { ...frame.headers };
  headers[frame.name] = value;
  const rawHeaders = frame.rawHeaders.slice();
  rawHeaders[frame.rawAt] = value;
  const lengthBytes = frame.lengthBytes ?? lengthOf(headers);
  return lengthBytes === undefined ? undefined : postHead(frame.url, headers, rawHeaders, lengthBytes);
}

interface Changed {
  readonly head: PostHead;
  /** Where one value alone was another; the next heads may differ there too. */
  readonly frame: Frame | undefined;
}

/** Undefined: more is different than values of fields, or they are not plain. */
function readChanged(head: PostHead, before: readonly string[], lines: readonly string[]): Changed | undefined {
  if (lines.length !== before.length || lines[0] !== before[0]) return undefined;
  const headers = { ...(head.headers as Readonly<Record<string, string>>) };
  const rawHeaders = [...head.rawHeaders];
  let changedAt = 0;
  let changes = 0;
  for (let at = 1; at < lines.length; at++) {
    if (lines[at] === before[at]) continue;
    const [, name = '', value = ''] = FIELD.exec(lines[at] ?? '') ?? [];
    // The same names as before: none of them is there twice or forbidden.
    if (name === '' || name !== rawHeaders[2 * at - 2]) return undefined;
    headers[name.toLowerCase()] = value;
    rawHeaders[2 * at - 1] = value;
    changedAt = at;
    changes++;
  }
  const lengthBytes = lengthOf(headers);
  if (lengthBytes === undefined) return undefined;
  const found = postHead(head.url, headers, rawHeaders, lengthBytes);
  return { head: found, frame: changes === 1 ? frameOf(found, lines, changedAt) : undefined };
}

function readPostHead([first = '', ...lines]: readonly string[]): PostHead | undefined {
  const url = REQUEST_LINE.exec(first)?.[1];
  if (url === undefined || lines.length > HEADERS_MAX) return undefined;
  const rawHeaders: string[] = [];
  const headers = readFields(lines, rawHeaders);
  const lengthBytes = headers && lengthOf(headers);
  return headers === undefined || lengthBytes === undefined ? undefined : postHead(url, headers, rawHeaders, lengthBytes);
}

function postHead(url: string, headers: Record<string, string>, rawHeaders: string[], lengthBytes: number): PostHead {
  return Object.freeze({ url, headers: Object.freeze(headers), rawHeaders: Object.freeze(rawHeaders), lengthBytes });
}

function readFields(lines: readonly string[], rawHeaders: string[]): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const match = FIELD.exec(line);
    if (match === null) return undefined;
    const [, name = '', value = ''] = match;
    const lower = name.toLowerCase();
    // Two fields of one name: which counts, and what that means, is for others to say.
    if (NOT_PLAIN.has(lower) || Object.hasOwn(headers, lower)) return undefined;
    headers[lower] = value;
    rawHeaders.push(name, value);
  }
  return headers;
}

/** What `lengthOf` reads. */
const OF_LENGTH: ReadonlySet<string> = new Set(['host', 'connection', 'content-length']);

/** Of the body; undefined where the request is not whole in itself, or the last of its connection. */
function lengthOf({ host, connection = 'keep-alive', 'content-length': length }: Readonly<Record<string, string>>): number | undefined {
  return host !== undefined && connection.toLowerCase() === 'keep-alive' && length !== undefined && LENGTH.test(length) ? Number(length) : undefined;
}
