/** A real identity provider (oidc-provider) on loopback. Whoever a test names is signed in there without a page. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { freePort } from './free-port.ts';

/** What is used here of the package's class. */
interface OidcServer {
  callback(): (http: IncomingMessage, answer: ServerResponse) => unknown;
  interactionFinished(http: IncomingMessage, answer: ServerResponse, result: object): Promise<void>;
  readonly Client: { readonly prototype: { redirectUriAllowed: (uri: string) => boolean } };
}

interface GrantContext {
  readonly oidc: {
    readonly client?: { readonly clientId: string };
    readonly session?: { readonly accountId?: string };
    readonly provider: { readonly Grant: new (of: object) => { addOIDCScope(scope: string): void; save(): Promise<string> } };
  };
}

// By a name that the compiler does not follow: the package has no types of its own.
const PACKAGE: string = 'oidc-provider';
const { Provider } = (await import(PACKAGE)) as { readonly Provider: new (issuer: string, options: object) => OidcServer };

export interface OidcPerson {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

export interface TestOidcProvider {
  readonly issuer: string;
  /** Who signs in next. */
  person: OidcPerson;
  /** Goes where the gateway sent the browser, signs in, and returns the address the browser is sent back to. */
  visit(location: string): Promise<string>;
  stop(): Promise<void>;
  /** At the address it had before. */
  start(): Promise<void>;
}

export const OIDC_CLIENT = { clientId: 'metamcp', clientSecret: 'kq83nfp2vhd0-kq83nfp2vhd1' } as const;

export async function startOidcProvider(redirectUris: () => string[]): Promise<TestOidcProvider> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const state: { person: OidcPerson; server: Server | undefined } = { person: { sub: 'ada' }, server: undefined };
  const client = { client_id: OIDC_CLIENT.clientId, client_secret: OIDC_CLIENT.clientSecret, redirect_uris: ['http://127.0.0.1/placeholder'], response_types: ['code'], grant_types: ['authorization_code'] };
  const provider = new Provider(issuer, {
    clients: [client],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context: unknown, interaction: { readonly uid: string }) => `/interaction/${interaction.uid}` },
    findAccount: async (_context: unknown, sub: string) => ({ accountId: sub, claims: async () => ({ ...state.person, sub }) }),
    async loadExistingGrant(context: GrantContext) {
      const grant = new context.oidc.provider.Grant({ clientId: context.oidc.client?.clientId ?? '', accountId: context.oidc.session?.accountId ?? '' });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  // Ports are known after the start only; what is checked is that the address is exactly one of these.
  provider.Client.prototype.redirectUriAllowed = (uri: string) => redirectUris().includes(uri);
  const handle = provider.callback();
  const start = async (): Promise<void> => {
    state.server = createServer((http, answer) => {
      if (http.url?.startsWith('/interaction/') === true) void provider.interactionFinished(http, answer, { login: { accountId: state.person.sub } });
      else void handle(http, answer);
    }).listen(port, '127.0.0.1');
    await once(state.server, 'listening');
  };
  await start();
  return {
    issuer,
    get person() {
      return state.person;
    },
    set person(person) {
      state.person = person;
    },
    visit: (location) => visit(location, issuer),
    start,
    async stop() {
      state.server?.closeAllConnections();
      state.server?.close();
      if (state.server?.listening === true) await once(state.server, 'close');
    },
  };
}

/** With cookies of its own, until an address lies elsewhere. */
async function visit(location: string, issuer: string): Promise<string> {
  const cookies = new Map<string, string>();
  let next = location;
  for (let hops = 0; hops < 10 && next.startsWith(issuer); hops++) {
    const response = await fetch(next, { redirect: 'manual', headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') } });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const to = response.headers.get('location');
    if (to === null) throw new Error(`the provider answered ${response.status}: ${(await response.text()).replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ').slice(-300)}`);
    next = new URL(to, next).href;
  }
  return next;
}
