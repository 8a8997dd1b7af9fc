/**
 * Requests that a legacy server makes of us. Each is answered once; an answer after the server withdrew its request,
 * or after the connection ended, goes nowhere.
 */
import type { Envelope } from '../protocol/envelope.ts';
import type { JsonObject, RequestId, RpcError } from '../protocol/messages.ts';
import { metaOf } from '../protocol/meta.ts';
import type { ServerRequest } from './upstream.ts';

/** More unanswered requests than this are refused: a server that floods us with questions. */
const OPEN_MAX = 256;
export const METHOD_NOT_FOUND: RpcError = { code: -32601, message: 'Method not found' };

export class ServerAsks {
  readonly #open = new Map<RequestId, ServerRequest>();
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** The request in answerable form; undefined where it was refused here. */
  take(envelope: Envelope): ServerRequest | undefined {
    const { id } = envelope;
    if (id === undefined) return undefined;
    if (this.#open.has(id) || this.#open.size >= OPEN_MAX) {
      this.#write(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32600, message: 'Too many requests, or an id in use' } }));
      return undefined;
    }
    const params = envelope.body?.value ?? {};
    const token = metaOf(params)['progressToken'];
    const answer = (body: JsonObject): void => {
      if (this.#open.delete(id)) this.#write(JSON.stringify({ jsonrpc: '2.0', id, ...body }));
    };
    const request: ServerRequest = {
      method: envelope.method,
      params,
      reply: (result) => answer({ result }),
      refuse: ({ code, message, data }) => answer({ error: { code, message, ...(data === undefined ? {} : { data }) } }),
      progress: (progress) => {
        if (token !== undefined && this.#open.has(id)) this.#write(noticeOf('notifications/progress', { ...progress, progressToken: token }));
      },
    };
    this.#open.set(id, request);
    return request;
  }

  /** The server no longer wants an answer. */
  withdraw(id: unknown, reason: string): void {
    if (typeof id !== 'string' && typeof id !== 'number') return;
    const request = this.#open.get(id);
    this.#open.delete(id);
    request?.onWithdrawn?.(reason);
  }

  clear(): void {
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const request of all) request.onWithdrawn?.('the connection ended');
  }
}

function noticeOf(method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}
