/**
 * The gateway as OAuth client of MCP servers: which tokens belong to which connection, and how there come to be any.
 * Tokens are kept for one server, principal, issuer and resource, and used for nothing else.
 */
import { checkResourceAllowed, type FetchLike, type OAuthTokens } from '@modelcontextprotocol/client';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { newId, type RandomBytes } from '../../base/ids.ts';
import { type Grant, type GrantKey, type RegisteredClient, SERVICE } from '../../model/grant.ts';
import { isPerPrincipal, type ServerAuth } from '../../model/server-auth.ts';
import type { ServerSpec } from '../../model/server.ts';
import type { GuardedFetch } from '../dialer/guarded-fetch.ts';
import { type AuthorizationServer, canonical, discoverAuthorizationServer } from './authorization-server.ts';
import { type Challenge, unionScopes } from './challenge.ts';
import type { GrantStore } from './grant-store.ts';
import { createOAuthFetch } from './oauth-fetch.ts';
import { SubjectTokens } from './subject-tokens.ts';
import { TokenHolder } from './token-holder.ts';
import { isClientGone, requestExchange, requestForItself, requestRefresh, revokeToken } from './token-request.ts';

export interface GrantsDeps {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly fetch: GuardedFetch;
  readonly store: GrantStore;
  /** Resolves `${…}` of a server's texts. Rejects with `config.value_missing`. */
  readonly values: (spec: ServerSpec) => Promise<(text: string) => string>;
  /** A secret that came into being: it must not be seen in any log. */
  readonly protect: (secret: string) => void;
  readonly report: (event: string, fields: Readonly<Record<string, string>>) => void;
}

/** A server with its texts resolved. */
export interface ResolvedServer {
  readonly spec: ServerSpec;
  readonly url: string;
  readonly auth: ServerAuth;
  readonly client: RegisteredClient | undefined;
  readonly privateKey: string | undefined;
  readonly fetch: FetchLike;
}

/** What was found out about a server's authorization server holds so long. */
const DISCOVERY_MS = 10 * 60_000;

/** The holder of a server's own connection where everybody signs in. */
const BORROWED = '';

/** What tokens are for. */
interface About extends GrantKey {
  readonly at: AuthorizationServer;
  readonly client: RegisteredClient;
  readonly scope: string | undefined;
  readonly former: Grant | undefined;
}

export class Grants {
  readonly deps: GrantsDeps;
  readonly subjects: SubjectTokens;
  readonly #holders = new Map<string, TokenHolder>();
  readonly #found = new Map<string, { readonly at: AuthorizationServer; readonly untilMs: number }>();

  constructor(deps: GrantsDeps) {
    this.deps = deps;
    this.subjects = new SubjectTokens(deps.clock);
  }

  /**
   * The tokens for a connection of that principal; undefined: for the server's own connection, which reads what the server
   * offers. Where everybody signs in, that one borrows the grant that was given last, and only as far as a server wants one.
   */
  holder(spec: ServerSpec, principalId: string | undefined): TokenHolder {
    const principal = isPerPrincipal(spec.auth) ? (principalId ?? BORROWED) : SERVICE;
    const key = `${spec.name}\n${principal}\n${spec.fingerprint}`;
    const known = this.#holders.get(key);
    if (known !== undefined) return known;
    const holder = new TokenHolder({
      server: spec.name,
      clock: this.deps.clock,
      load: () => this.#load(spec, principal),
      renew: (former, challenge) => this.#renew(spec, { principal, former, challenge }),
      drop: (grant) => (principal === BORROWED ? Promise.resolve() : this.deps.store.remove(grant)),
      report: this.deps.report,
    });
    this.#holders.set(key, holder);
    return holder;
  }

  /** Somebody signed in or withdrew: what is stored counts from now on. */
  changed({ server, principal }: GrantKey): void {
    for (const [key, holder] of this.#holders) {
      const [ofServer, ofPrincipal] = key.split('\n');
      if (ofServer === server && (ofPrincipal === principal || ofPrincipal === BORROWED)) holder.forget();
    }
  }

