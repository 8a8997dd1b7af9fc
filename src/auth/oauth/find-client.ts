/**
 * Clients by their id: registered here (RFC 7591), or described by a document at the https address that the id is
 * (Client ID Metadata Document). What the library gets to see is our own rendering, never the document itself.
 */
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import type { OAuthStore } from '../../model/oauth.ts';
import { redirectProblem } from './redirect-policy.ts';

/** A document from an address that a stranger named; rejects where it cannot be had. Bounds of size and time are the caller's. */
export type FetchDocument = (url: string) => Promise<{
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}>;

export interface FindClientDeps {
  readonly store: Pick<OAuthStore, 'findClient'>;
  readonly clock: Clock;
  readonly fetchDocument: FetchDocument;
  readonly redirectSchemes: readonly string[];
  /** What clients may ask tokens for, beside a code and a refresh token. */
  readonly furtherGrantTypes?: readonly string[];
  /** Why a client's document is worth nothing, for the log. */
  readonly refused: (clientId: string, reason: string) => void;
}

export type FindClient = (id: string) => Promise<Readonly<Record<string, unknown>> | undefined>;

const ID_CHARS_MAX = 2_048;
const DOCUMENT_BYTES_MAX = 64 * 1024;
const KEPT_MIN_MS = 5 * 60_000;
const KEPT_MAX_MS = 86_400_000;
/** A document that cannot be had is not asked for again so soon. */
const REFUSED_MS = 60_000;
const DOCUMENTS_MAX = 500;

const DocumentSchema = z.object({
  client_id: z.string(),
  client_name: z.string().trim().min(1).max(200),
  redirect_uris: z.array(z.string()).min(1).max(20),
  token_endpoint_auth_method: z.literal('none').default('none'),
  client_secret: z.never().optional(),
});

interface Kept {
  readonly client: Readonly<Record<string, unknown>> | undefined;
  readonly untilMs: number;
}

/** Whether a client id is the address of a document: https, with a path, in its plain form. */
export function isClientIdUrl(id: string): boolean {
  if (!id.startsWith('https://') || id.length > ID_CHARS_MAX || id.includes('#')) return false;
  const url = URL.parse(id);
  return url !== null && url.href === id && url.pathname !== '/' && url.username === '' && url.password === '';
}

export function createFindClient(deps: FindClientDeps): FindClient {
  const kept = new Map<string, Kept>();
  const underWay = new Map<string, Promise<Kept>>();

  const fetchOnce = async (id: string): Promise<Kept> => {
    const running = underWay.get(id) ?? readDocument(id, deps);
    underWay.set(id, running);
    try {
      const document = await running;
      kept.delete(id);
      kept.set(id, document);
      const oldest = kept.keys().next().value;
      if (kept.size > DOCUMENTS_MAX && oldest !== undefined) kept.delete(oldest);
      return document;
    } finally {
      underWay.delete(id);
    }
  };
  return async (id) => {
    if (!id.startsWith('https://')) return findRegistered(id, deps);
    if (!isClientIdUrl(id)) return undefined;
    const known = kept.get(id);
    return known !== undefined && deps.clock.nowMs() < known.untilMs ? known.client : (await fetchOnce(id)).client;
  };
}

async function findRegistered(id: string, { store, clock, redirectSchemes, furtherGrantTypes }: FindClientDeps): Promise<Readonly<Record<string, unknown>> | undefined> {
  const client = await store.findClient(id);
  if (client === undefined || client.expiresAtMs <= clock.nowMs()) return undefined;
  const { redirect_uris: uris } = z.object({ redirect_uris: z.array(z.string()) }).parse(client.metadata);
  // The operator may have taken a scheme off the list since it registered.
  const redirectUris = uris.filter((uri) => redirectProblem(uri, redirectSchemes) === undefined);
  return redirectUris.length === 0 ? undefined : { ...client.metadata, ...profile(id, redirectUris, furtherGrantTypes) };
}

async function readDocument(id: string, deps: FindClientDeps): Promise<Kept> {
  const nowMs = deps.clock.nowMs();
  try {
    const { status, headers, body, url } = await deps.fetchDocument(id);
    if (status !== 200 || url !== id) throw new Error(`answered ${status}`);
    if (body.length > DOCUMENT_BYTES_MAX) throw new Error(`above ${DOCUMENT_BYTES_MAX} bytes`);
    const document = DocumentSchema.parse(JSON.parse(body.toString('utf8')));
    if (document.client_id !== id) throw new Error('its client_id is another');
    const redirectUris = document.redirect_uris.filter((uri) => redirectProblem(uri, deps.redirectSchemes) === undefined);
    if (redirectUris.length === 0) throw new Error('no redirect of it is allowed');
    const client = { client_name: document.client_name, token_endpoint_auth_method: 'none', ...profile(id, redirectUris, deps.furtherGrantTypes) };
    return { client, untilMs: nowMs + keptMs(headers['cache-control']) };
  } catch (thrown) {
    deps.refused(id, thrown instanceof Error ? thrown.message : String(thrown));
    return { client: undefined, untilMs: nowMs + REFUSED_MS };
  }
}

/** What is the same for every client here. `native` lets the library take loopback and private schemes; which ones, our rule decides. */
function profile(id: string, redirectUris: readonly string[], furtherGrantTypes: readonly string[] = []): Readonly<Record<string, unknown>> {
  return {
    client_id: id,
    redirect_uris: redirectUris,
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token', ...furtherGrantTypes],
    response_types: ['code'],
    response_modes: ['query'],
  };
}

function keptMs(cacheControl: string | string[] | undefined): number {
  const seconds = Number(/(?:^|[\s,])max-age=(\d{1,9})/i.exec(String(cacheControl ?? ''))?.[1] ?? 0);
  return Math.min(KEPT_MAX_MS, Math.max(KEPT_MIN_MS, seconds * 1_000));
}
