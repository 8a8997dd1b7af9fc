/**
 * Finds the authorization server of an MCP server (2026-07-28, basic/authorization/authorization-server-discovery) and
 * refuses one that must not be used: a wrong issuer, no S256, addresses that are no web pages.
 */
import {
  type AuthorizationServerMetadata,
  checkResourceAllowed,
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  type FetchLike,
  IssuerMismatchError,
  type OAuthProtectedResourceMetadata,
} from '@modelcontextprotocol/client';
import { Fault } from '../../base/fault.ts';
import type { Challenge } from './challenge.ts';

export interface AuthorizationServer {
  readonly issuer: string;
  readonly metadata: AuthorizationServerMetadata;
  /** Canonical URI of the MCP server (RFC 8707). */
  readonly resource: string;
  /** Of the protected resource's metadata; undefined where it names none. */
  readonly scopesSupported: readonly string[] | undefined;
}

export interface DiscoverRequest {
  readonly server: string;
  readonly serverUrl: string;
  readonly challenge: Challenge | undefined;
  /** The only issuer that the configuration allows. */
  readonly issuer: string | undefined;
  readonly fetch: FetchLike;
}

/** Rejects with `upstream.unavailable` (reason `authorization_server`) or `egress.refused`; the detail says what was wrong. */
export async function discoverAuthorizationServer(request: DiscoverRequest): Promise<AuthorizationServer> {
  const { server, serverUrl, issuer: pinned, fetch } = request;
  const resource = await protectedResource(request);
  const named = resource?.authorization_servers ?? [];
  const isPinned = pinned !== undefined;
  if (isPinned && named.length > 0 && !named.includes(pinned)) throw refusal(server, `the server names other authorization servers than ${pinned}`);
  // Before RFC 9728 an MCP server was its own authorization server (2025-03-26, "Authorization Base URL").
  const issuer = pinned ?? named[0] ?? new URL(serverUrl).origin;
  const metadata = await serverMetadata(server, issuer, fetch);
  checkMetadata(server, metadata);
  return { issuer: metadata.issuer, metadata, resource: resource?.resource ?? canonical(serverUrl), scopesSupported: resource?.scopes_supported };
}

/** Undefined where the server has no metadata of its own. */
async function protectedResource({ server, serverUrl, challenge, fetch }: DiscoverRequest): Promise<OAuthProtectedResourceMetadata | undefined> {
  let hasAnswer = false;
  // The library takes any failure for "there is none"; a document that is there and wrong must not count as that.
  const watched: FetchLike = async (url, init) => {
    const response = await fetch(url, init);
    hasAnswer = response.ok;
    return response;
  };
  let metadata: OAuthProtectedResourceMetadata;
  try {
    const at = challenge?.metadataUrl === undefined ? {} : { resourceMetadataUrl: challenge.metadataUrl };
    metadata = await discoverOAuthProtectedResourceMetadata(serverUrl, at, watched);
  } catch (thrown) {
    if (thrown instanceof Fault) throw new Fault(thrown.code, { server, cause: thrown, detail: `metadata of the protected resource: ${thrown.detail ?? ''}` });
    if (hasAnswer || challenge?.metadataUrl !== undefined) throw refusal(server, 'the metadata of the protected resource cannot be read', thrown);
    return undefined;
  }
  if (!checkResourceAllowed({ requestedResource: canonical(serverUrl), configuredResource: metadata.resource })) throw refusal(server, 'the metadata of the protected resource is about another resource');
  return metadata;
}

async function serverMetadata(server: string, issuer: string, fetch: FetchLike): Promise<AuthorizationServerMetadata> {
  let metadata: AuthorizationServerMetadata | undefined;
  try {
    metadata = await discoverAuthorizationServerMetadata(issuer, { fetchFn: fetch });
  } catch (thrown) {
    if (thrown instanceof Fault) throw new Fault(thrown.code, { server, cause: thrown, detail: `metadata of the authorization server: ${thrown.detail ?? ''}` });
    throw refusal(server, thrown instanceof IssuerMismatchError ? 'the metadata names another issuer than the one it was asked of' : 'the metadata of the authorization server cannot be read', thrown);
  }
  // The library lets a slash at the end pass; the specification does not.
  if (metadata !== undefined && metadata.issuer !== issuer) throw refusal(server, 'the metadata names another issuer than the one it was asked of');
  if (metadata === undefined) throw refusal(server, 'the authorization server has no metadata');
  return metadata;
}

function checkMetadata(server: string, metadata: AuthorizationServerMetadata): void {
  if (metadata.code_challenge_methods_supported?.includes('S256') !== true) throw refusal(server, 'the authorization server does not offer PKCE with S256');
  const { authorization_endpoint, token_endpoint, registration_endpoint, revocation_endpoint } = { revocation_endpoint: undefined, ...metadata };
  for (const address of [metadata.issuer, authorization_endpoint, token_endpoint, registration_endpoint, revocation_endpoint]) {
    if (address !== undefined && !isWebAddress(address)) throw refusal(server, 'the authorization server names an address that is neither https nor on this machine');
  }
}

/** `https`, or `http` on loopback: nothing that a browser would run or read from disk (OC-07). */
export function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return false;
  const isLoopback = url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback);
}

/** Without fragment, and without a slash that only says "root" (2026-07-28, "Canonical Server URI"). */
export function canonical(serverUrl: string): string {
  const url = new URL(serverUrl);
  url.hash = '';
  return url.pathname === '/' && url.search === '' ? url.origin : url.href;
}

function refusal(server: string, detail: string, cause?: unknown): Fault {
  return new Fault('upstream.unavailable', { server, reason: 'authorization_server', message: `Signing in to this server is not possible: ${detail}.`, detail, ...(cause === undefined ? {} : { cause }) });
}
