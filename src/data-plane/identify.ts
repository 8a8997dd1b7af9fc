/** Stage 2: credential → principal. The endpoint says what it accepts; nothing else of the request proves anything. */
import type { HttpRequest } from '../base/http.ts';
import { Fault } from '../base/fault.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { KeySpec } from '../model/key.ts';
import type { Labels } from '../model/policy.ts';
import { ANONYMOUS, keyPrincipalId, type Principal } from '../model/principal.ts';
import type { Identified, Received } from './exchange.ts';

export interface IdentifyDeps {
  /** Keyed digest of a credential, hex (auth/keys.ts). */
  readonly digestOf: (credential: string) => string;
  /** Digest of the operator's token: the command line and the inspector call as operator. */
  readonly operatorDigest: string;
  readonly nowMs: () => number;
  /** A credential was refused. Throws `limit.rate_exceeded` for an address that guesses. */
  readonly failed: (http: HttpRequest) => void;
  /** A bearer token that is no key: an OAuth access token, maybe. Undefined: worth nothing there. */
  readonly verifyToken: (token: string, endpoint: EndpointSpec) => Principal | undefined | Promise<Principal | undefined>;
}

const OPERATOR: Principal = { kind: 'operator', id: 'operator', credentialId: 'operator', name: 'operator' };
const CREDENTIAL_CHARS_MAX = 4_096;
/** JWTs that list groups are long. */
const TOKEN_CHARS_MAX = 8_192;
/** Digests of credentials seen lately; whether they still open anything is asked of the snapshot every time. */
const REMEMBERED_MAX = 1_000;

/** A promise only where a token has to be looked up; for keys there is none. */
export type Identify = (received: Received) => Identified | Promise<Identified>;

/** Throws `auth.credential_missing`, `auth.credential_invalid`, `auth.credential_in_query`, `auth.scope_missing`; rejects also with `auth.issuer_unavailable`, `storage.unavailable`. */
export function createIdentify(deps: IdentifyDeps): Identify {
  const remembered = new Map<string, string>();
  const digestOf = (credential: string): string => {
    const known = remembered.get(credential);
    if (known !== undefined) return known;
    const digest = deps.digestOf(credential);
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(credential, digest);
    return digest;
  };
  const remembering = { ...deps, digestOf };
  return (received) => {
    const proven = prove(received, remembering);
    return proven instanceof Promise ? proven.then((principal) => Object.assign(received, { principal })) : Object.assign(received, { principal: proven });
  };
}

function prove(received: Received, deps: IdentifyDeps): Principal | Promise<Principal> {
  const { endpoint } = received;
  const credential = credentialOf(received);
  if (endpoint.inspected !== undefined) return endpoint.inspected.prove(credential);
  const isOpen = !endpoint.auth.apiKey && !endpoint.auth.oauth;
  if (credential === undefined) {
    if (isOpen) return ANONYMOUS;
    throw new Fault('auth.credential_missing');
  }
  const opened = openedBy(credential, received, deps);
  if (opened !== undefined) return opened;
  return isOpen ? ANONYMOUS : openedByToken(credential, received, deps);
}

/** The operator's token, or a key of the snapshot. Throws `auth.credential_invalid` for what is too long to be any. */
function openedBy(credential: string, { endpoint, snapshot }: Received, deps: IdentifyDeps): Principal | undefined {
  if (credential.length > (endpoint.auth.oauth ? TOKEN_CHARS_MAX : CREDENTIAL_CHARS_MAX)) throw new Fault('auth.credential_invalid');
  const digest = deps.digestOf(credential);
  if (digest === deps.operatorDigest) return OPERATOR;
  const key = endpoint.auth.apiKey ? snapshot.keys.get(digest) : undefined;
  if (key === undefined || !isValid(key, endpoint, deps.nowMs())) return undefined;
  return principalOf(key);
}

/** One object for each key: what is made from it, others keep with it. */
const principals = new WeakMap<KeySpec, Principal>();

function principalOf(key: KeySpec): Principal {
  let principal = principals.get(key);
  if (principal === undefined) {
    const { id, name, labels, tools } = key;
    principal = { kind: 'key', id: keyPrincipalId(id), credentialId: id, name, ...(labels === undefined ? {} : { labels }), ...(tools === undefined ? {} : { tools }) };
    principals.set(key, principal);
  }
  return principal;
}

function openedByToken(credential: string, received: Received, deps: IdentifyDeps): Principal | Promise<Principal> {
  if (!received.endpoint.auth.oauth || !isBearer(received)) return refuse(received, deps);
  const opened = (found: Principal | undefined): Principal => (found === undefined ? refuse(received, deps) : labelled(found, received.endpoint.auth));
  const principal = deps.verifyToken(credential, received.endpoint);
  return principal instanceof Promise ? principal.then(opened) : opened(principal);
}

/** One object for each principal and set of labels, as for keys. */
const labelledPrincipals = new WeakMap<Principal, WeakMap<Labels, Principal>>();

/** With what this endpoint's configuration says of the client through which a user came. */
function labelled(principal: Principal, { clientLabels }: EndpointSpec['auth']): Principal {
  const labels = principal.client === undefined ? undefined : clientLabels?.(principal.client);
  if (labels === undefined) return principal;
  const known = labelledPrincipals.get(principal) ?? new WeakMap<Labels, Principal>();
  labelledPrincipals.set(principal, known);
  const before = known.get(labels) ?? { ...principal, labels };
  known.set(labels, before);
  return before;
}

function refuse(received: Received, deps: IdentifyDeps): never {
  deps.failed(received.http);
  throw new Fault('auth.credential_invalid');
}

/** A token is shown as one, never as a key or in the address (specification, authorization, "Token Requirements"). */
function isBearer({ http }: Received): boolean {
  return http.headers.authorization !== undefined && http.headers['x-api-key'] === undefined;
}

function isValid(key: KeySpec, endpoint: EndpointSpec, nowMs: number): boolean {
  const isAlive = key.expiresAtMs === undefined || nowMs < key.expiresAtMs;
  const isForNamespace = key.namespaces === undefined || key.namespaces.includes(endpoint.namespace.name);
  return isAlive && isForNamespace && (key.endpoints.includes('*') || key.endpoints.includes(endpoint.name));
}

/** `X-API-Key`, then `Authorization: Bearer`, then the query where the endpoint opted in. */
function credentialOf({ http, query, endpoint }: Received): string | undefined {
  const apiKey = http.headers['x-api-key'];
  if (typeof apiKey === 'string') return apiKey;
  const authorization = http.headers.authorization;
  if (authorization !== undefined) {
    if (!/^Bearer +\S+$/i.test(authorization)) throw new Fault('auth.credential_invalid', { detail: 'Authorization is not Bearer' });
    return authorization.slice('Bearer '.length).trim();
  }
  if (query === '') return undefined;
  const search = new URLSearchParams(query);
  const inQuery = search.get('api_key') ?? search.get('apikey');
  if (search.has('access_token') || (inQuery !== null && !endpoint.auth.query)) throw new Fault('auth.credential_in_query');
  return inQuery ?? undefined;
}
