/** Stage 2: credential → principal. The endpoint says what it accepts; nothing else of the request proves anything. */
import type { IncomingMessage } from 'node:http';
import { Fault } from '../base/fault.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { KeySpec } from '../model/key.ts';
import { ANONYMOUS, type Principal } from '../model/principal.ts';
import type { Identified, Received } from './exchange.ts';

export interface IdentifyDeps {
  /** Keyed digest of a credential, hex (auth/keys.ts). */
  readonly digestOf: (credential: string) => string;
  /** Digest of the operator's token: the command line and the inspector call as operator. */
  readonly operatorDigest: string;
  readonly nowMs: () => number;
  /** A credential was refused. Throws `limit.rate_exceeded` for an address that guesses. */
  readonly failed: (http: IncomingMessage) => void;
}

const OPERATOR: Principal = { kind: 'operator', id: 'operator', credentialId: 'operator', name: 'operator' };
const CREDENTIAL_CHARS_MAX = 4_096;
/** Digests of credentials seen lately; whether they still open anything is asked of the snapshot every time. */
const REMEMBERED_MAX = 1_000;

export type Identify = (received: Received) => Identified;

/** Throws `auth.credential_missing`, `auth.credential_invalid`, `auth.credential_in_query`. */
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
  return (received) => Object.assign(received, { principal: prove(received, deps, digestOf) });
}

function prove(received: Received, deps: IdentifyDeps, digestOf: (credential: string) => string): Principal {
  const { endpoint, snapshot } = received;
  const credential = credentialOf(received);
  const isOpen = !endpoint.auth.apiKey && !endpoint.auth.oauth;
  if (credential === undefined) {
    if (isOpen) return ANONYMOUS;
    throw new Fault('auth.credential_missing');
  }
  if (credential.length > CREDENTIAL_CHARS_MAX) throw new Fault('auth.credential_invalid');
  const digest = digestOf(credential);
  if (digest === deps.operatorDigest) return OPERATOR;
  const key = endpoint.auth.apiKey ? snapshot.keys.get(digest) : undefined;
  if (key !== undefined && isValid(key, endpoint, deps.nowMs())) {
    return { kind: 'key', id: `key:${key.id}`, credentialId: key.id, name: key.name, ...(key.labels === undefined ? {} : { labels: key.labels }) };
  }
  if (isOpen) return ANONYMOUS;
  deps.failed(received.http);
  throw new Fault('auth.credential_invalid');
}

function isValid(key: KeySpec, endpoint: EndpointSpec, nowMs: number): boolean {
  const isAlive = key.expiresAtMs === undefined || nowMs < key.expiresAtMs;
  return isAlive && (key.endpoints.includes('*') || key.endpoints.includes(endpoint.name));
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
