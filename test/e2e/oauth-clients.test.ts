/** Real MCP clients find everything out from an endpoint's address alone; a script stands for the user at the browser. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { OAuthClient } from '../support/oauth-client.ts';
import { type OAuthGateway, startOAuthGateway } from '../support/start-oauth-gateway.ts';

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
const CALLBACK = 'http://127.0.0.1:1/callback';

let gateway: OAuthGateway;

beforeAll(async () => {
  gateway = await startOAuthGateway({ endpoints: { desk: { apiKey: false, oauth: true }, other: { apiKey: false, oauth: true } } });
});

afterAll(() => gateway.close());

/** What an application keeps for the SDK's client, in memory. */
function createAuthProvider() {
  const kept: { client?: object; tokens?: object; verifier: string; asked: URL | undefined } = { verifier: '', asked: undefined };
  return {
    kept,
    redirectUrl: CALLBACK,
    clientMetadata: {
      client_name: 'SDK client',
      redirect_uris: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => kept.client as never,
    saveClientInformation: (client: object) => void (kept.client = client),
    tokens: () => kept.tokens as never,
    saveTokens: (tokens: object) => void (kept.tokens = tokens),
    redirectToAuthorization: (url: URL) => void (kept.asked = url),
    saveCodeVerifier: (verifier: string) => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier,
  };
}

/** The user: signs in, allows. */
async function answerOf(asked: URL | undefined): Promise<URLSearchParams> {
  const browser = new Browser();
  const page = await browser.open(String(asked), CALLBACK);
  return new URL((await browser.submit(page, 'allow', CALLBACK)).url).searchParams;
}

test('[AZ-04] [AZ-05] [AS-07] the client of SDK v1 signs in with nothing but the address, calls a tool and refreshes', async () => {
  const provider = createAuthProvider();
  const first = new OldTransport(new URL(gateway.mcp('desk')), { authProvider: provider });
  await expect(new OldClient({ name: 'v1', version: '1' }).connect(first)).rejects.toBeInstanceOf(UnauthorizedError);
  expect(provider.kept.asked?.searchParams.get('resource')).toBe(gateway.mcp('desk'));
  await first.finishAuth((await answerOf(provider.kept.asked)).get('code') ?? '');

  const client = new OldClient({ name: 'v1', version: '1' });
  await client.connect(new OldTransport(new URL(gateway.mcp('desk')), { authProvider: provider }));
  const { tools } = await client.listTools();
  expect(tools.length).toBeGreaterThan(0);

  // A token that is over: the client refreshes by itself and goes on in the same session.
  const before = provider.kept.tokens as { access_token: string };
  provider.kept.tokens = { ...before, access_token: 'x'.repeat(43) };
  expect((await client.listTools()).tools).toHaveLength(tools.length);
  expect((provider.kept.tokens as { access_token: string }).access_token).not.toBe(before.access_token);
  await client.close();
});

test('[AS-06] the client of SDK v2 signs in with nothing but the address and calls a tool', async () => {
  const provider = createAuthProvider();
  const first = new ModernTransport(new URL(gateway.mcp('desk')), { authProvider: provider as never });
  await expect(new ModernClient({ name: 'v2', version: '1' }).connect(first)).rejects.toThrow();
  await first.finishAuth(await answerOf(provider.kept.asked));

  const client = new ModernClient({ name: 'v2', version: '1' });
  await client.connect(new ModernTransport(new URL(gateway.mcp('desk')), { authProvider: provider as never }));
  expect((await client.listTools()).tools.length).toBeGreaterThan(0);
  await client.close();
});

test('mcp-remote signs in with nothing but the address and lists tools', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'metamcp-remote-'));
  const port = await freePort();
  // An empty PATH keeps it from opening a browser of this machine.
  const child = spawn(process.execPath, [join(MODULES, 'mcp-remote/dist/proxy.js'), gateway.mcp('desk'), String(port)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { HOME: folder, MCP_REMOTE_CONFIG_DIR: folder, PATH: folder },
  });
  const exited = once(child, 'close');
  try {
    const output = { text: '', words: '' };
    child.stdout.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output.words += chunk.toString()));
    const asked = await found(() => /^(?:\[\d+\] )?(http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize\S+)/m.exec(output.words)?.[1], output);
    const browser = new Browser();
    const page = await browser.open(asked);
    expect((await browser.submit(page, 'allow')).status, output.words).toBe(200);
    const send = (message: object): void => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    await found(() => (output.words.includes('Proxy established') ? 'yes' : undefined), output);
    send({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'desk', version: '1' } } });
    await found(() => (output.text.includes('"id":1') ? 'yes' : undefined), output);
    send({ method: 'notifications/initialized' });
    send({ id: 2, method: 'tools/list' });
    expect(await found(() => output.text.split('\n').find((line) => line.includes('"id":2')), output)).toContain('"tools":[');
  } finally {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);

test('[AS-06] [AS-07] the official conformance suite finds no fault with the authorization server', async () => {
  const port = await freePort();
  const callback = `http://127.0.0.1:${port}/callback`;
  const { client_id: clientId } = await new OAuthClient(gateway.url).register({ redirect_uris: [callback] });
  const args = ['authorization', '--url', gateway.url, '--client-id', clientId, '--resource', gateway.mcp('desk'), '--port', String(port)];
  const child = spawn(process.execPath, [join(MODULES, '@modelcontextprotocol/conformance/dist/index.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'close') as Promise<[number | null]>;
  const output = { text: '', words: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.words += chunk.toString()));
  const asked = await found(() => /(http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize\S+)/.exec(output.text + output.words)?.[1], output);
  const browser = new Browser();
  await browser.submit(await browser.open(asked), 'allow');
  const [code] = await exited;
  expect(code, output.text + output.words).toBe(0);
  expect(output.text).not.toMatch(/FAILURE|SKIPPED|✗/);
}, 60_000);

/** Polls until there is something; the other program says when. */
async function found(look: () => string | undefined, output: { readonly text: string; readonly words: string }): Promise<string> {
  const deadlineMs = performance.now() + 30_000;
  for (;;) {
    const seen = look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadlineMs) throw new Error(`did not come: ${output.words} ${output.text}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
