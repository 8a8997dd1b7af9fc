/** OAuth put together: our authorization server, the check of tokens, and what a refused client is told. */
import { generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressOf } from '../auth/client-address.ts';
import { createFailureThrottle, type FailureThrottle } from '../auth/failure-throttle.ts';
import { checkHost, checkHostAndOrigin, type HostRules } from '../auth/host-rules.ts';
import { digestOf as keyedDigest } from '../auth/keys.ts';
import { challengeOf } from '../auth/oauth/challenge.ts';
import { createFindClient } from '../auth/oauth/find-client.ts';
import { createIssuerKeys } from '../auth/oauth/issuer-keys.ts';
import { ASSERTION_GRANT_TYPE } from '../auth/oauth/metadata.ts';
import { createOAuthHandler } from '../auth/oauth/oauth-handler.ts';
import { createOutsideTokens } from '../auth/oauth/outside-tokens.ts';
import { createOwnTokens } from '../auth/oauth/own-tokens.ts';
import { pages } from '../auth/oauth/pages.ts';
import { createVerifyToken, type VerifyToken } from '../auth/oauth/verify-token.ts';
import type { Clock } from '../base/clock.ts';
import type { HttpRequest } from '../base/http.ts';
import type { Fault } from '../base/fault.ts';
import type { RandomBytes } from '../base/ids.ts';
import type { LiveConsents } from '../control-plane/live-consents.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { People } from '../model/oauth.ts';
import type { LiveSettings } from '../model/live-settings.ts';
import type { Log } from '../observability/log.ts';
import { insertAuditEvent } from '../storage/audit-events.ts';
import { createOAuthStore } from '../storage/oauth-store.ts';
import type { Storage } from '../storage/open-storage.ts';
import { transact } from '../storage/transaction.ts';
import type { Dialer } from '../upstream/dialer/dialer.ts';
import { createGuardedFetch } from '../upstream/dialer/guarded-fetch.ts';

export interface AuthorizationDeps {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly dialer: Dialer;
  readonly pepper: Uint8Array;
  readonly rules: HostRules;
  readonly addressOf: AddressOf;
  readonly redirectSchemes: readonly string[];
  readonly assertionIssuers: readonly string[];
  readonly settings: () => Pick<LiveSettings, 'oauthRegistration' | 'oauthClientsMax' | 'oauthRegistrationsPerHour'>;
  readonly endpoints: () => ReadonlyMap<string, EndpointSpec>;
  /** Base of all addresses, without a slash at the end. */
  readonly publicUrl: () => string;
  readonly people: People;
  /** A credential is worth nothing any more: its sessions must end. */
  readonly revoked: (credentialId: string) => void;
}

