/**
 * The public keys of outside issuers: fetched from the address that the operator wrote or the issuer's discovery
 * document names, never from one that a token names. Kept for ten minutes; a key id that is not among them has the
 * set fetched anew at most once a minute, so that made-up tokens cannot make us knock at an issuer's door.
 */
import { type CryptoKey, createLocalJWKSet, type JSONWebKeySet, type JWSHeaderParameters, errors as joseErrors } from 'jose';
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { JwtRule } from '../../model/endpoint.ts';

/** A small JSON document at `url`. The host and port of `operatorUrl`, which an operator wrote, may be private; any other may not. */
export type FetchIssuerDocument = (url: string, operatorUrl: string) => Promise<{ readonly status: number; readonly body: Buffer }>;

export interface IssuerKeysDeps {
  readonly clock: Clock;
  readonly fetchDocument: FetchIssuerDocument;
}

/** The key for a token's header. Rejects with `auth.issuer_unavailable` where the issuer's keys cannot be had, with jose's JWKSNoMatchingKey where it has no such key. */
export type FindIssuerKey = (rule: JwtRule, header: JWSHeaderParameters) => Promise<CryptoKey>;

const KEPT_MS = 10 * 60_000;
const ASK_AGAIN_MS = 60_000;

const KeySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });
const DiscoverySchema = z.object({ issuer: z.string(), jwks_uri: z.string() });

type LocalKeys = ReturnType<typeof createLocalJWKSet>;

interface Issuer {
  keys: LocalKeys | undefined;
  fetchedMs: number;
  triedMs: number;
  fetching: Promise<void> | undefined;
  /** Why the last try failed. */
  problem: unknown;
}

export function createIssuerKeys(deps: IssuerKeysDeps): FindIssuerKey {
  const issuers = new Map<string, Issuer>();

  const refresh = async (rule: JwtRule, issuer: Issuer): Promise<void> => {
    const nowMs = deps.clock.monotonicMs();
    if (nowMs - issuer.triedMs < ASK_AGAIN_MS) return issuer.fetching;
    issuer.triedMs = nowMs;
    issuer.fetching = fetchKeys(rule, deps).then(
      (keys) => {
        issuer.keys = keys;
        issuer.fetchedMs = deps.clock.monotonicMs();
        issuer.problem = undefined;
      },
      (thrown: unknown) => {
        issuer.problem = thrown;
      },
    );
    return issuer.fetching;
  };

  return async (rule, header) => {
    const id = `${rule.issuer}\n${rule.jwksUri ?? ''}`;
    const issuer = issuers.get(id) ?? { keys: undefined, fetchedMs: 0, triedMs: Number.NEGATIVE_INFINITY, fetching: undefined, problem: undefined };
    issuers.set(id, issuer);
    if (issuer.keys === undefined || deps.clock.monotonicMs() - issuer.fetchedMs >= KEPT_MS) {
      // Keys that are too old are worth nothing, even where there are no newer ones.
      issuer.keys = undefined;
      await refresh(rule, issuer);
    }
    const keys = issuer.keys as LocalKeys | undefined;
    if (keys === undefined)
      throw new Fault('auth.issuer_unavailable', { detail: `the keys of ${rule.issuer} cannot be had: ${String(issuer.problem)}`, cause: issuer.problem });
    try {
      return await keys(header);
    } catch (thrown) {
      if (!(thrown instanceof joseErrors.JWKSNoMatchingKey)) throw thrown;
      await refresh(rule, issuer);
      return (issuer.keys ?? keys)(header);
    }
  };
}

async function fetchKeys(rule: JwtRule, deps: IssuerKeysDeps): Promise<LocalKeys> {
  const url = rule.jwksUri ?? (await discoverKeys(rule, deps));
  const set = KeySetSchema.parse(await fetchJson(url, rule.jwksUri ?? rule.issuer, deps));
  return createLocalJWKSet(set as JSONWebKeySet);
}

/** RFC 8414 section 3 and OpenID Connect Discovery section 4: both places, and the issuer must be the one that was asked. */
async function discoverKeys({ issuer }: JwtRule, deps: IssuerKeysDeps): Promise<string> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const places = [`${origin}${path}/.well-known/openid-configuration`, `${origin}/.well-known/oauth-authorization-server${path}`];
  for (const place of places) {
    const document = DiscoverySchema.safeParse(await fetchJson(place, issuer, deps).catch(() => undefined));
    if (document.success && document.data.issuer === issuer) return document.data.jwks_uri;
  }
  throw new Error('no discovery document names it as the issuer');
}

async function fetchJson(url: string, operatorUrl: string, { fetchDocument }: IssuerKeysDeps): Promise<unknown> {
  const { status, body } = await fetchDocument(url, operatorUrl);
  if (status !== 200) throw new Error(`${new URL(url).host} answered ${status}`);
  return JSON.parse(body.toString('utf8'));
}
