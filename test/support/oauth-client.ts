/** An OAuth client by hand: registers, asks, redeems. For tests of what no library of clients would ever send. */
import { createHash, randomBytes } from 'node:crypto';
import { Browser } from './browser.ts';

export const CALLBACK = 'http://127.0.0.1:1/callback';

export interface Registered {
  readonly client_id: string;
  readonly client_secret?: string;
}

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
  readonly scope: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Every request comes from an address of its own, told by a proxy that the gateway trusts: limits by address are not what is tested. */
let addresses = 0;
export function newAddress(): string {
  addresses++;
  return `198.51.${(addresses >> 8) & 255}.${addresses & 255}`;
}

export class OAuthClient {
  readonly #url: string;
  readonly #addressOf: () => string;
  readonly verifier = randomBytes(32).toString('base64url');

  constructor(gatewayUrl: string, addressOf = newAddress) {
    this.#url = gatewayUrl;
    this.#addressOf = addressOf;
  }

  async register(metadata: object = {}): Promise<Registered> {
    const { status, body } = await this.tryRegister(metadata);
    if (status !== 201) throw new Error(`registration refused: ${JSON.stringify(body)}`);
    return body as unknown as Registered;
  }

  tryRegister(metadata: object = {}): Promise<Answer> {
    return this.post(
      '/oauth/register',
      JSON.stringify({ client_name: 'Test client', redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none', ...metadata }),
      'application/json',
    );
  }

  /** The address a client sends its user to. A parameter that is undefined is left out. */
  authorizeUrl(clientId: string, changes: Readonly<Record<string, string | undefined>> = {}): string {
    const challenge = createHash('sha256').update(this.verifier).digest('base64url');
    const params = {
      client_id: clientId,
      redirect_uri: CALLBACK,
      response_type: 'code',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      state: 'state-1',
      ...changes,
    };
    const entries = Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return `${this.#url}/oauth/authorize?${new URLSearchParams(entries).toString()}`;
  }

  /** Through sign-in and consent to a code. */
  async code(clientId: string, changes: Readonly<Record<string, string | undefined>> = {}, browser = new Browser()): Promise<string> {
    const until = changes['redirect_uri'] ?? CALLBACK;
    const page = await browser.open(this.authorizeUrl(clientId, changes), until);
    const end = page.status === 0 ? page : await browser.submit(page, 'allow', until);
    const code = new URL(end.url).searchParams.get('code');
    if (code === null) throw new Error(`no code: ${end.url} ${end.html.slice(0, 300)}`);
    return code;
  }

  redeem(clientId: string, code: string, changes: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.form('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      client_id: clientId,
      redirect_uri: CALLBACK,
      code_verifier: this.verifier,
      ...changes,
    });
  }

  refresh(clientId: string, refreshToken: string, changes: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.form('/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId, ...changes });
  }

  async tokens(clientId: string, changes: Readonly<Record<string, string | undefined>> = {}): Promise<Tokens> {
    const { status, body } = await this.redeem(clientId, await this.code(clientId, changes));
    if (status !== 200) throw new Error(`no tokens: ${JSON.stringify(body)}`);
    return body as unknown as Tokens;
  }

  form(path: string, fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.post(path, new URLSearchParams(fields).toString(), 'application/x-www-form-urlencoded', headers);
  }

  async post(path: string, body: string, contentType: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const answer = await fetch(this.#url + path, {
      method: 'POST',
      body,
      headers: { 'content-type': contentType, 'x-forwarded-for': this.#addressOf(), ...headers },
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
  }

  /** `initialize` at an endpoint with a bearer token. */
  async initialize(mcpUrl: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    });
    const answer = await fetch(mcpUrl, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'x-forwarded-for': this.#addressOf(), ...headers },
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      body: answer.headers.get('content-type')?.includes('json') === true ? (JSON.parse(text) as Record<string, unknown>) : { text },
    };
  }
}
