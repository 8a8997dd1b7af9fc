/**
 * Requests that a legacy server makes of us. Each is answered once; an answer after the server withdrew its request,
 * or after the connection ended, goes nowhere.
 */
import type { Envelope } from '../protocol/envelope.ts';
import type { JsonObject, RequestId, RpcError } from '../protocol/messages.ts';
import type { ServerRequest } from './upstream.ts';

/** More unanswered requests than this are refused: a server that floods us with questions. */
const OPEN_MAX = 256;
export const METHOD_NOT_FOUND: RpcError = { code: -32601, message: 'Method not found' };

export class ServerAsks {
  readonly #open = new Set<RequestId>();
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
    this.#open.add(id);
    const answer = (body: JsonObject): void => {
      if (this.#open.delete(id)) this.#write(JSON.stringify({ jsonrpc: '2.0', id, ...body }));
    };
    return {
      method: envelope.method,
      params: envelope.body?.value ?? {},
      reply: (result) => answer({ result }),
      refuse: ({ code, message, data }) => answer({ error: { code, message, ...(data === undefined ? {} : { data }) } }),
    };
  }

  /** The server no longer wants an answer. */
  withdraw(id: unknown): void {
    if (typeof id === 'string' || typeof id === 'number') this.#open.delete(id);
  }

  clear(): void {
    this.#open.clear();
  }
}
