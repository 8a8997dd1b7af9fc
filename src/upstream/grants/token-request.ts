/** Requests to a token endpoint that need no person: refresh, client credentials, token exchange, revocation. */
import {
  type AddClientAuthentication,
  createPrivateKeyJwtAuth,
  type FetchLike,
  fetchToken,
  OAuthError,
  type OAuthClientInformationMixed,
  type OAuthClientProvider,
  type OAuthTokens,
  refreshAuthorization,
  selectClientAuthMethod,
} from '@modelcontextprotocol/client';
import type { RegisteredClient } from '../../model/grant.ts';
import type { ClientCredentialsAuth } from '../../model/server-auth.ts';
import type { AuthorizationServer } from './authorization-server.ts';

export interface TokenRequest {
  readonly at: AuthorizationServer;
  readonly client: RegisteredClient;
  readonly fetch: FetchLike;
}

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

export function toClientInformation({ clientId, clientSecret, authMethod }: RegisteredClient): OAuthClientInformationMixed {
  return {
    client_id: clientId,
    ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
    ...(authMethod === undefined ? {} : { token_endpoint_auth_method: authMethod }),
  };
}

export function requestRefresh({ at, client, fetch }: TokenRequest, refreshToken: string): Promise<OAuthTokens> {
  return refreshAuthorization(at.issuer, { metadata: at.metadata, clientInformation: toClientInformation(client), refreshToken, resource: at.resource, fetchFn: fetch });
}

/** RFC 6749 section 4.4, with a secret or with `private_key_jwt`. `privateKey` is PEM. */
export function requestForItself(request: TokenRequest, scope: string | undefined, key?: { readonly privateKey: string; readonly algorithm: ClientCredentialsAuth['algorithm'] }): Promise<OAuthTokens> {
  const params = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
  const { clientId } = request.client;
  const authenticate = key && createPrivateKeyJwtAuth({ issuer: clientId, subject: clientId, privateKey: key.privateKey, alg: key.algorithm });
  return requestToken(request, params, authenticate);
}

/** RFC 8693 section 2.1: the client's token becomes one for the server. */
export function requestExchange(request: TokenRequest, subjectToken: string, asked: { readonly scope: string | undefined; readonly audience: string | undefined }): Promise<OAuthTokens> {
  const params = new URLSearchParams({ grant_type: TOKEN_EXCHANGE, subject_token: subjectToken, subject_token_type: ACCESS_TOKEN, requested_token_type: ACCESS_TOKEN });
  if (asked.scope !== undefined) params.set('scope', asked.scope);
  if (asked.audience !== undefined) params.set('audience', asked.audience);
  return requestToken(request, params);
}

function requestToken({ at, client, fetch }: TokenRequest, params: URLSearchParams, authenticate?: AddClientAuthentication): Promise<OAuthTokens> {
  const information = toClientInformation(client);
  const provider: OAuthClientProvider = {
    redirectUrl: undefined,
    clientMetadata: { redirect_uris: [] },
    clientInformation: () => information,
    tokens: () => undefined,
    saveTokens: () => undefined,
    redirectToAuthorization: () => undefined,
    saveCodeVerifier: () => undefined,
    codeVerifier: () => '',
    prepareTokenRequest: () => params,
    ...(authenticate === undefined ? {} : { addClientAuthentication: authenticate }),
  };
  return fetchToken(provider, at.issuer, { metadata: at.metadata, resource: at.resource, fetchFn: fetch });
}

/** RFC 7009. Resolves with whether the issuer took it; false where it offers none. */
export async function revokeToken({ at, client, fetch }: TokenRequest, token: string, hint: 'refresh_token' | 'access_token'): Promise<boolean> {
  const endpoint = 'revocation_endpoint' in at.metadata ? at.metadata.revocation_endpoint : undefined;
  if (endpoint === undefined) return false;
  const headers = new Headers({ 'content-type': 'application/x-www-form-urlencoded' });
  const params = new URLSearchParams({ token, token_type_hint: hint });
  const method = selectClientAuthMethod(toClientInformation(client), at.metadata.token_endpoint_auth_methods_supported ?? []);
  if (method === 'client_secret_basic') {
    const pair = `${encodeURIComponent(client.clientId)}:${encodeURIComponent(client.clientSecret ?? '')}`;
    headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
  } else {
    params.set('client_id', client.clientId);
    if (method === 'client_secret_post') params.set('client_secret', client.clientSecret ?? '');
  }
  const response = await fetch(endpoint, { method: 'POST', headers, body: params });
  return response.ok;
}

/** The issuer says that asking again is no use: the grant or the client is gone. Anything else may pass. */
export function isFinal(thrown: unknown): boolean {
  return thrown instanceof OAuthError && ['invalid_grant', 'invalid_client', 'unauthorized_client', 'invalid_scope', 'invalid_target'].includes(thrown.code);
}

export function isClientGone(thrown: unknown): boolean {
  return thrown instanceof OAuthError && (thrown.code === 'invalid_client' || thrown.code === 'unauthorized_client');
}

/** For the log: a code or a class of error, never what a peer wrote. */
export function wordFor(thrown: unknown): string {
  if (thrown instanceof OAuthError) return thrown.code;
  return thrown instanceof Error ? thrown.name : 'unknown';
}
