/**
 * Answers of a tool as plain HTTP: the result as JSON, whatever went wrong as a problem (RFC 9457) with a status that says
 * what to do about it.
 */
import type { HttpResponse } from '../base/http.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { type MessageText, type Reply, wholeText } from './reply.ts';

/** Faults that MCP tells inside of a 200, by JSON-RPC code. */
const STATUS_OF: ReadonlyMap<number, number> = new Map([
  [-31007, 403],
  [-31009, 403],
  [-31010, 403],
  [-31013, 403],
  [-31008, 429],
  [-31006, 503],
  [-31011, 503],
  [-31012, 503],
  [-31014, 503],
  [-31001, 503],
  [-31002, 504],
  [-31003, 502],
  [-31004, 502],
  [-31005, 502],
]);
const TITLES: Readonly<Record<number, string>> = { 400: 'Bad request', 401: 'Who are you?', 403: 'Not allowed', 404: 'Not found', 405: 'Method not allowed', 413: 'Too large', 415: 'Send JSON', 422: 'The tool failed', 429: 'Too many requests', 500: 'Internal error', 502: 'The server failed', 503: 'Not available', 504: 'No answer in time' };

export class ApiReply implements Reply {
  readonly #response: HttpResponse;
  readonly #correlationId: string;
  #isOver = false;
  onGone: () => void = () => undefined;

  constructor(response: HttpResponse, correlationId: string) {
    this.#response = response;
    this.#correlationId = correlationId;
    response.on('close', () => {
      if (!this.#isOver) this.onGone();
    });
  }

  get isGone(): boolean {
    return !this.#isOver && this.#response.destroyed;
  }

  /** Plain HTTP has no place for what comes before an answer. */
  send(): boolean {
    return false;
  }

  end(message: MessageText, httpStatus: number, headers: Readonly<Record<string, string>> = {}): void {
    this.#isOver = true;
    if (this.#response.destroyed) return;
    const { result, error } = JSON.parse(wholeText(message)) as { readonly result?: JsonObject; readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown } };
    if (result !== undefined) {
      const shown = withoutEnvelope(result);
      if (result['isError'] === true) writeProblem(this.#response, { status: 422, code: 'tool.error', detail: textOf(result), correlationId: this.#correlationId, more: { result: shown } });
      else writeJson(this.#response, 200, { ...shown }, { 'content-type': 'application/json' });
      return;
    }
    const data = isObject(error?.data) ? error.data : {};
    const code = error?.code ?? -32603;
    writeProblem(this.#response, { status: statusOf(code, httpStatus, data), code: String(data['reason'] ?? code), detail: error?.message ?? 'Internal error', correlationId: this.#correlationId, more: data, headers });
  }
}

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly correlationId: string;
  readonly more?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
}

export function writeProblem(response: HttpResponse, { status, code, detail, correlationId, more = {}, headers = {} }: Problem): void {
  writeJson(response, status, { ...more, type: `urn:metamcp:fault:${code}`, title: TITLES[status] ?? 'Failed', status, detail, instance: `urn:metamcp:request:${correlationId}` }, { 'content-type': 'application/problem+json', ...headers });
}

export function writeJson(response: HttpResponse, status: number, body: JsonObject, headers: Readonly<Record<string, string>>): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers });
  response.end(text);
}

function statusOf(code: number, httpStatus: number, data: JsonObject): number {
  if (code === -32602) return data['reason'] === 'routing.unknown' ? 404 : 400;
  return STATUS_OF.get(code) ?? (httpStatus >= 400 ? httpStatus : data['source'] === 'gateway' ? 500 : 502);
}

/** What belongs to MCP's own revisions and not to the result. */
function withoutEnvelope(result: JsonObject): JsonObject {
  const { resultType: _type, ttlMs: _ttl, cacheScope: _scope, _meta, ...rest } = result;
  return rest;
}

function textOf(result: JsonObject): string {
  const blocks: readonly unknown[] = Array.isArray(result['content']) ? result['content'] : [];
  return blocks.map((block) => (isObject(block) && typeof block['text'] === 'string' ? block['text'] : '')).join('\n').slice(0, 4_000);
}
