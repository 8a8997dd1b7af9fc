/**
 * The addresses of the authorization server, and what stands before the library at each: hosts, sizes, rates, our
 * redirect rule and the few parameters we take. The library is loaded when somebody first needs it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import { Fault, toFault } from '../../base/fault.ts';
import { answerJson, answerPage, CORS_HEADERS, readSmallBody } from './answering.ts';
import { authorizeUrl } from './authorize.ts';
import { CONSENT_PATH, type ConsentDeps, decideConsent, SIGN_IN_OVER, showConsent } from './consent.ts';
import { type MetadataDeps, metadataAt } from './metadata.ts';
import type { ProviderDeps } from './provider.ts';
import { REGISTRATION_BYTES_MAX, type RegisterDeps, register } from './register.ts';
import { ownEndpoints } from './resources.ts';

export interface OAuthHandlerDeps extends ProviderDeps, ConsentDeps, RegisterDeps, MetadataDeps {
  /** Throws `request.host_refused`; the second one also `request.origin_refused`. */
  readonly checkHost: (http: IncomingMessage) => void;
  readonly checkHostAndOrigin: (http: IncomingMessage) => void;
  /** Throws `limit.rate_exceeded` for an address that registers or asks too often. */
  readonly registering: (http: IncomingMessage) => void;
  readonly asking: (http: IncomingMessage) => void;
  /** A refusal of ours, for the log. */
  readonly refusedRequest: (fault: Fault) => void;
}

export interface OAuthHandler {
  /** Whether a path is one of these. */
  readonly serves: (url: string) => boolean;
  readonly handle: (http: IncomingMessage, response: ServerResponse) => Promise<void>;
}

interface LoadedProvider {
  readonly provider: Provider;
  readonly serve: ReturnType<Provider['callback']>;
}

type Route = (http: IncomingMessage, response: ServerResponse, deps: OAuthHandlerDeps & { readonly load: () => Promise<LoadedProvider> }) => Promise<void>;

const OWN_PATH =
  /^\/(?:oauth\/(?:authorize(?:\/[\w-]+)?|consent\/[\w-]+|token|register|revoke|introspect)|\.well-known\/(?:oauth-authorization-server|openid-configuration|oauth-protected-resource)(?:\/.*)?)$/;
const FORM_BYTES_MAX = 4 * 1024;

export function createOAuthHandler(deps: OAuthHandlerDeps): OAuthHandler {
  let loading: Promise<LoadedProvider> | undefined;
  const load = (): Promise<LoadedProvider> => {
    loading ??= import('./provider.ts').then(({ createProvider }) => {
      const provider = createProvider(deps);
      return { provider, serve: provider.callback() };
    });
    return loading;
  };
  return {
    serves: (url) => OWN_PATH.test(pathOf(url)),
    async handle(http, response) {
      try {
        const path = pathOf(http.url ?? '');
        if (!path.startsWith('/.well-known/') && ownEndpoints(deps).length === 0) throw new Fault('request.not_found');
        await routeOf(path)(http, response, { ...deps, load });
      } catch (thrown) {
        answerFault(http, response, thrown, deps);
      }
    },
  };
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}

function routeOf(path: string): Route {
  if (path.startsWith('/.well-known/')) return serveMetadata;
  if (path === '/oauth/register') return serveRegister;
  if (path === '/oauth/authorize') return serveAuthorize;
  if (path.startsWith('/oauth/authorize/')) return serveResume;
  return path.startsWith(CONSENT_PATH) ? serveConsent : serveTokens;
}

const serveMetadata: Route = async (http, response, deps) => {
  deps.checkHost(http);
  if (http.method === 'OPTIONS') return preflight(response);
  if (http.method !== 'GET' && http.method !== 'HEAD') throw new Fault('request.method_not_allowed');
  const document = metadataAt(pathOf(http.url ?? ''), deps);
  if (document === undefined) throw new Fault('request.not_found');
  answerJson(response, 200, document, { ...CORS_HEADERS, 'cache-control': 'public, max-age=60' });
};

