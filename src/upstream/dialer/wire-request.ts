/** One HTTP/1.1 request of ours, as the pool takes it, and its head as it is written (RFC 9112 section 3). */

export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path with query, as a parsed URL has it. */
  readonly path: string;
  /** As name, value, name, value; names in lower case. `host`, `connection` and `content-length` are added. */
  readonly headers: readonly string[];
  /** More of them, in front: an array that many requests share, whose text is made once. */
  readonly sharedHeaders?: readonly string[];
  readonly body?: string;
  /** For the whole exchange, waiting for a connection included; undefined: whoever asks keeps the time. */
  readonly timeoutMs?: number;
}

export interface WireController {
  /** Ends the exchange with its connection, unless it is over. The handler gets `reason` as its error. */
  abort(reason: Error): void;
}

/** What happens to one request, in this order; `onResponseError` or `onResponseEnd` comes once and last. */
export interface WireHandler {
  /** Its bytes are about to be written. Not called where no connection could be had. */
  onRequestStart(controller: WireController): void;
  /** Header names in lower case; a header that came more than once is a list. Informational (1xx) heads are left out. */
  onResponseStart(controller: WireController, status: number, headers: WireHeaders): void;
  onResponseData(controller: WireController, chunk: Buffer): void;
  onResponseEnd(): void;
  onResponseError(controller: WireController | undefined, error: Error): void;
}

export type WireHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A connection that broke, or spoke something else than HTTP. */
export class WireError extends Error {
  override readonly name = 'WireError';
  /** `malformed`: the bytes are no HTTP that we take. `cut_off`: they ended too early. */
  readonly kind: 'malformed' | 'cut_off';

  constructor(kind: 'malformed' | 'cut_off', message: string) {
    super(message);
    this.kind = kind;
  }
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Head and body in one piece of text, and how it is to be encoded. Throws a TypeError for what must not stand in a head. */
export function requestText({ method, path, headers, sharedHeaders, body }: WireRequest, host: string): { readonly head: string; readonly isLatin1: boolean } {
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${sharedHeaders === undefined ? '' : sharedText(sharedHeaders)}${headersText(headers)}`;
  if (body === undefined) return { head: `${head}\r\n`, isLatin1: true };
  const bytes = Buffer.byteLength(body);
  head += `content-length: ${bytes}\r\n\r\n`;
  return { head, isLatin1: bytes === body.length };
}

function headersText(headers: readonly string[]): string {
  let text = '';
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    const value = headers[at + 1] ?? '';
    if (!NAME.test(name) || !VALUE.test(value)) throw new TypeError(`header ${JSON.stringify(name)} cannot be sent`);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

const sharedTexts = new WeakMap<readonly string[], string>();

function sharedText(headers: readonly string[]): string {
  let text = sharedTexts.get(headers);
  if (text === undefined) sharedTexts.set(headers, (text = headersText(headers)));
  return text;
}
