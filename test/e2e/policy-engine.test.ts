/**
 * A policy engine outside of the gateway: a real Open Policy Agent (OPA_BINARY, TEST_OPA or the PATH; without one that part
 * is skipped, visibly), and one that misbehaves in every way. Whatever it does, nothing is allowed that it did not allow.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { freePort } from '../support/free-port.ts';
import { modernRequest, type RawAnswer, textOf, toolNamesOf } from '../support/http-peer.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const config = (url: string): object => ({
  servers: { count: fixtureCommand('counting-server.ts', '--stdio') },
  // A deadline that a busy machine keeps.
  namespaces: { all: { servers: ['count'], engine: { url, path: 'metamcp/decision', timeoutMs: 1_000 } } },
  endpoints: { all: { namespace: 'all', auth: { apiKey: false } }, found: { namespace: 'all', discovery: 'search', auth: { apiKey: false } } },
});

function call(gateway: RunningGateway, name: string, args: object = {}): Promise<RawAnswer> {
  return modernRequest({ url: gateway.mcp('all') }, 'tools/call', { name, arguments: args });
}

describe('an engine that misbehaves', () => {
  const DEEDS: Readonly<Record<string, (response: ServerResponse) => void>> = {
    'fails': (response) => response.writeHead(500).end('{}'),
    'says nothing': () => undefined,
    'says no JSON': (response) => response.end('allow'),
    'says nothing of an effect': (response) => response.end('{"result":{}}'),
    'contradicts itself': (response) => response.end('{"result":{"allow":true,"effect":"deny"}}'),
    'knows no such document': (response) => response.end('{}'),
    'leads elsewhere': (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
    'says half of it': (response) => response.write('{"result":true'),
    'hangs up': (response) => response.destroy(),
    'is endless': (response) => {
      const more = (): void => {
        if (!response.destroyed) response.write(' '.repeat(65_536), more);
      };
      more();
    },
    'says true as a text': (response) => response.end('{"result":"true"}'),
  };
  let deed: (response: ServerResponse) => void;
  let engine: Server;
  let gateway: RunningGateway;
  let port: number;

  beforeAll(async () => {
    engine = createServer((_http, response) => deed(response)).listen(0, '127.0.0.1');
    await once(engine, 'listening');
    ({ port } = engine.address() as AddressInfo);
    gateway = await startGateway({ config: config(`http://127.0.0.1:${port}`) });
  });

  afterAll(async () => {
    await gateway.stop();
    engine.close();
    engine.closeAllConnections();
  });

  test.each(Object.keys(DEEDS))('[AZ-11] that %s allows nothing, and lists say why', async (name) => {
    deed = DEEDS[name] ?? (() => undefined);
    const answer = await call(gateway, 'count__count', { key: name });
    expect(answer.message.error).toMatchObject({ code: -31007, data: { reason: 'policy_engine', failedAt: 'policy', outcome: 'not_executed' } });
    expect((await modernRequest({ url: gateway.mcp('all') }, 'tools/list')).message.error).toMatchObject({ code: -31007, data: { reason: 'policy_engine' } });
  });

  test('[AZ-11] that is gone allows nothing', async () => {
    engine.close();
    engine.closeAllConnections();
    expect((await call(gateway, 'count__count', { key: 'gone' })).message.error?.code).toBe(-31007);
  });

  test('once it answers again, what it allows is made, and nothing else was', async () => {
    engine = createServer((_http, response) => response.end('{"result":true,"decision_id":"d-1"}')).listen(port, '127.0.0.1');
    await once(engine, 'listening');
    expect(JSON.parse(textOf((await call(gateway, 'count__counts')).message))).toEqual({});
  });

  test('[AZ-11] searches find what the engine lets the caller see, and say so where it cannot be asked', async () => {
    engine.close();
    engine.closeAllConnections();
    engine = createServer((http, response) => {
      let text = '';
      http.on('data', (chunk: Buffer) => (text += chunk.toString()));
      http.on('end', () => response.end(JSON.stringify({ result: !text.includes('"name":"canary"') })));
    }).listen(port, '127.0.0.1');
    await once(engine, 'listening');
    const search = (): Promise<RawAnswer> => modernRequest({ url: gateway.mcp('found') }, 'tools/call', { name: 'search_tools', arguments: { queries: ['count a key', 'canary: who it was called for'] } });
    const found = JSON.stringify((await search()).message.result);
    expect(found).toContain('count__counts');
    expect(found).not.toContain('count__canary');
    engine.close();
    engine.closeAllConnections();
    // What was asked about lately is remembered for as long as clients may keep a list.
    await expect.poll(async () => (await search()).message.error?.data?.['reason'], { timeout: 10_000, interval: 250 }).toBe('policy_engine');
  });
});

const command = process.env['OPA_BINARY'] ?? process.env['TEST_OPA'] ?? 'opa';
const hasOpa = spawnSync(command, ['version']).status === 0;
if (!hasOpa) process.stderr.write('skipped: no opa (OPA_BINARY, TEST_OPA or PATH)\n');

const REGO = `package metamcp
decision := {"effect": "deny", "rule": "no-canary"} if input.name == "canary"
else := {"effect": "deny", "rule": "secret-key", "conditional": true} if startswith(object.get(input.arguments, "key", ""), "secret")
else := {"effect": "approve", "rule": "ask", "reason": "a person looks"} if startswith(object.get(input.arguments, "key", ""), "risky")
else := {"effect": "allow", "rule": "open"}
`;

describe.skipIf(!hasOpa)('Open Policy Agent', () => {
  const folder = mkdtempSync(join(tmpdir(), 'opa-'));
  let opa: ChildProcess;
  let gateway: RunningGateway;

  beforeAll(async () => {
    writeFileSync(join(folder, 'policy.rego'), REGO);
    const port = await freePort();
    opa = spawn(command, ['run', '--server', '--addr', `127.0.0.1:${port}`, '--set', 'decision_logs.console=true', '--log-level', 'error', '--skip-version-check', join(folder, 'policy.rego')], { stdio: 'ignore' });
    const url = `http://127.0.0.1:${port}`;
    await vi.waitFor(() => fetch(`${url}/health`), { timeout: 20_000 });
    gateway = await startGateway({ config: config(url), env: { LOG_LEVEL: 'all' } });
  });

  afterAll(async () => {
    opa.kill('SIGKILL');
    await gateway.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('decides lists and calls alike, with arguments; what asks for a person is not made', async () => {
    expect(toolNamesOf(await modernRequest({ url: gateway.mcp('all') }, 'tools/list'))).toEqual(['count__count', 'count__counts']);
    expect((await call(gateway, 'count__canary')).message.error).toMatchObject({ code: -32602, message: 'Unknown tool: count__canary' });
    expect((await call(gateway, 'count__count', { key: 'secret-1' })).message.error?.code).toBe(-31007);
    expect((await call(gateway, 'count__count', { key: 'risky-1' })).message.error?.code).toBe(-31010);
    expect((await call(gateway, 'count__count', { key: 'fine' })).message.result).toBeDefined();
    expect(JSON.parse(textOf((await call(gateway, 'count__counts')).message))).toEqual({ fine: 1 });
  });

  test('[AZ-11] once it is gone, nothing is allowed', async () => {
    opa.kill('SIGKILL');
    await expect.poll(() => opa.signalCode, { timeout: 5_000 }).toBe('SIGKILL');
    for (const name of ['count__count', 'count__counts']) expect((await call(gateway, name, { key: 'fine' })).message.error?.code).toBe(-31007);
  });
});