const serveRegister: Route = async (http, response, deps) => {
  deps.checkHost(http);
  if (http.method === 'OPTIONS') return preflight(response);
  if (http.method !== 'POST') throw new Fault('request.method_not_allowed');
  if (!deps.isRegistrationOpen()) throw new Fault('request.not_found');
  deps.registering(http);
  const { status, body } = await register(parseJson(await readSmallBody(http, 'application/json', REGISTRATION_BYTES_MAX)), deps);
  answerJson(response, status, body, CORS_HEADERS);
};

const serveAuthorize: Route = async (http, response, deps) => {
  deps.checkHost(http);
  if (http.method !== 'GET') throw new Fault('request.method_not_allowed');
  deps.asking(http);
  const checked = authorizeUrl(http.url ?? '', deps);
  if ('refusal' in checked) {
    answerPage(response, 400, deps.pages.error(http, checked.refusal));
    return;
  }
  http.url = checked.url;
  await runProvider(http, response, deps);
};

const serveResume: Route = async (http, response, deps) => {
  deps.checkHost(http);
  if (http.method !== 'GET') throw new Fault('request.method_not_allowed');
  await runProvider(http, response, deps);
};

const serveConsent: Route = async (http, response, deps) => {
  deps.checkHostAndOrigin(http);
  const { provider } = await deps.load();
  if (http.method !== 'GET' && http.method !== 'POST') throw new Fault('request.method_not_allowed');
  const answer =
    http.method === 'GET'
      ? await showConsent(http, response, provider, deps)
      : await decideConsent(http, response, provider, {
          ...deps,
          form: new URLSearchParams(await readSmallBody(http, 'application/x-www-form-urlencoded', FORM_BYTES_MAX)),
        });
  if ('page' in answer) {
    answerPage(response, 200, answer.page);
    return;
  }
  response.writeHead(303, { location: answer.location, 'cache-control': 'no-store', 'content-length': 0 });
  response.end();
};

/** Token, revocation and introspection: the caller is a program and shows no cookie, so any origin may ask. */
const serveTokens: Route = async (http, response, deps) => {
  deps.checkHost(http);
  if (http.method === 'OPTIONS') return preflight(response);
  if (http.method !== 'POST') throw new Fault('request.method_not_allowed');
  deps.asking(http);
  await runProvider(http, response, deps);
};

/** `originalUrl` tells the library which path a proxy took away, for the paths of its cookies. */
async function runProvider(http: IncomingMessage & { originalUrl?: string }, response: ServerResponse, deps: Parameters<Route>[2]): Promise<void> {
  const prefix = new URL(deps.issuer()).pathname.replace(/\/$/, '');
  if (prefix !== '') http.originalUrl = prefix + (http.url ?? '');
  const { serve } = await deps.load();
  await serve(http, response);
}

function preflight(response: ServerResponse): void {
  response.writeHead(204, {
    ...CORS_HEADERS,
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'authorization, content-type, mcp-protocol-version',
    'access-control-max-age': '3600',
  });
  response.end();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault('request.parse', { cause });
  }
}

/** Programs get JSON in the form of RFC 6749 section 5.2, browsers a page; never a redirect. */
function answerFault(http: IncomingMessage, response: ServerResponse, thrown: unknown, deps: OAuthHandlerDeps): void {
  const isGone = thrown instanceof Error && thrown.name === 'SessionNotFound';
  const fault = isGone ? new Fault('request.invalid', { message: SIGN_IN_OVER, detail: thrown.message }) : toFault(thrown);
  deps.refusedRequest(fault);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const path = pathOf(http.url ?? '');
  const headers = {
    ...(fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) }),
    ...(http.complete ? {} : { connection: 'close' }),
  };
  const about = { error: fault.http >= 500 ? 'server_error' : 'invalid_request', error_description: fault.message };
  const isForBrowser = path.startsWith('/oauth/authorize') || path.startsWith(CONSENT_PATH);
  if (isForBrowser) answerPage(response, fault.http, deps.pages.error(http, about), headers);
  else answerJson(response, fault.http, about, { ...CORS_HEADERS, ...headers });
}
