/** A browser as far as sign-ins need one: it keeps cookies by host and follows redirects. */

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  async open(address: string, form?: Readonly<Record<string, string>>): Promise<Page> {
    let url = new URL(address);
    let body = form === undefined ? undefined : new URLSearchParams(form);
    for (let hops = 0; hops < 15; hops++) {
      const jar = this.#cookies.get(url.host) ?? new Map<string, string>();
      this.#cookies.set(url.host, jar);
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers: Record<string, string> = { cookie, ...(body === undefined ? {} : { origin: url.origin }) };
      const response = await fetch(url, { redirect: 'manual', method: body === undefined ? 'GET' : 'POST', headers, ...(body === undefined ? {} : { body }) });
      for (const line of response.headers.getSetCookie()) {
        const [pair = ''] = line.split(';');
        const cut = pair.indexOf('=');
        if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.delete(pair.slice(0, cut));
        else jar.set(pair.slice(0, cut), pair.slice(cut + 1));
      }
      const location = response.headers.get('location');
      if (location === null) return { url: url.href, status: response.status, text: await response.text() };
      await response.body?.cancel();
      url = new URL(location, url);
      body = undefined;
    }
    throw new Error('too many redirects');
  }

  /** Opens a sign-in of ours and agrees. */
  async agree(connectUrl: string, more: Readonly<Record<string, string>> = {}): Promise<Page> {
    const page = await this.open(connectUrl);
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1];
    return csrf === undefined ? page : this.open(connectUrl, { csrf, ...more });
  }
}
