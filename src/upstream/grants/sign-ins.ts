/**
 * Sign-ins of people at the authorization servers of our servers: an address that we hand out, a page of ours where the
 * person agrees, the way there and back, and the call that waits for it.
 *
 * The address carries nothing but a random id, and opening it changes nothing: `start` runs when the person agreed, in
 * a browser that proved to be the principal's. `state` is made then, works once, in that browser, for ten minutes.
 */
import { exchangeAuthorization, IssuerMismatchError, startAuthorization, validateAuthorizationResponseIssuer } from '@modelcontextprotocol/client';
import { hash } from 'node:crypto';
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { GrantKey, RegisteredClient } from '../../model/grant.ts';
import { SERVICE } from '../../model/grant.ts';
import { isPerPrincipal } from '../../model/server-auth.ts';
import type { ServerSpec } from '../../model/server.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { scopesOf } from './challenge.ts';
import { chooseClient } from './client-choice.ts';
import type { Grants, ResolvedServer } from './grants.ts';
import { toClientInformation, wordFor } from './token-request.ts';

export interface SignInsDeps {
  readonly clock: Clock;
  readonly grants: Grants;
  /** 256 random bits, base64url. */
  readonly randomText: () => string;
  /** The server as it is configured now; undefined where it is gone. */
  readonly findServer: (name: string) => ServerSpec | undefined;
  /** Where the issuer sends the browser back to. */
  readonly redirectUrl: () => string;
  /** Where the world can read our client metadata document; undefined where it cannot. */
  readonly clientIdUrl: () => string | undefined;
  readonly connectUrl: (id: string) => string;
  readonly onGiven: (key: GrantKey) => void;
}

export interface SignInLink {
  readonly id: string;
  readonly url: string;
}

/** What the page tells the person before it leads away. */
export interface SignInPreview extends GrantKey {
  readonly principalName: string;
  readonly isForService: boolean;
  readonly issuer: string;
  readonly resource: string;
  readonly scopes: readonly string[];
}

interface Pending extends GrantKey {
  readonly principalName: string;
  readonly untilMs: number;
}

interface Flow extends GrantKey {
  readonly pendingId: string;
  readonly server: string;
  readonly resolved: ResolvedServer;
  readonly at: AuthorizationServer;
  readonly client: RegisteredClient;
  readonly scope: string | undefined;
  readonly redirectUrl: string;
  readonly codeVerifier: string;
  readonly browser: string;
  readonly untilMs: number;
}

export const SIGN_IN_MS = 10 * 60_000;
const PENDING_MAX = 10_000;

export class SignIns {
  readonly #deps: SignInsDeps;
  /** Ids and states are kept as digests: whoever reads our memory cannot use them. */
  readonly #pending = new Map<string, Pending>();
  readonly #links = new Map<string, SignInLink>();
  readonly #flows = new Map<string, Flow>();
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(deps: SignInsDeps) {
    this.#deps = deps;
  }

