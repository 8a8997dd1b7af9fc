/**
 * Fetches a small document from an address that no operator wrote: metadata of an authorization server, a client's
 * description, keys, tokens. A GET carries no credentials and follows a few redirects, each address judged anew; a POST
 * may carry some and therefore follows none. Size and time are bounded.
 */
import { Client, type Dispatcher } from 'undici';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { type AnswerHead, headerOf } from './answer-fault.ts';
import type { Dialer, DialTarget } from './dialer.ts';

export interface FetchedDocument {
  /** Where it came from in the end. */
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface GuardedRequest {
  /** Default: GET. */
  readonly method?: 'GET' | 'POST';
  /** Lower case. Sent to the first address only. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Origins that an operator wrote into the server's configuration: these may be dialled wherever they are. */
  readonly operatorOrigins?: ReadonlySet<string>;
}

/** Rejects with `egress.refused`, whatever went wrong: refused addresses and dead ones must look alike. */
export type GuardedFetch = (url: string, operatorUrl?: string, request?: GuardedRequest) => Promise<FetchedDocument>;

/** How much of a stranger's document is taken, and how long one waits for it. */
export interface FetchBounds {
  readonly redirectsMax: number;
  readonly bodyBytesMax: number;
  readonly timeoutMs: number;
}

const BOUNDS: FetchBounds = { redirectsMax: 3, bodyBytesMax: 1 << 20, timeoutMs: 10_000 };

interface FetchDeps {
  readonly clock: Clock;
  readonly dialer: Dialer;
  readonly bounds?: FetchBounds;
}

/** `operatorUrl` is an address that an operator wrote: its host and port may be private, those of others may not. */
export function createGuardedFetch(deps: FetchDeps): GuardedFetch {
  const bounds = deps.bounds ?? BOUNDS;
  return async (start, operatorUrl, request = {}) => {
    const deadlineMs = deps.clock.monotonicMs() + bounds.timeoutMs;
    let url = start;
    let own = request;
    for (let redirects = 0; redirects <= bounds.redirectsMax; redirects++) {
      const isOperators = isSameOrigin(url, operatorUrl) || request.operatorOrigins?.has(URL.parse(url)?.origin ?? '') === true;
      const target = isOperators ? deps.dialer.operatorTarget(url, '') : deps.dialer.guardedTarget(url);
      const document = await exchange({ ...deps, bounds, deadlineMs }, target, own);
      const next = own.method === 'POST' ? undefined : redirectTarget(document);
      if (next === undefined) return document;
      url = next;
      own = {};
    }
    throw refusal(start, `more than ${bounds.redirectsMax} redirects`);
  };
}

function isSameOrigin(url: string, operatorUrl: string | undefined): boolean {
  return operatorUrl !== undefined && URL.parse(url)?.origin === URL.parse(operatorUrl)?.origin;
}

async function exchange(deps: Required<FetchDeps> & { readonly deadlineMs: number }, { url, connect }: DialTarget, request: GuardedRequest): Promise<FetchedDocument> {
  const client = new Client(url.origin, { connect, allowH2: false, headersTimeout: 0, bodyTimeout: 0 });
  const { promise, resolve, reject } = Promise.withResolvers<FetchedDocument>();
  const cancelTimer = deps.clock.after(deps.deadlineMs - deps.clock.monotonicMs(), () => reject(refusal(url.href, 'no answer in time')));
  try {
    const { method = 'GET', body } = request;
    const headers = { accept: 'application/json', 'user-agent': 'metamcp', ...request.headers };
    client.dispatch({ method, path: url.pathname + url.search, headers, ...(body === undefined ? {} : { body }) }, new DocumentReader(url.href, deps.bounds.bodyBytesMax, { resolve, reject }));
    return await promise;
  } finally {
    cancelTimer();
    await client.destroy();
  }
}

class DocumentReader implements Dispatcher.DispatchHandler {
  readonly #url: string;
  readonly #bodyBytesMax: number;
  readonly #resolve: (document: FetchedDocument) => void;
  readonly #reject: (fault: Fault) => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #head: AnswerHead | undefined;

  constructor(url: string, bodyBytesMax: number, told: { readonly resolve: (document: FetchedDocument) => void; readonly reject: (fault: Fault) => void }) {
    this.#url = url;
    this.#bodyBytesMax = bodyBytesMax;
    this.#resolve = told.resolve;
    this.#reject = told.reject;
  }

  onRequestStart(): void {
    // Undici asks handlers to have one of its callbacks; nothing is to be done yet.
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHead['headers']): void {
    if (status >= 200) this.#head = { status, headers };
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#bodyBytesMax) this.#reject(refusal(this.#url, `above ${this.#bodyBytesMax} bytes`));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#head === undefined) this.#reject(refusal(this.#url, 'no answer'));
    else this.#resolve({ url: this.#url, ...this.#head, body: Buffer.concat(this.#chunks) });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error instanceof Fault ? error : refusal(this.#url, error.message));
  }
}

/** Where the document says it is; undefined where it is here. Never from https down to http. */
function redirectTarget(document: FetchedDocument): string | undefined {
  if (![301, 302, 303, 307, 308].includes(document.status)) return undefined;
  const next = URL.parse(headerOf(document, 'location') ?? '', document.url);
  if (next === null || headerOf(document, 'location') === undefined) throw refusal(document.url, 'a redirect to nowhere');
  if (document.url.startsWith('https:') && next.protocol !== 'https:') throw refusal(document.url, 'a redirect away from https');
  return next.href;
}

function refusal(url: string, detail: string): Fault {
  return new Fault('egress.refused', { detail: `${URL.parse(url)?.host ?? 'no URL'}: ${detail}` });
}
