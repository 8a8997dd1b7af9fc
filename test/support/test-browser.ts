/** A browser as the admin API sees it: keeps cookies, sends the headers that our pages send, follows nothing by itself. */
import { PAGE_HEADER } from '../../src/contract/page-header.ts';

export interface BrowserAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

export interface AskOptions {
  readonly body?: unknown;
  /** Over those that a page of ours sends; undefined takes one away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

export class TestBrowser {
  readonly #origin: string;
  /** By name. */
  readonly cookies = new Map<string, string>();
  /** Every line of `Set-Cookie` that came. */
  readonly setCookies: string[] = [];

  constructor(origin: string) {
    this.#origin = origin;
  }

  async ask(method: string, path: string, { body, headers = {} }: AskOptions = {}): Promise<BrowserAnswer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const sent: Record<string, string | undefined> = {
      ...(cookie !== '' && { cookie }),
      ...(method !== 'GET' && { origin: this.#origin, [PAGE_HEADER]: '1' }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    };
    const response = await fetch(path.startsWith('http') ? path : this.#origin + path, {
      method,
      redirect: 'manual',
      headers: Object.fromEntries(Object.entries(sent).filter((entry): entry is [string, string] => entry[1] !== undefined)),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as Record<string, unknown> };
  }

  #keep(line: string): void {
    this.setCookies.push(line);
    const [pair = '', ...attributes] = line.split('; ');
    const name = pair.slice(0, pair.indexOf('='));
    if (attributes.includes('Max-Age=0')) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(pair.indexOf('=') + 1));
  }
}