  async resolve(spec: ServerSpec): Promise<ResolvedServer> {
    const { auth } = spec;
    if (auth === undefined) throw new Fault('gateway.bug', { detail: `server ${spec.name} has no auth` });
    const values = await this.deps.values(spec);
    const text = (value: string | undefined): string | undefined => (value === undefined ? undefined : values(value));
    const url = values(spec.url);
    const clientId = text(auth.clientId);
    const clientSecret = text(auth.clientSecret);
    const privateKey = auth.type === 'client-credentials' ? text(auth.privateKey) : undefined;
    for (const secret of [clientSecret, privateKey]) if (secret !== undefined) this.deps.protect(secret);
    const origins = [url, auth.issuer].flatMap((address) => (address === undefined ? [] : [new URL(address).origin]));
    return { spec, url, auth, privateKey, client: clientId === undefined ? undefined : { clientId, clientSecret, authMethod: undefined }, fetch: createOAuthFetch(this.deps.fetch, new Set(origins)) };
  }

  /** Asks anew where a challenge came or what is known is old. */
  async discover(server: ResolvedServer, challenge: Challenge | undefined): Promise<AuthorizationServer> {
    const { spec, url, auth, fetch } = server;
    const known = this.#found.get(spec.fingerprint);
    if (challenge === undefined && known !== undefined && this.deps.clock.monotonicMs() < known.untilMs) return known.at;
    const at = await discoverAuthorizationServer({ server: spec.name, serverUrl: url, challenge, issuer: auth.issuer, fetch });
    this.#found.set(spec.fingerprint, { at, untilMs: this.deps.clock.monotonicMs() + DISCOVERY_MS });
    return at;
  }

  /** What to ask for: configured, else what the server wants now, else all that it names; with what was asked before (OC-11). */
  scopeFor(auth: ServerAuth, asked: { readonly at: AuthorizationServer; readonly challenge: Challenge | undefined; readonly former: Grant | undefined }): string | undefined {
    const { at, challenge, former } = asked;
    const base = auth.scopes?.join(' ') ?? challenge?.scope ?? at.scopesSupported?.join(' ');
    const isForPerson = auth.type === 'oauth';
    // Only so that tokens can be renewed without the person (2026-07-28, "Refresh Tokens").
    const offline = isForPerson && at.metadata.scopes_supported?.includes('offline_access') === true ? 'offline_access' : undefined;
    const stepUp = challenge?.error === 'insufficient_scope' ? challenge.scope : undefined;
    return unionScopes(base, former?.scope, stepUp, offline);
  }

  /** Tokens from an issuer's answer, kept. */
  async keep(tokens: OAuthTokens, about: About): Promise<Grant> {
    const grant = this.#make(tokens, about);
    await this.deps.store.save(grant);
    return grant;
  }

  /** Ends a grant here first, then at its issuer. Resolves with whether the issuer took it back too. */
  async withdraw(spec: ServerSpec | undefined, grant: Grant): Promise<boolean> {
    await this.deps.store.remove(grant);
    this.changed(grant);
    if (spec?.auth === undefined) return false;
    try {
      const server = await this.resolve(spec);
      const at = await this.discover(server, undefined);
      if (at.issuer !== grant.issuer) return false;
      const request = { at, client: server.client ?? grant.client, fetch: server.fetch };
      return grant.refreshToken === undefined ? await revokeToken(request, grant.accessToken, 'access_token') : await revokeToken(request, grant.refreshToken, 'refresh_token');
    } catch (thrown) {
      this.deps.report('grant not revoked', { server: grant.server, reason: thrown instanceof Fault ? thrown.code : 'unknown' });
      return false;
    }
  }

