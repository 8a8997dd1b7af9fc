/**
 * The tokens of one grant while they are in use: fresh ones are given out at once, others are renewed first, by one
 * request however many calls wait. A renewal that fails for now costs nothing as long as the token lives, and never the
 * grant; only the issuer's own word ends it.
 */
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { Grant } from '../../model/grant.ts';
import { type Challenge, scopesOf } from './challenge.ts';
import { isFinal, wordFor } from './token-request.ts';

/** What to do with a request that the server refused for want of authorization; nothing of it was executed. */
export type Verdict =
  /** There is another token now. */
  | 'again'
  /** A person must sign in. */
  | 'sign_in'
  /** The grant covers what is asked for and it did not help. */
  | 'forbidden';

export interface TokenHolderDeps {
  readonly server: string;
  readonly clock: Clock;
  load(): Promise<Grant | undefined>;
  /** Tokens without a person: by refresh token, or for ourselves. Undefined where only a person can help. Rejects where the issuer does not give any. */
  renew(former: Grant | undefined, challenge: Challenge | undefined): Promise<Grant | undefined>;
  /** The tokens are worth nothing any more. */
  drop(grant: Grant): Promise<void>;
  report(event: string, fields: Readonly<Record<string, string>>): void;
}

/** A token is renewed so long before its end, or in the last fifth of its life where that is shorter. */
const SKEW_MS = 60_000;
/** After a failed renewal the issuer gets so much rest, as long as the old token lives. */
const REST_MS = 10_000;

export class TokenHolder {
  readonly #deps: TokenHolderDeps;
  #grant: Grant | undefined;
  #loading: Promise<void> | undefined;
  #renewing: Promise<Grant | undefined> | undefined;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  /** Made by a renewal and not taken yet: refused, another renewal would be no better. */
  #renewedToken: string | undefined;
  /** What the server last said it wants; a sign-in asks for that. */
  challenge: Challenge | undefined;

  constructor(deps: TokenHolderDeps) {
    this.#deps = deps;
  }

  /** The token where it can be used at once. */
  get current(): string | undefined {
    return this.#grant !== undefined && !this.#isDue(this.#grant) ? this.#grant.accessToken : undefined;
  }

  get grant(): Grant | undefined {
    return this.#grant;
  }

  /** A token that lives, undefined where there is none. Rejects with `upstream.unavailable` where it ended and the issuer cannot be asked now. */
  async token(): Promise<string | undefined> {
    if (this.current !== undefined) return this.current;
    await this.#load();
    const grant = this.#grant;
    if (grant !== undefined && !this.#isDue(grant)) return grant.accessToken;
    if (grant !== undefined && this.#lives(grant) && this.#deps.clock.nowMs() < this.#restUntilMs) return grant.accessToken;
    try {
      const renewed = await this.#renewOnce(undefined);
      if (renewed !== undefined) return renewed.accessToken;
    } catch (thrown) {
      if (this.#grant !== undefined && this.#lives(this.#grant)) return this.#grant.accessToken;
      throw this.#unavailable(thrown);
    }
    return this.#grant !== undefined && this.#lives(this.#grant) ? this.#grant.accessToken : undefined;
  }

  /** The server refused a request that carried `used` (undefined: it carried none). */
  async refused(used: string | undefined, challenge: Challenge): Promise<Verdict> {
    this.challenge = challenge;
    await this.#load();
    const grant = this.#grant;
    // Somebody else's refusal already led to a new one.
    if (grant !== undefined && grant.accessToken !== used) return 'again';
    if (challenge.status === 403 && grant !== undefined && isCovered(grant, challenge)) return 'forbidden';
    if (grant !== undefined && used === this.#renewedToken) {
      await this.#giveUp(grant);
      return 'sign_in';
    }
    try {
      const renewed = await this.#renewOnce(challenge);
      if (renewed === undefined) {
        if (grant !== undefined && challenge.status === 401) await this.#giveUp(grant);
        return 'sign_in';
      }
      this.#renewedToken = renewed.accessToken;
      return 'again';
    } catch (thrown) {
      throw this.#unavailable(thrown);
    }
  }

  /** The server took the token. */
  accepted(token: string | undefined): void {
    if (token === this.#renewedToken) this.#renewedToken = undefined;
  }

  /** A person signed in, or the grant was withdrawn: what is stored counts. */
  forget(): void {
    this.#grant = undefined;
    this.#loading = undefined;
    this.#renewedToken = undefined;
    this.#restUntilMs = Number.NEGATIVE_INFINITY;
  }

  #renewOnce(challenge: Challenge | undefined): Promise<Grant | undefined> {
    this.#renewing ??= this.#renew(challenge).finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renew(challenge: Challenge | undefined): Promise<Grant | undefined> {
    const former = this.#grant;
    try {
      const renewed = await this.#deps.renew(former, challenge);
      if (renewed !== undefined) this.#grant = renewed;
      this.#restUntilMs = Number.NEGATIVE_INFINITY;
      return renewed;
    } catch (thrown) {
      this.#restUntilMs = this.#deps.clock.nowMs() + REST_MS;
      this.#deps.report('token not renewed', { server: this.#deps.server, reason: wordFor(thrown), isFinal: String(isFinal(thrown)) });
      if (!isFinal(thrown)) throw thrown;
      if (former !== undefined) await this.#giveUp(former);
      return undefined;
    }
  }

  async #giveUp(grant: Grant): Promise<void> {
    if (this.#grant !== grant) return;
    this.#grant = undefined;
    this.#renewedToken = undefined;
    await this.#deps.drop(grant);
  }

  #load(): Promise<void> {
    this.#loading ??= this.#deps.load().then(
      (grant) => {
        this.#grant ??= grant;
      },
      (thrown: unknown) => {
        this.#loading = undefined;
        throw thrown;
      },
    );
    return this.#loading;
  }

  #isDue({ expiresAtMs, updatedAtMs }: Grant): boolean {
    if (expiresAtMs === undefined) return false;
    const skewMs = Math.min(SKEW_MS, Math.max(0, expiresAtMs - updatedAtMs) / 5);
    return this.#deps.clock.nowMs() >= expiresAtMs - skewMs;
  }

  #lives({ expiresAtMs }: Grant): boolean {
    return expiresAtMs === undefined || this.#deps.clock.nowMs() < expiresAtMs;
  }

  #unavailable(thrown: unknown): Fault {
    const detail = thrown instanceof Fault ? `${thrown.code}: ${thrown.detail ?? thrown.message}` : wordFor(thrown);
    return new Fault('upstream.unavailable', { server: this.#deps.server, reason: 'authorization_server', detail: `no token for now: ${detail}`, cause: thrown });
  }
}

/** Everything that the challenge asks for was asked for already. */
function isCovered(grant: Grant, challenge: Challenge): boolean {
  const asked = new Set(scopesOf(grant.scope));
  const wanted = scopesOf(challenge.scope);
  return wanted.every((scope) => asked.has(scope));
}
