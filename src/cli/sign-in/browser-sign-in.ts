/**
 * Signs in to an endpoint that asks for a token: by a kept one, by refreshing it, else in the browser, with PKCE and a
 * redirect to loopback. The tokens are kept for the next time.
 */
import { randomBytes } from 'node:crypto';
import { auth, extractWWWAuthenticateParams, type OAuthClientProvider } from '@modelcontextprotocol/client';
import type { CliHost } from '../host.ts';
import { Refusal } from '../refusal.ts';
import { type KeptSignIn, type KeptSignIns, openKeptSignIns } from './kept-sign-ins.ts';
import { type LoopbackRedirect, openLoopbackRedirect } from './loopback-redirect.ts';
import { openBrowser } from './open-browser.ts';

export interface BrowserSignInDeps {
  readonly host: Pick<CliHost, 'env' | 'platform' | 'clock' | 'stopping'>;
  readonly dataFolder: string;
  /** For people, on stderr. */
  readonly log: (text: string) => void;
  /** Whether a person may be asked; without that, only what is kept counts. */
  readonly isInteractive: boolean;
}

export interface SignIn {
  /** The kept token for an address; undefined where there is none. */
  token(url: string): Promise<string | undefined>;
  /** After a 401: another token than `refused`; undefined where there can be none. Rejects with a Refusal where the sign-in failed. */
  renew(url: string, refused: string | undefined, challenge: string | undefined): Promise<string | undefined>;
}

const WAIT_MS = 5 * 60_000;
const ADVICE = 'Give a key with --key or METAMCP_KEY instead, or try again.';

export function createBrowserSignIn(deps: BrowserSignInDeps): SignIn {
  const kept = openKeptSignIns(deps.dataFolder);
  let pending: Promise<string | undefined> | undefined;
  const token = async (url: string): Promise<string | undefined> => (await kept.find(url)).tokens?.access_token;
  return {
    token,
    async renew(url, refused, challenge) {
      // One sign-in for all requests that were refused together; another process may have been faster.
      const now = await token(url);
      if (now !== undefined && now !== refused && pending === undefined) return now;
      pending ??= signIn({ url, challenge, kept, deps }).finally(() => {
        pending = undefined;
      });
      return await pending;
    },
  };
}

interface Attempt {
  readonly url: string;
  /** `WWW-Authenticate` of the refusal. */
  readonly challenge: string | undefined;
  readonly kept: KeptSignIns;
  readonly deps: BrowserSignInDeps;
}

async function signIn(attempt: Attempt): Promise<string | undefined> {
  const { url, challenge, kept, deps } = attempt;
  const former = await kept.find(url);
  if (!deps.isInteractive && former.tokens === undefined) return undefined;
  const redirect = await openLoopbackRedirect({ clock: deps.host.clock, waitMs: WAIT_MS, stopping: deps.host.stopping });
  try {
    const provider = new KeptProvider(attempt, former, redirect);
    const said = challenge === undefined ? {} : extractWWWAuthenticateParams(new Response(null, { headers: { 'www-authenticate': challenge } }));
    const about = { serverUrl: url, ...(said.resourceMetadataUrl && { resourceMetadataUrl: said.resourceMetadataUrl }), ...(said.scope !== undefined && { scope: said.scope }) };
    const isAuthorized = (await auth(provider, about)) === 'AUTHORIZED';
    if (!isAuthorized && !deps.isInteractive) return undefined;
    if (!isAuthorized) await finish(provider, redirect, about);
    return provider.tokens()?.access_token;
  } catch (thrown) {
    if (thrown instanceof Refusal) throw thrown;
    throw new Refusal(`The sign-in at ${new URL(url).host} did not succeed: ${thrown instanceof Error ? thrown.message : String(thrown)}`, ADVICE, thrown);
  } finally {
    redirect.close();
  }
}

async function finish(provider: KeptProvider, redirect: LoopbackRedirect, about: { readonly serverUrl: string }): Promise<void> {
  const params = await redirect.answer(provider.state());
  const code = params.get('code');
  const iss = params.get('iss') ?? undefined;
  // What an answer without code says may come from anybody: only its code word is shown.
  if (code === null) throw new Refusal(`The sign-in was refused (${(params.get('error') ?? 'no code').replace(/[^\w.-]/g, '').slice(0, 100)}).`, ADVICE);
  await auth(provider, { ...about, authorizationCode: code, ...(iss !== undefined && { iss }) });
}

type Client = NonNullable<Awaited<ReturnType<OAuthClientProvider['clientInformation']>>>;
type Tokens = NonNullable<Awaited<ReturnType<OAuthClientProvider['tokens']>>>;

/** A client is registered for each sign-in in the browser, since its redirect has a port of its own; refreshes use the kept one. */
class KeptProvider implements OAuthClientProvider {
  readonly redirectUrl: string;
  readonly #attempt: Attempt;
  readonly #state = randomBytes(32).toString('base64url');
  #client: Client | undefined;
  #tokens: Tokens | undefined;
  #verifier = '';

  constructor(attempt: Attempt, former: KeptSignIn, redirect: LoopbackRedirect) {
    this.#attempt = attempt;
    this.redirectUrl = redirect.url;
    if (former.tokens?.['refresh_token'] !== undefined) {
      this.#client = former.client as Client | undefined;
      this.#tokens = former.tokens as Tokens;
    }
  }

  get clientMetadata() {
    return { client_name: 'MetaMCP command line', redirect_uris: [this.redirectUrl], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none', application_type: 'native' };
  }

  state(): string {
    return this.#state;
  }

  clientInformation(): Client | undefined {
    return this.#client;
  }

  saveClientInformation(client: Client): void {
    this.#client = client;
  }

  tokens(): Tokens | undefined {
    return this.#tokens;
  }

  async saveTokens(tokens: Tokens): Promise<void> {
    this.#tokens = tokens;
    const { kept, url } = this.#attempt;
    await kept.save(url, { client: this.#client, tokens } as KeptSignIn);
  }

  redirectToAuthorization(address: URL): void {
    const { deps } = this.#attempt;
    if (!deps.isInteractive) return;
    if (address.protocol !== 'https:' && address.protocol !== 'http:') throw new Refusal('The authorization server named an address that is not for a browser.', ADVICE);
    deps.log(`Sign in at: ${address.href}`);
    openBrowser(address, deps.host);
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  invalidateCredentials(scope: string): void {
    if (scope === 'all' || scope === 'client') this.#client = undefined;
    if (scope === 'all' || scope === 'tokens') this.#tokens = undefined;
  }
}
