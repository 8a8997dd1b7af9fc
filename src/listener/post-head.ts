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
const LENGTH = /^(?:0|[1-9]\d{0,6})$/;
/** They change how the message is read, or what the connection is for; the last one is no name for a member. */
const NOT_PLAIN: ReadonlySet<string> = new Set(['transfer-encoding', 'upgrade', 'expect', 'te', 'trailer', 'proxy-connection', 'keep-alive', 'set-cookie', '__proto__']);

export interface PostHead extends RequestHead {
  /** Of the body. */
  readonly lengthBytes: number;
}

/** `text`: all before the empty line, one character a byte. Undefined: not plain. */
export function readPostHead(text: string): PostHead | undefined {
  if (text.length > HEAD_CHARS_MAX) return undefined;
  const [first = '', ...lines] = text.split('\r\n');
  const url = REQUEST_LINE.exec(first)?.[1];
  if (url === undefined || lines.length > HEADERS_MAX) return undefined;
  const rawHeaders: string[] = [];
  const headers = readFields(lines, rawHeaders);
  const lengthBytes = headers && lengthOf(headers);
  if (lengthBytes === undefined) return undefined;
  return Object.freeze({ url, headers: Object.freeze(headers ?? {}), rawHeaders: Object.freeze(rawHeaders), lengthBytes });
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

/** Of the body; undefined where the request is not whole in itself, or the last of its connection. */
function lengthOf({ host, connection = 'keep-alive', 'content-length': length }: Readonly<Record<string, string>>): number | undefined {
  return host !== undefined && connection.toLowerCase() === 'keep-alive' && length !== undefined && LENGTH.test(length) ? Number(length) : undefined;
}
