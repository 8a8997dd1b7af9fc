/**
 * Fetches a small document from an address that no operator wrote: metadata of an authorization server, a client's
 * description, keys. GET only, without cookies or credentials; redirects are followed a few times, each address judged
 * anew; size and time are bounded.
 */
import { Client, type Dispatcher } from 'undici';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { type AnswerHead, headerOf } from './answer-fault.ts';
import type { Dialer } from './dialer.ts';

export interface FetchedDocument {
  /** Where it came from in the end. */
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Rejects with `egress.refused`, whatever went wrong: refused addresses and dead ones must look alike. */
export type GuardedFetch = (url: string) => Promise<FetchedDocument>;

const REDIRECTS_MAX = 3;
const BODY_BYTES_MAX = 1 << 20;
const TOTAL_TIMEOUT_MS = 10_000;

export function createGuardedFetch(deps: { readonly clock: Clock; readonly dialer: Dialer }): GuardedFetch {
  return async (start) => {
    const deadlineMs = deps.clock.monotonicMs() + TOTAL_TIMEOUT_MS;
    let url = start;
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      const document = await get(deps, url, deadlineMs);
      const next = redirectTarget(document);
      if (next === undefined) return document;
      url = next;
    }
    throw refusal(start, `more than ${REDIRECTS_MAX} redirects`);
  };
}

async function get(deps: { readonly clock: Clock; readonly dialer: Dialer }, text: string, deadlineMs: number): Promise<FetchedDocument> {
  const { url, connect } = deps.dialer.guardedTarget(text);
  const client = new Client(url.origin, { connect, allowH2: false, headersTimeout: 0, bodyTimeout: 0 });
  const { promise, resolve, reject } = Promise.withResolvers<FetchedDocument>();
  const cancelTimer = deps.clock.after(deadlineMs - deps.clock.monotonicMs(), () => reject(refusal(url.href, 'no answer in time')));
  try {
    client.dispatch({ method: 'GET', path: url.pathname + url.search, headers: { accept: 'application/json', 'user-agent': 'metamcp' } }, new DocumentReader(url.href, resolve, reject));
    return await promise;
  } finally {
    cancelTimer();
    await client.destroy();
  }
}

class DocumentReader implements Dispatcher.DispatchHandler {
  readonly #url: string;
  readonly #resolve: (document: FetchedDocument) => void;
  readonly #reject: (fault: Fault) => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #head: AnswerHead | undefined;

  constructor(url: string, resolve: (document: FetchedDocument) => void, reject: (fault: Fault) => void) {
    this.#url = url;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {
    // Undici asks handlers to have one of its callbacks; nothing is to be done yet.
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHead['headers']): void {
    if (status >= 200) this.#head = { status, headers };
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > BODY_BYTES_MAX) this.#reject(refusal(this.#url, `above ${BODY_BYTES_MAX} bytes`));
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
