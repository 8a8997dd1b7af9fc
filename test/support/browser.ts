/** A browser as far as a sign-in needs one: cookies by host and path, redirects, forms. No script, no pages of its own. */

export interface PageSeen {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
}

interface Cookie {
  readonly host: string;
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

const REDIRECTS_MAX = 10;

export class Browser {
  #cookies: Cookie[] = [];
  readonly #language: string;

  constructor(language = 'en') {
    this.#language = language;
  }

  cookieNames(): string[] {
    return this.#cookies.map(({ name }) => name);
  }

  /** A cookie that somebody got for this browser elsewhere. */
  give(url: string, name: string, value: string): void {
    this.#cookies.push({ host: new URL(url).hostname, path: '/', name, value });
  }

  /** Follows redirects until a page, or until one leads to an address that begins with `until`: then that is the url, status 0. */
  async open(url: string, until?: string): Promise<PageSeen> {
    return this.#go(url, { method: 'GET' }, until);
  }

  /** Sends the only form of a page with the button of that value. */
  async submit(page: PageSeen, decision: string, until?: string): Promise<PageSeen> {
    const action = /<form method="post" action="([^"]+)"/.exec(page.html)?.[1];
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.html)?.[1];
    if (action === undefined || csrf === undefined) throw new Error(`There is no form at ${page.url}: ${page.status} ${page.html.slice(0, 500)}`);
    const target = new URL(action, page.url).href;
    const body = new URLSearchParams({ csrf, decision }).toString();
    return this.#go(target, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(target).origin } }, until);
  }

  async #go(start: string, init: RequestInit, until: string | undefined): Promise<PageSeen> {
    let [url, request] = [start, init];
    for (let count = 0; count < REDIRECTS_MAX; count++) {
      if (until !== undefined && url.startsWith(until)) return { url, status: 0, headers: new Headers(), html: '' };
      const answer = await fetch(url, {
        ...request,
        redirect: 'manual',
        headers: { ...(request.headers as Record<string, string>), 'accept-language': this.#language, accept: 'text/html', cookie: this.#cookiesFor(url) },
      });
      this.#keep(url, answer.headers.getSetCookie());
      const location = answer.headers.get('location');
      if (location === null) return { url, status: answer.status, headers: answer.headers, html: await answer.text() };
      await answer.body?.cancel();
      url = new URL(location, url).href;
      request = { method: 'GET' };
    }
    throw new Error(`more than ${REDIRECTS_MAX} redirects from ${start}`);
  }

  #cookiesFor(url: string): string {
    const { hostname, pathname } = new URL(url);
    return this.#cookies
      .filter(({ host, path }) => host === hostname && (path === '/' || pathname === path || pathname.startsWith(`${path}/`)))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  #keep(url: string, setCookies: readonly string[]): void {
    const host = new URL(url).hostname;
    for (const text of setCookies) {
      const [pair = '', ...attributes] = text.split(/;\s*/);
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      const path = attributes.find((attribute) => attribute.toLowerCase().startsWith('path='))?.slice(5) ?? '/';
      this.#cookies = this.#cookies.filter((cookie) => cookie.host !== host || cookie.name !== name || cookie.path !== path);
      if (value !== '') this.#cookies.push({ host, path, name, value });
    }
  }
}
