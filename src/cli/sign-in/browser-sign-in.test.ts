import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Browser } from '../../../test/support/browser.ts';
import { type OAuthGateway, startOAuthGateway } from '../../../test/support/start-oauth-gateway.ts';
import { systemClock } from '../../base/clock.ts';
import type { CliHost } from '../host.ts';
import { runStdio } from '../stdio/run-stdio.ts';

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** `metamcp stdio --url …` without a key, as a client starts it. */
function startBridge(url: string, data: string) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const stopping = new AbortController();
  const host: CliHost = { env: { BROWSER: 'true' }, stdin, stdout, stderr, clock: systemClock, platform: process.platform, homeFolder: tmpdir(), workFolder: tmpdir(), selfCommand: [process.execPath], version: '1.0.0', stopping: stopping.signal, serve: () => Promise.resolve(1), checkConfigFile: () => Promise.resolve([]) };
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const said = createInterface({ input: stderr })[Symbol.asyncIterator]();
  const ended = runStdio({ url, data }, host);
  closing.push(async () => {
    stopping.abort();
    await ended;
  });
  let id = 0;
  return {
    /** The address on stderr where the user is to sign in. */
    async address(): Promise<string> {
      for (;;) {
        const { value } = await said.next();
        const found = /Sign in at: (\S+)/.exec(String(value))?.[1];
        if (found !== undefined) return found;
      }
    },
    async ask(method: string, params: object): Promise<Record<string, unknown>> {
      stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params })}\n`);
      return JSON.parse(String((await lines.next()).value)) as Record<string, unknown>;
    },
    initialize() {
      return this.ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } });
    },
    async close() {
      stdin.end();
      await ended;
    },
  };
}

async function setUp(): Promise<{ gateway: OAuthGateway; data: string; file: string }> {
  const gateway = await startOAuthGateway();
  const data = mkdtempSync(join(tmpdir(), 'metamcp-sign-in-'));
  closing.push(() => gateway.close(), () => rmSync(data, { recursive: true }));
  return { gateway, data, file: join(data, 'sign-ins.json') };
}

async function agree(address: string): Promise<string> {
  const browser = new Browser();
  const page = await browser.open(address);
  const done = await browser.submit(page, 'allow');
  return done.html;
}

test('a bridge without a key leads its user to the sign-in, goes on once that is done, and keeps the tokens for its user alone', async () => {
  const { gateway, data, file } = await setUp();
  const bridge = startBridge(gateway.mcp('desk'), data);
  const answer = bridge.initialize();
  expect(await agree(await bridge.address())).toContain('You can close this page');
  expect(await answer).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
  await bridge.close();
  expect(statSync(file).mode & 0o777).toBe(0o600);

  const again = startBridge(gateway.mcp('desk'), data);
  expect(await again.initialize()).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
  await again.close();
});

test('a token that is refused is refreshed without anybody being asked', async () => {
  const { gateway, data, file } = await setUp();
  const first = startBridge(gateway.mcp('desk'), data);
  const answer = first.initialize();
  await agree(await first.address());
  await answer;
  await first.close();
  const kept = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { tokens: { access_token: string } }>;
  const before = kept[gateway.mcp('desk')]?.tokens.access_token;
  for (const { tokens } of Object.values(kept)) tokens.access_token = 'over'.repeat(10);
  writeFileSync(file, JSON.stringify(kept));
  chmodSync(file, 0o600);

  const again = startBridge(gateway.mcp('desk'), data);
  expect(await again.initialize()).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
  await again.close();
  const after = JSON.parse(readFileSync(file, 'utf8')) as typeof kept;
  expect(after[gateway.mcp('desk')]?.tokens.access_token).not.toBe(before);
  expect(after[gateway.mcp('desk')]?.tokens.access_token).not.toContain('over');
});

test('a user who says no is told to the client as a refusal', async () => {
  const { gateway, data } = await setUp();
  const bridge = startBridge(gateway.mcp('desk'), data);
  const answer = bridge.initialize();
  const browser = new Browser();
  await browser.submit(await browser.open(await bridge.address()), 'deny');
  expect(await answer).toMatchObject({ error: { message: expect.stringContaining('access_denied') } });
});

test('a browser that comes to the redirect without the state of this sign-in ends nothing', async () => {
  const { gateway, data } = await setUp();
  const bridge = startBridge(gateway.mcp('desk'), data);
  const answer = bridge.initialize();
  const address = await bridge.address();
  const redirect = new URL(address).searchParams.get('redirect_uri') ?? '';
  expect((await fetch(`${redirect}?code=stolen&state=guess`)).status).toBe(404);
  await agree(address);
  expect(await answer).toHaveProperty('result');
});
