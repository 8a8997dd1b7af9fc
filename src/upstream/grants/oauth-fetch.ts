/** The guarded fetch in the form that the OAuth library asks for. */
import type { FetchLike } from '@modelcontextprotocol/client';
import type { GuardedFetch } from '../dialer/guarded-fetch.ts';

/** Statuses whose answer may have no body (Fetch, "null body status"). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** Rejects with `egress.refused`. `operatorOrigins`: see `GuardedRequest`. */
export function createOAuthFetch(fetch: GuardedFetch, operatorOrigins: ReadonlySet<string>): FetchLike {
  return async (url, init = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    const method = init.method === 'POST' ? 'POST' : 'GET';
    const body = init.body === undefined || init.body === null ? undefined : String(init.body);
    const document = await fetch(String(url), undefined, { method, headers, operatorOrigins, ...(body === undefined ? {} : { body }) });
    const answered = new Headers();
    for (const [name, value] of Object.entries(document.headers)) if (typeof value === 'string') answered.set(name, value);
    return new Response(BODILESS.has(document.status) ? null : new Uint8Array(document.body), { status: document.status, headers: answered });
  };
}
