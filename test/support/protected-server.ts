/**
 * An MCP server that asks for access tokens, and the authorization server that issues them: `oidc-provider` with people
 * who agree to everything. Both on loopback, both real.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The part of `oidc-provider` that is used here; the package has no types of its own. */
interface Provider {
  readonly AccessToken: { find(token: string): Promise<{ readonly isValid: boolean; readonly aud: unknown; readonly accountId: string } | undefined> };
  readonly Grant: new (owner: { readonly accountId: string; readonly clientId: string }) => { addOIDCScope(scope: string): void; addResourceScope(resource: string, scope: string): void; save(): Promise<string> };
  callback(): (http: IncomingMessage, response: ServerResponse) => Promise<void>;
  on(event: 'grant.success', listener: (context: { readonly oidc: { readonly params: { readonly grant_type: string } }; readonly body: { readonly access_token: string; readonly refresh_token?: string } }) => void): void;
  interactionDetails(http: IncomingMessage, response: ServerResponse): Promise<{ readonly prompt: { readonly name: string }; readonly params: Readonly<Record<string, unknown>>; readonly session?: { readonly accountId: string } }>;
  interactionFinished(http: IncomingMessage, response: ServerResponse, result: object, options: { readonly mergeWithLastSubmission: boolean }): Promise<void>;
}

const PACKAGE = 'oidc-provider';
const { default: OidcProvider } = (await import(PACKAGE)) as { default: new (issuer: string, configuration: object) => Provider };

export interface ProtectedPair {
  readonly issuer: string;
  readonly mcpUrl: string;
  /** How often tokens were asked for, by grant type. */
  readonly tokenRequests: Record<string, number>;
  /** Every access and refresh token that was issued. */
  readonly issued: string[];
  /** Requests that the MCP server answered with 401. */
  readonly refused: () => number;
  /** While true, the token endpoint answers 503. */
  isDown: boolean;
  /** While true, the MCP server takes no token at all that was issued before now. */
  expireAll(): void;
  /** Who signs in next at the authorization server. */
  account: string;
  stop(): Promise<void>;
}

export interface PairOptions {
  readonly scopes?: string;
  readonly accessTokenSeconds?: number;
}

export async function startProtectedPair(options: PairOptions = {}): Promise<ProtectedPair> {
  const as = await listening();
  const mcp = await listening();
  const issuer = `http://127.0.0.1:${as.port}`;
  const mcpUrl = `http://127.0.0.1:${mcp.port}/mcp`;
  const tokenRequests: Record<string, number> = {};
  const issued: string[] = [];
  let refused = 0;
  let validSinceMs = 0;
  const pair: ProtectedPair = {
    issuer,
    mcpUrl,
    tokenRequests,
    issued,
    refused: () => refused,
    isDown: false,
    account: 'alice',
    expireAll: () => {
      validSinceMs = Date.now() + 1;
    },
    stop: async () => {
      for (const { server } of [as, mcp]) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
  const provider = createProvider(issuer, mcpUrl, { ...options, pair });
  const callback = provider.callback();
  as.server.on('request', (http: IncomingMessage, response: ServerResponse) => {
    if (http.url?.startsWith('/interaction/') === true) void interact(provider, pair, http, response);
    else if (pair.isDown && http.url === '/token') response.writeHead(503, { 'content-type': 'text/plain' }).end('later');
    else void callback(http, response);
  });
  const seen = new Map<string, number>();
  mcp.server.on('request', (http: IncomingMessage, response: ServerResponse) => {
    void serveMcp(http, response, async (token) => {
      const found = await provider.AccessToken.find(token);
      const since = seen.get(token) ?? Date.now();
      seen.set(token, since);
      const isValid = found !== undefined && found.isValid && found.aud === mcpUrl && since >= validSinceMs;
      if (!isValid) refused++;
      return isValid ? found.accountId : undefined;
    }, { mcpUrl, issuer, scopes: options.scopes });
  });
  return pair;
}

async function listening(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

function createProvider(issuer: string, mcpUrl: string, { accessTokenSeconds = 3600, pair }: PairOptions & { readonly pair: ProtectedPair }): Provider {
  const configuration = {
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => mcpUrl,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: 'read write', accessTokenFormat: 'opaque', accessTokenTTL: accessTokenSeconds, audience: mcpUrl }),
      },
    },
    scopes: ['openid', 'offline_access'],
    pkce: { required: () => true },
    responseTypes: ['code'],
    interactions: { url: (_ctx: unknown, interaction: { readonly uid: string }) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    ttl: { AccessToken: accessTokenSeconds, Session: 600, Interaction: 600, Grant: 6000, RefreshToken: 6000 },
    cookies: { keys: ['only for tests'] },
  };
  const provider = new OidcProvider(issuer, configuration);
  provider.on('grant.success', (ctx) => {
    const { grant_type: type } = ctx.oidc.params;
    pair.tokenRequests[type] = (pair.tokenRequests[type] ?? 0) + 1;
    const { body } = ctx;
    pair.issued.push(body.access_token, ...(body.refresh_token === undefined ? [] : [body.refresh_token]));
  });
  return provider;
}

