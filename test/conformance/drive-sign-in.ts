/**
 * The client that the suite's `auth/*` scenarios start: a gateway with the suite's server behind it, and in front a person
 * who calls every tool and signs in wherever the gateway says so.
 *
 *     node test/conformance/drive-sign-in.ts URL      (the suite appends the URL)
 */
import { Browser } from '../support/consenting-browser.ts';
import { modernRequest, type RpcMessage } from '../support/http-peer.ts';
import { startGateway } from './start-gateway.ts';

interface Context {
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly private_key_pem?: string;
  readonly signing_algorithm?: string;
}

/** Where the suite expects a client's metadata document to lie. */
const CLIENT_METADATA_URL = 'https://conformance-test.local/client-metadata.json';
const SIGN_INS_MAX = 6;
const LISTED_MS = 4_000;

const url = process.argv.at(-1) ?? '';
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? '';
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as Context;
const gateway = await startGateway({
  servers: { suite: { type: 'http', url, auth: auth() } },
  namespaces: { suite: { servers: ['suite'] } },
  endpoints: { suite: { namespace: 'suite', auth: { apiKey: false } } },
  // The suite's authorization server is on this machine, at a port that only the suite's server names.
  settings: { egressAllow: ['127.0.0.0/8:*', '[::1/128]:*'] },
});
const client = { url: `${gateway.url}/metamcp/suite/mcp` };
let signIns = 0;
try {
  await drive();
} finally {
  await gateway.stop();
}

function auth(): object {
  const { client_id: clientId, client_secret: clientSecret, private_key_pem: privateKey, signing_algorithm: algorithm } = context;
  if (scenario.startsWith('auth/client-credentials')) return { type: 'client-credentials', clientId, ...(privateKey === undefined ? { clientSecret } : { privateKey, algorithm }) };
  if (scenario === 'auth/basic-cimd') return { type: 'oauth', grant: 'user', clientId: CLIENT_METADATA_URL };
  return { type: 'oauth', grant: 'user', ...(clientId === undefined ? {} : { clientId, clientSecret }) };
}

async function drive(): Promise<void> {
  await call('suite__sign_in');
  const endMs = Date.now() + LISTED_MS;
  let names = await listed();
  // Whoever sees no tools signs in again: the server may have changed its mind about where.
  while (names.length === 0 && signIns > 0 && Date.now() < endMs) {
    await call('suite__sign_in');
    names = await listed();
  }
  for (const name of names) await call(name);
}

async function listed(): Promise<string[]> {
  const { message } = await modernRequest(client, 'tools/list');
  const tools = (message.result?.['tools'] ?? []) as { name: string }[];
  return tools.map(({ name }) => name).filter((name) => name !== 'suite__sign_in');
}

async function call(name: string): Promise<void> {
  for (;;) {
    const { message } = await modernRequest(client, 'tools/call', { name, arguments: {} });
    const link = linkOf(message);
    if (link === undefined || ++signIns > SIGN_INS_MAX) return;
    const page = await new Browser().agree(link);
    if (page.status !== 200) return;
  }
}

function linkOf({ error }: RpcMessage): string | undefined {
  return error?.code === -31013 && typeof error.data?.['url'] === 'string' ? error.data['url'] : undefined;
}