  /** The address where this principal can sign in to the server; the same one while it is young. Undefined where no sign-in is configured. */
  begin(server: string, principal: { readonly id: string; readonly name: string }): SignInLink | undefined {
    const spec = this.#deps.findServer(server);
    if (spec?.auth?.type !== 'oauth') return undefined;
    const key: GrantKey = { server, principal: isPerPrincipal(spec.auth) ? principal.id : SERVICE };
    const nowMs = this.#deps.clock.nowMs();
    const known = this.#links.get(textOf(key));
    const pending = known && this.#pending.get(digest(known.id));
    if (known !== undefined && pending !== undefined && pending.untilMs - nowMs > SIGN_IN_MS / 2) return known;
    const id = this.#deps.randomText();
    const link = { id, url: this.#deps.connectUrl(id) };
    this.#sweep(nowMs);
    this.#pending.set(digest(id), { ...key, principalName: principal.name, untilMs: nowMs + SIGN_IN_MS });
    this.#links.set(textOf(key), link);
    return link;
  }

  /** Whose sign-in it is. Throws `request.not_found`. */
  find(id: string): GrantKey {
    return this.#get(id);
  }

  /** Changes nothing. Rejects with `request.not_found`, or why the authorization server cannot be used. */
  async preview(id: string): Promise<SignInPreview> {
    const pending = this.#get(id);
    const { at, scope } = await this.#prepare(pending);
    const { server, principal, principalName } = pending;
    return { server, principal, principalName, isForService: principal === SERVICE, issuer: at.issuer, resource: at.resource, scopes: scopesOf(scope) };
  }

  /** The person agreed, in that browser: where to lead it. Rejects as `preview`, and with `upstream.unavailable`, reason `client_registration`. */
  async start(id: string, browser: string): Promise<string> {
    const pending = this.#get(id);
    const { server, principal } = pending;
    const { resolved, at, scope } = await this.#prepare(pending);
    const redirectUrl = this.#deps.redirectUrl();
    const client = await chooseClient({
      server,
      at,
      configured: resolved.client,
      isIssuerConfigured: resolved.auth.issuer !== undefined,
      redirectUrl,
      clientIdUrl: this.#deps.clientIdUrl(),
      fetch: resolved.fetch,
      store: this.#deps.grants.deps.store,
    });
    if (client.clientSecret !== undefined) this.#deps.grants.deps.protect(client.clientSecret);
    const state = this.#deps.randomText();
    const { authorizationUrl, codeVerifier } = await startAuthorization(at.issuer, {
      metadata: at.metadata,
      clientInformation: toClientInformation(client),
      redirectUrl,
      state,
      resource: at.resource,
      ...(scope === undefined ? {} : { scope }),
    });
    const untilMs = this.#deps.clock.nowMs() + SIGN_IN_MS;
    this.#flows.set(digest(state), { server, principal, pendingId: digest(id), resolved, at, client, scope, redirectUrl, codeVerifier, browser: digest(browser), untilMs });
    return authorizationUrl.href;
  }

  /**
   * The issuer sent the browser back. Rejects with `request.params_invalid` (an answer that is not ours to take),
   * `auth.credential_invalid` (another browser) or `upstream.unavailable` (no tokens); then nothing was stored.
   */
  async finish(params: URLSearchParams, browser: string): Promise<GrantKey> {
    const state = digest(params.get('state') ?? '');
    const flow = this.#flows.get(state);
    this.#flows.delete(state);
    if (flow === undefined || flow.untilMs < this.#deps.clock.nowMs()) throw new Fault('request.params_invalid', { message: 'This sign-in is over or was never begun; start it again.', reason: 'state_unknown' });
    if (flow.browser !== digest(browser)) throw new Fault('auth.credential_invalid', { message: 'This sign-in was begun in another browser.', reason: 'other_browser' });
    checkIssuer(params, flow);
    const code = params.get('code');
    // What the issuer says of the error is not shown: only its code, where it is one.
    if (code === null) throw failed(flow, `the authorization server answered ${/^[a-z_]{1,40}$/.exec(params.get('error') ?? '')?.[0] ?? 'without a code'}`);
    const key = await this.#redeem(flow, code, params.get('iss') ?? undefined);
    this.#pending.delete(flow.pendingId);
    this.#links.delete(textOf(key));
    this.#deps.grants.changed(key);
    this.#deps.onGiven(key);
    this.#wake(key);
    return key;
  }

  /** Resolves with true once the principal signed in, with false after `timeoutMs` or when `cancelled` does. */
  whenGiven(server: string, principalId: string, wait: { readonly timeoutMs: number; readonly cancelled: Promise<unknown> }): Promise<boolean> {
    const auth = this.#deps.findServer(server)?.auth;
    const key = textOf({ server, principal: isPerPrincipal(auth) ? principalId : SERVICE });
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, waiting);
      let cancelTimer: CancelTimer = () => undefined;
      const settle = (isGiven: boolean): void => {
        cancelTimer();
        waiting.delete(given);
        if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
        resolve(isGiven);
      };
      const given = (): void => settle(true);
      waiting.add(given);
      cancelTimer = this.#deps.clock.after(wait.timeoutMs, () => settle(false));
      void wait.cancelled.then(() => settle(false));
    });
  }

  async #redeem(flow: Flow, code: string, iss: string | undefined): Promise<GrantKey> {
    const { grants } = this.#deps;
    const { at, client, codeVerifier, redirectUrl, resolved, scope, server, principal } = flow;
    try {
      const tokens = await exchangeAuthorization(at.issuer, {
        metadata: at.metadata,
        clientInformation: toClientInformation(client),
        authorizationCode: code,
        codeVerifier,
        redirectUri: redirectUrl,
        resource: at.resource,
        fetchFn: resolved.fetch,
        ...(iss === undefined ? {} : { iss }),
      });
      await grants.keep(tokens, { server, principal, at, client, scope, former: undefined });
      return { server, principal };
    } catch (thrown) {
      if (thrown instanceof Fault) throw thrown;
      throw failed(flow, `the code was not redeemed: ${wordFor(thrown)}`, thrown);
    }
  }

  async #prepare({ server, principal }: GrantKey): Promise<{ readonly resolved: ResolvedServer; readonly at: AuthorizationServer; readonly scope: string | undefined }> {
    const { grants, findServer } = this.#deps;
    const spec = findServer(server);
    if (spec?.auth === undefined) throw new Fault('request.not_found');
    const holder = grants.holder(spec, principal);
    const resolved = await grants.resolve(spec);
    // Who was never refused himself asks for what the server said to our own connection.
    const challenge = holder.challenge ?? grants.holder(spec, undefined).challenge;
    const at = await grants.discover(resolved, challenge);
    return { resolved, at, scope: grants.scopeFor(resolved.auth, { at, challenge, former: holder.grant }) };
  }

  #get(id: string): Pending {
    const pending = this.#pending.get(digest(id));
    if (pending === undefined || pending.untilMs < this.#deps.clock.nowMs()) throw new Fault('request.not_found', { message: 'This sign-in is over; start it again from your client.' });
    return pending;
  }

  #wake(key: GrantKey): void {
    for (const given of [...(this.#waiting.get(textOf(key)) ?? [])]) given();
  }

  #sweep(nowMs: number): void {
    for (const [id, { untilMs }] of this.#pending) if (untilMs < nowMs || this.#pending.size >= PENDING_MAX) this.#pending.delete(id);
    for (const [key, { id }] of this.#links) if (!this.#pending.has(digest(id))) this.#links.delete(key);
    for (const [state, { untilMs }] of this.#flows) if (untilMs < nowMs || this.#flows.size >= PENDING_MAX) this.#flows.delete(state);
  }
}

/** The four rows of 2026-07-28, "Authorization Response Validation"; errors too are only believed from the right issuer. */
function checkIssuer(params: URLSearchParams, { at, server }: Flow): void {
  const iss = params.get('iss') ?? undefined;
  try {
    validateAuthorizationResponseIssuer({ iss, expectedIssuer: at.issuer, issParameterSupported: at.metadata.authorization_response_iss_parameter_supported === true });
  } catch (thrown) {
    if (!(thrown instanceof IssuerMismatchError)) throw thrown;
    throw new Fault('request.params_invalid', { server, message: 'The answer does not come from the authorization server that was asked.', reason: 'issuer_mismatch', cause: thrown });
  }
}

function failed({ server }: Flow, detail: string, cause?: unknown): Fault {
  return new Fault('upstream.unavailable', { server, reason: 'sign_in_failed', message: 'The sign-in did not succeed.', detail, ...(cause === undefined ? {} : { cause }) });
}

function textOf({ server, principal }: GrantKey): string {
  return `${server}\n${principal}`;
}

function digest(text: string): string {
  return hash('sha256', text, 'base64url');
}