/** Whoever comes is the pair's account and agrees to everything. */
async function interact(provider: Provider, pair: ProtectedPair, http: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(http, response);
  if (prompt.name === 'login') {
    await provider.interactionFinished(http, response, { login: { accountId: pair.account } }, { mergeWithLastSubmission: false });
    return;
  }
  const grant = new provider.Grant({ accountId: session?.accountId ?? pair.account, clientId: String(params['client_id']) });
  grant.addOIDCScope('openid offline_access');
  grant.addResourceScope(String(params['resource']), 'read write');
  await provider.interactionFinished(http, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

interface Mcp {
  readonly mcpUrl: string;
  readonly issuer: string;
  readonly scopes: string | undefined;
}

/** A 2025-11-25 server without sessions, with one tool that says whose token it got. */
async function serveMcp(http: IncomingMessage, response: ServerResponse, verify: (token: string) => Promise<string | undefined>, { mcpUrl, issuer, scopes }: Mcp): Promise<void> {
  const json = (status: number, value: unknown, headers: Record<string, string> = {}): void => void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
  if (http.url?.startsWith('/.well-known/oauth-protected-resource') === true) {
    json(200, { resource: mcpUrl, authorization_servers: [issuer], scopes_supported: ['read'] });
    return;
  }
  if (http.method !== 'POST') {
    response.writeHead(405).end();
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of http) chunks.push(chunk as Buffer);
  const account = await verify(/^Bearer (.+)$/.exec(http.headers.authorization ?? '')?.[1] ?? '');
  if (account === undefined) {
    json(401, {}, { 'www-authenticate': `Bearer resource_metadata="${new URL('/.well-known/oauth-protected-resource/mcp', mcpUrl).href}"${scopes === undefined ? '' : `, scope="${scopes}"`}` });
    return;
  }
  const message = JSON.parse(Buffer.concat(chunks).toString()) as { id?: number; method: string };
  if (message.id === undefined) {
    response.writeHead(202).end();
    return;
  }
  const result = resultOf(message.method, account);
  json(200, result === undefined ? { jsonrpc: '2.0', id: message.id, error: { code: -32601, message: 'Method not found' } } : { jsonrpc: '2.0', id: message.id, result });
}

function resultOf(method: string, account: string): object | undefined {
  if (method === 'initialize') return { protocolVersion: '2025-11-25', capabilities: { tools: {}, resources: {} }, serverInfo: { name: 'protected', version: '1' } };
  if (method === 'tools/list') return { tools: [{ name: 'whoami', inputSchema: { type: 'object' } }] };
  if (method === 'resources/list') return { resources: [{ uri: `file:///private/${account}`, name: account }] };
  if (method === 'tools/call') return { content: [{ type: 'text', text: account }] };
  return method === 'ping' ? {} : undefined;
}
