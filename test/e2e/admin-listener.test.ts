/** The admin API on a listener of its own, and not at all. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GATEWAY_FILE, type GatewayFile } from '../../src/contract/gateway-file.ts';
import { OPERATIONS } from '../../src/control-plane/operations.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';

const KEY = `sk_mt_${'d4'.repeat(32)}`;
const PAGES = ['/', '/servers', '/audit', '/api/docs', '/api/v1/openapi.json', '/api/v1/events'];
/** What people need to sign in, which is part of OAuth for MCP clients. */
const SIGN_IN = new Set(['/health', '/ready', '/api/v1/sign-in', '/api/v1/sign-in/provider', '/api/v1/sign-up', '/api/v1/sign-out', '/api/v1/links/inspect', '/api/v1/links/redeem', '/api/v1/password-reset', '/api/auth/oauth2/callback/x', '/api/v1/me']);
const CONFIG = { servers: {}, namespaces: { dev: { servers: [] } }, endpoints: { dev: { namespace: 'dev' } }, keys: { k: { value: KEY } } };

function fileOf({ data }: RunningGateway): GatewayFile {
  return JSON.parse(readFileSync(join(data, GATEWAY_FILE), 'utf8')) as GatewayFile;
}

/** Every address of the admin side with the status that the operator gets there. */
async function statuses(url: string, token: string): Promise<Map<string, number>> {
  const all = new Map<string, number>();
  const targets = [...PAGES.map((path) => ({ method: 'GET', path })), ...OPERATIONS.map(({ operation }) => ({ method: operation.method, path: operation.path.replaceAll(/\{\w+\}/g, 'x') }))];
  for (const { method, path } of targets) {
    const answer = await fetch(url + path, { method, redirect: 'manual', headers: { authorization: `Bearer ${token}`, accept: 'text/html', 'content-type': 'application/json' }, body: method === 'GET' || method === 'DELETE' ? null : '{' });
    await answer.body?.cancel();
    all.set(`${method} ${path}`, answer.status);
  }
  return all;
}

async function listTools(url: string): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} } } });
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' };
  return ((await (await fetch(`${url}/metamcp/dev/mcp`, { method: 'POST', headers, body })).json()) as { result: { tools: unknown } }).result.tools;
}

function open(all: ReadonlyMap<string, number>): string[] {
  return [...all].flatMap(([target, status]) => (status !== 404 && !SIGN_IN.has(target.split(' ')[1] ?? '') ? [`${target} ${status}`] : []));
}

test('[AD-08] with a port of its own the admin API is 404 on the common one, and the command line finds it', { timeout: 60_000 }, async () => {
  const gateway = await startGateway({ config: CONFIG, args: ['--admin-port', '0'] });
  try {
    const { url, adminUrl = '', token } = fileOf(gateway);
    expect(new URL(adminUrl).port).not.toBe(new URL(url).port);
    expect(gateway.adminLink).toMatch(new RegExp(`^${adminUrl}/link`));
    expect(open(await statuses(url, token))).toEqual([]);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${adminUrl}/api/v1/servers`, { headers })).status).toBe(200);
    expect((await fetch(`${adminUrl}/api/v1/me`, { method: 'PATCH', headers: { ...headers, 'content-type': 'application/json' }, body: '{' })).status).not.toBe(404);
    expect([await listTools(url), await listTools(adminUrl)]).toEqual([[], []]);
    const keys = await runMetamcp(['keys', 'list', '--data', gateway.data, '--json']);
    expect([keys.code, keys.stdout]).toEqual([0, expect.stringContaining('"k"')]);
  } finally {
    await gateway.stop();
  }
});

test('[AD-08] without the admin API every address of it is 404, and MCP goes on', { timeout: 60_000 }, async () => {
  const gateway = await startGateway({ config: CONFIG, args: ['--no-admin', '--admin-port', '0'] });
  try {
    const { url, adminUrl, token } = fileOf(gateway);
    expect(adminUrl).toBeUndefined();
    expect(open(await statuses(url, token))).toEqual([]);
    expect(await listTools(url)).toEqual([]);
  } finally {
    await gateway.stop();
  }
});
