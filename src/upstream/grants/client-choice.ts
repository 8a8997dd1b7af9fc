/** Which client we are at an authorization server (2026-07-28, basic/authorization/client-registration). */
import { type FetchLike, registerClient, RegistrationRejectedError } from '@modelcontextprotocol/client';
import { Fault } from '../../base/fault.ts';
import type { RegisteredClient } from '../../model/grant.ts';
import { type AuthorizationServer, isWebAddress } from './authorization-server.ts';
import type { GrantStore } from './grant-store.ts';

export interface ClientRequest {
  readonly server: string;
  readonly at: AuthorizationServer;
  /** As configured and resolved; undefined where none is. */
  readonly configured: RegisteredClient | undefined;
  /** The configuration says which issuer the configured client belongs to. */
  readonly isIssuerConfigured: boolean;
  readonly redirectUrl: string;
  /** Address of our own client metadata document, where the world can read it. */
  readonly clientIdUrl: string | undefined;
  readonly fetch: FetchLike;
  readonly store: GrantStore;
}

/** Registered beforehand, then our metadata document, then dynamic registration. Rejects with `upstream.unavailable`, reason `client_registration`. */
export async function chooseClient(request: ClientRequest): Promise<RegisteredClient> {
  const { at, configured, clientIdUrl, server, store, redirectUrl } = request;
  const known = await store.findClients(server);
  if (configured !== undefined) {
    await bindConfigured(request, configured, known);
    return configured;
  }
  if (at.metadata.client_id_metadata_document_supported === true && clientIdUrl !== undefined) return { clientId: clientIdUrl, clientSecret: undefined, authMethod: 'none' };
  const own = known.find((client) => client.issuer === at.issuer && client.redirectUrl === redirectUrl);
  if (own !== undefined) return own.client;
  const client = await register(request);
  await store.saveClient({ server, issuer: at.issuer, redirectUrl, client });
  return client;
}

/** A client registered beforehand belongs to one issuer: where the configuration does not say which, the first one it was used at. */
async function bindConfigured({ server, at, isIssuerConfigured, redirectUrl, store }: ClientRequest, configured: RegisteredClient, known: Awaited<ReturnType<GrantStore['findClients']>>): Promise<void> {
  if (isIssuerConfigured || configured.clientId.startsWith('https://')) return;
  const bound = known.find(({ client }) => client.clientId === configured.clientId);
  if (bound === undefined) {
    // Only whose it is; the secret stays in the configuration.
    await store.saveClient({ server, issuer: at.issuer, redirectUrl, client: { clientId: configured.clientId, clientSecret: undefined, authMethod: undefined } });
  } else if (bound.issuer !== at.issuer) throw refusal(server, `the configured client belongs to ${bound.issuer}, but the server now names ${at.issuer}`);
}

async function register({ server, at, redirectUrl, fetch }: ClientRequest): Promise<RegisteredClient> {
  if (at.metadata.registration_endpoint === undefined) throw refusal(server, 'the authorization server registers no clients: configure auth.clientId');
  // Without a scope: it would bound what can be asked for later.
  const clientMetadata = {
    client_name: 'MetaMCP',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: authMethodFor(at),
    application_type: redirectUrl.startsWith('http:') && isWebAddress(redirectUrl) ? ('native' as const) : ('web' as const),
  };
  try {
    const registered = await registerClient(at.issuer, { metadata: at.metadata, clientMetadata, fetchFn: fetch });
    return { clientId: registered.client_id, clientSecret: registered.client_secret, authMethod: registered.token_endpoint_auth_method };
  } catch (thrown) {
    if (thrown instanceof Fault) throw new Fault(thrown.code, { server, cause: thrown, detail: `registration: ${thrown.detail ?? ''}` });
    throw refusal(server, thrown instanceof RegistrationRejectedError ? `the authorization server refused to register us (HTTP ${thrown.status})` : 'the registration cannot be read', thrown);
  }
}

/** We can keep a secret, so one is asked for where the server takes any; RFC 8414 section 2 says what absence means. */
function authMethodFor({ metadata }: AuthorizationServer): string {
  const supported = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  return ['client_secret_basic', 'client_secret_post', 'none'].find((method) => supported.includes(method)) ?? 'client_secret_basic';
}

function refusal(server: string, detail: string, cause?: unknown): Fault {
  return new Fault('upstream.unavailable', { server, reason: 'client_registration', message: `Signing in to this server is not possible: ${detail}.`, detail, ...(cause === undefined ? {} : { cause }) });
}
