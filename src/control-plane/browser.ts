/** The browser at the other end of an admin request: what of it operations read, and the cookies they give it. */
import { type CookieName, type CookieOptions, readCookie, toSetCookie } from '../auth/cookies.ts';

export interface Browser {
  /** Of the client, past proxies that are trusted. */
  readonly address: string;
  /** What it says it is; short, without control characters. */
  readonly name: string;
  /** Sent with every change from a page; checked to be one of ours before anything else. */
  readonly origin: string | undefined;
  /** Path and query of the request. */
  readonly target: string;
  cookie(name: CookieName): string | undefined;
  setCookie(name: CookieName, value: string, options: Omit<CookieOptions, 'isSecure'>): void;
  /** Lines of `Set-Cookie` for the answer. */
  readonly setCookies: readonly string[];
}

const NAME_CHARS_MAX = 200;

export function createBrowser(request: { readonly headers: Headers; readonly address: string; readonly target: string }, isSecureHost: (host: string | null) => boolean): Browser {
  const { headers, address, target } = request;
  const isSecure = isSecureHost(headers.get('host'));
  const lines: string[] = [];
  return {
    address,
    name: (headers.get('user-agent') ?? '').replace(/[^\x20-\x7e]/g, '').slice(0, NAME_CHARS_MAX),
    origin: headers.get('origin') ?? undefined,
    target,
    cookie: (name) => readCookie(headers.get('cookie'), name, isSecure),
    setCookie: (name, value, options) => void lines.push(toSetCookie(name, value, { ...options, isSecure })),
    setCookies: lines,
  };
}