  async #load(spec: ServerSpec, principal: string): Promise<Grant | undefined> {
    if (spec.auth?.type !== 'oauth') return undefined;
    const { store } = this.deps;
    const grant = principal === BORROWED ? await store.findLatest(spec.name) : await store.find({ server: spec.name, principal });
    if (grant === undefined) return undefined;
    const { url, auth } = await this.resolve(spec);
    const isForThis = checkResourceAllowed({ requestedResource: canonical(url), configuredResource: grant.resource });
    if (!isForThis || (auth.issuer !== undefined && auth.issuer !== grant.issuer)) return undefined;
    for (const secret of [grant.accessToken, grant.refreshToken]) if (secret !== undefined) this.deps.protect(secret);
    return grant;
  }

  async #renew(spec: ServerSpec, about: { readonly principal: string; readonly former: Grant | undefined; readonly challenge: Challenge | undefined }): Promise<Grant | undefined> {
    if (about.principal === BORROWED && spec.auth?.type !== 'token-exchange') return this.#borrow(spec, about.former, about.challenge);
    if (spec.auth?.type === 'oauth') return this.#refresh(spec, about.former, about.challenge);
    const { principal, former, challenge } = about;
    const server = await this.resolve(spec);
    const at = await this.discover(server, challenge);
    const { auth, client } = server;
    if (client === undefined) return undefined;
    const scope = this.scopeFor(auth, { at, challenge, former });
    const request = { at, client, fetch: server.fetch };
    const subject = auth.type === 'token-exchange' ? (principal === BORROWED ? this.subjects.latest() : this.subjects.find(principal)) : undefined;
    if (auth.type === 'token-exchange' && subject === undefined) return undefined;
    const tokens =
      auth.type === 'client-credentials'
        ? await requestForItself(request, scope, server.privateKey === undefined ? undefined : { privateKey: server.privateKey, algorithm: auth.algorithm })
        : await requestExchange(request, subject ?? '', { scope, audience: auth.type === 'token-exchange' ? auth.audience : undefined });
    // What we can ask for again at any time is not written down.
    return this.#make(tokens, { server: spec.name, principal, at, client, scope, former });
  }

  #make(tokens: OAuthTokens, { server, principal, at, client, scope, former }: About): Grant {
    if (!/^[\x21-\x7e]+$/.test(tokens.access_token) || tokens.token_type.toLowerCase() !== 'bearer') {
      throw new Fault('upstream.unavailable', { server, reason: 'authorization_server', detail: 'the token is of a kind that cannot be sent' });
    }
    const nowMs = this.deps.clock.nowMs();
    for (const secret of [tokens.access_token, tokens.refresh_token]) if (secret !== undefined) this.deps.protect(secret);
    return {
      id: former?.id ?? newId('grant', this.deps.clock, this.deps.random),
      server,
      principal,
      issuer: at.issuer,
      resource: at.resource,
      scope,
      accessToken: tokens.access_token,
      refreshToken: tokens.refresh_token,
      expiresAtMs: tokens.expires_in === undefined ? undefined : nowMs + tokens.expires_in * 1000,
      client,
      createdAtMs: former?.createdAtMs ?? nowMs,
      updatedAtMs: nowMs,
    };
  }

  /** The borrowed grant is renewed by its owner's holder: one refresh token must not be used in two places. */
  async #borrow(spec: ServerSpec, former: Grant | undefined, challenge: Challenge | undefined): Promise<Grant | undefined> {
    if (former === undefined) return undefined;
    const own = this.holder(spec, former.principal);
    if (challenge !== undefined && (await own.refused(former.accessToken, challenge)) !== 'again') return undefined;
    await own.token();
    return own.grant;
  }

  /** After a refusal the server is asked again who issues its tokens: ours go to nobody else. */
  async #refresh(spec: ServerSpec, former: Grant | undefined, challenge: Challenge | undefined): Promise<Grant | undefined> {
    if (former?.refreshToken === undefined || challenge?.status === 403) return undefined;
    const { store } = this.deps;
    if (store.alone === undefined) return this.#refreshNow(spec, former, challenge);
    return store.alone(former, async () => {
      // A refresh token is often good for one use only: what another gateway got for it is ours too.
      const stored = await store.find(former);
      return stored !== undefined && stored.refreshToken !== former.refreshToken ? stored : this.#refreshNow(spec, former, challenge);
    });
  }

  async #refreshNow(spec: ServerSpec, former: Grant, challenge: Challenge | undefined): Promise<Grant | undefined> {
    if (former.refreshToken === undefined) return undefined;
    const server = await this.resolve(spec);
    const at = await this.discover(server, challenge);
    if (at.issuer !== former.issuer) return undefined;
    const client = server.client ?? former.client;
    try {
      const tokens = await requestRefresh({ at, client, fetch: server.fetch }, former.refreshToken);
      return await this.keep(tokens, { server: spec.name, principal: former.principal, at, client, scope: former.scope, former });
    } catch (thrown) {
      // Another gateway may have used the refresh token first all the same.
      const stored = await this.deps.store.find(former);
      if (stored !== undefined && stored.refreshToken !== former.refreshToken) return stored;
      if (isClientGone(thrown)) await this.deps.store.removeClient(spec.name, former.issuer);
      throw thrown;
    }
  }
}
