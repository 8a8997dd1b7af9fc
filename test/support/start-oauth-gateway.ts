/**
 * The real gateway in this process, with one MCP server behind endpoints that accept OAuth, and a sign-in page of the
 * test's: whoever comes there gets a cookie and goes back, as a browser with a remembered password would.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/ids.ts';
import { resolveSettings } from '../../src/config.ts';
import { type Gateway, startGateway } from '../../src/gateway.ts';
import type { People, SignedInUser } from '../../src/model/oauth.ts';

export const ALICE: SignedInUser = { userId: 'usr_alice', name: 'Alice', roles: ['member'], groups: ['staff'], through: 'password' };
/** Her `sub` at any identity provider. */
export const LOGIN_OF_ALICE = 'alice-at-work';
const SAMPLE = fileURLToPath(new URL('../../src/sample/server.ts', import.meta.url));

export interface OAuthGateway {
  readonly gateway: Gateway;
  readonly url: string;
  /** Address of an endpoint's MCP door. */
  readonly mcp: (endpoint: string) => string;
  /** Who the sign-in page lets in; changed by the test. */
  readonly signIn: { user: SignedInUser | undefined };
  readonly data: string;
  readonly close: () => Promise<void>;
}

export interface OAuthGatewayOptions {
  /** `auth` of each endpoint; default: one, `desk`, with OAuth alone. */
  readonly endpoints?: Readonly<Record<string, object>>;
  /** Default: the sample server, by stdio. */
  readonly server?: object;
  readonly flags?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

export async function startOAuthGateway(options: OAuthGatewayOptions = {}): Promise<OAuthGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'metamcp-oauth-'));
  const signIn = { user: ALICE as SignedInUser | undefined };
  const page = await startSignInPage();
  const auths = options.endpoints ?? { desk: { apiKey: false, oauth: true } };
  const document = {
    servers: { sample: (options.server ?? { type: 'stdio', command: process.execPath, args: [SAMPLE] }) as never },
    namespaces: { all: { servers: ['sample'] } },
    endpoints: Object.fromEntries(Object.entries(auths).map(([name, auth]) => [name, { namespace: 'all', auth: auth as never }])),
  };
  const people: People = {
    signedIn: ({ headers }) => Promise.resolve(headers.cookie?.includes('test_sign_in=yes') === true ? signIn.user : undefined),
    findUser: (userId) => Promise.resolve(signIn.user?.userId === userId ? signIn.user : undefined),
    findByLogin: (_issuer, subject) => Promise.resolve(subject === LOGIN_OF_ALICE ? signIn.user : undefined),
    signInUrl: (next) => `${page.url}/?next=${encodeURIComponent(next)}&back=${encodeURIComponent(gateway.url)}`,
  };
  const gateway: Gateway = await startGateway({
    resolved: resolveSettings({ flags: { port: 0, data: join(folder, 'data'), 'log-level': 'none', 'trusted-proxy': 'loopback', ...options.flags } }),
    file: undefined,
    firstRun: document,
    environment: () => process.env,
    clock: systemClock,
    random: systemRandom,
    version: '0.0.0',
    say: () => undefined,
    people,
  });
  return {
    gateway,
    url: gateway.url,
    mcp: (endpoint) => `${gateway.url}/metamcp/${endpoint}/mcp`,
    signIn,
    data: join(folder, 'data'),
    close: async () => {
      await gateway.close();
      page.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Cookies do not look at ports, so what is set here reaches the gateway. */
async function startSignInPage(): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((http, response) => {
    const query = new URL(http.url ?? '', 'http://127.0.0.1').searchParams;
    response.writeHead(303, { 'set-cookie': 'test_sign_in=yes; Path=/; HttpOnly', location: `${query.get('back')}${query.get('next')}` });
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}