export interface Authorization {
  /** Whether a path is one of the authorization server's. */
  readonly serves: (url: string) => boolean;
  readonly handle: (http: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly verifyToken: VerifyToken;
  readonly consents: LiveConsents;
  /** `WWW-Authenticate` for a refusal at an endpoint. */
  readonly challenge: (http: HttpRequest, fault: Fault) => string | undefined;
  readonly close: () => void;
}

/** A document that describes a client (specification, client registration, "Client ID Metadata Documents"). */
const CLIENT_DOCUMENT = { redirectsMax: 0, bodyBytesMax: 64 * 1024, timeoutMs: 5_000 };
const ISSUER_DOCUMENT = { redirectsMax: 0, bodyBytesMax: 256 * 1024, timeoutMs: 5_000 };
/** Per address: so many at once, then as many as the setting says. */
const REGISTRATIONS_AT_ONCE_MAX = 20;
const HOUR_MS = 3_600_000;
/** Per address: so many at once, then one each `refillMs`. */
const REQUESTS = { failuresMax: 300, refillMs: 100, addressesMax: 10_000 };
const SWEEP_MS = 10 * 60_000;
const CLIENT_KEPT_MS = 90 * 86_400_000;
const ENDPOINT_IN_PATH = /^\/metamcp\/([^/?]+)\//;

export function createAuthorization(deps: AuthorizationDeps): Authorization {
  const { clock, random, log, rules, addressOf, endpoints, publicUrl, people, dialer, redirectSchemes, assertionIssuers, settings } = deps;
  const store = createOAuthStore(deps.storage.db);
  const digestOf = (value: string): string => keyedDigest(deps.pepper, value);
  const own = createOwnTokens({ store, clock, digestOf });
  const findKey = createIssuerKeys({ clock, fetchDocument: createGuardedFetch({ clock, dialer, bounds: ISSUER_DOCUMENT }) });
  const requests = createFailureThrottle({ clock, ...REQUESTS });
  const registering = createRegistrationThrottle(clock, () => settings().oauthRegistrationsPerHour);
  const findClient = createFindClient({
    store,
    clock,
    redirectSchemes,
    furtherGrantTypes: assertionIssuers.length === 0 ? [] : [ASSERTION_GRANT_TYPE],
    fetchDocument: createGuardedFetch({ clock, dialer, bounds: CLIENT_DOCUMENT }),
    refused: (clientId, reason) => log.warn('oauth client', { client: clientId, detail: reason }),
  });
  const withdrawn = (grantDigest: string): void => {
    own.forget(grantDigest);
    deps.revoked(`grant:${grantDigest}`);
  };
  const handler = createOAuthHandler({
    store,
    clock,
    random,
    digestOf,
    findClient,
    findKey,
    redirectSchemes,
    assertionIssuers,
    people,
    pages,
    endpoints,
    issuer: publicUrl,
    signingKey: { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' },
    isRegistrationOpen: () => settings().oauthRegistration,
    clientsMax: () => settings().oauthClientsMax,
    checkHost: (http) => checkHost(http, rules),
    checkHostAndOrigin: (http) => checkHostAndOrigin(http, rules),
    registering: (http) => registering(addressOf(http)),
    asking: (http) => requests.failed(addressOf(http)),
    refusedRequest: (fault) => log.info('oauth refused', { code: fault.code, detail: fault.detail }),
    failed: (error) => log.error('oauth', { detail: error.stack ?? error.message }),
    clientUsed: (id) => store.keepClient(id, clock.nowMs() + CLIENT_KEPT_MS),
    revoked: withdrawn,
    decided: ({ userId, clientId, resource, outcome, assertedBy }) =>
      transact(deps.storage.db, (tx) =>
        insertAuditEvent(tx, { atMs: clock.nowMs(), principal: `user:${userId}`, action: 'oauth.consent', subject: clientId, outcome, detail: { resource, ...(assertedBy === undefined ? {} : { assertedBy }) } }),
      ),
  });
  return {
    ...handler,
    consents: { withdrawn },
    verifyToken: createVerifyToken({ issuer: publicUrl, own, outside: createOutsideTokens({ clock, findKey }) }),
    challenge: (http, fault) => challengeOf(fault, endpoints().get(ENDPOINT_IN_PATH.exec(http.url ?? '')?.[1] ?? ''), publicUrl()),
    close: sweepRegularly(() => store.sweep(clock.nowMs()), deps),
  };
}

/** Counts anew where the setting changed. */
function createRegistrationThrottle(clock: Clock, perHour: () => number): (address: string) => void {
  const made = { perHour: 0, throttle: undefined as FailureThrottle | undefined };
  return (address) => {
    if (made.throttle === undefined || made.perHour !== perHour()) {
      made.perHour = perHour();
      made.throttle = createFailureThrottle({ clock, failuresMax: Math.min(REGISTRATIONS_AT_ONCE_MAX, made.perHour), refillMs: HOUR_MS / made.perHour, addressesMax: 10_000 });
    }
    made.throttle.failed(address);
  };
}

/** Returns how to stop it. */
function sweepRegularly(sweep: () => Promise<void>, { clock, log }: Pick<AuthorizationDeps, 'clock' | 'log'>): () => void {
  const timer = { cancel: (): void => undefined };
  const later = (): void => {
    timer.cancel = clock.after(SWEEP_MS, () => {
      sweep().then(later, (thrown: unknown) => {
        log.warn('oauth sweep', { detail: String(thrown) });
        later();
      });
    });
  };
  later();
  return () => timer.cancel();
}
