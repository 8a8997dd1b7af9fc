/** Policies and middleware of a configuration, as clients meet them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, type RawAnswer } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';

const KEYS = { plain: randomKey(), agent: randomKey() };
const SECRET = `ghp_${'a1B2c3D4e5F6'.repeat(3)}`;
let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway({
    config: {
      servers: { count: fixtureCommand('counting-server.ts', '--stdio') },
      policies: {
        agents: {
          rules: [
            { effect: 'deny', who: { labels: { agent: ['*'] } }, what: { names: ['count'] }, reason: 'agents do not count' },
            { effect: 'deny', what: { names: ['count'] }, arguments: [{ at: '/key', matches: '^forbidden' }] },
            { effect: 'approve', what: { names: ['count'] }, arguments: [{ at: '/delayMs', min: 1_000 }] },
          ],
        },
        trial: { mode: 'shadow', rules: [{ effect: 'deny' }] },
      },
      namespaces: {
        all: {
          servers: ['count'],
          policies: ['agents', 'trial'],
          middleware: [{ use: 'validate' }, { use: 'redact', with: { personal: ['email'] } }, { use: 'provenance' }],
        },
      },
      endpoints: { all: { namespace: 'all' } },
      keys: { plain: { value: KEYS.plain }, agent: { value: KEYS.agent, labels: { agent: 'coder' } } },
    },
  });
});

afterAll(async () => {
  await gateway.stop();
});

function ask(key: keyof typeof KEYS, method: string, params: Record<string, unknown> = {}): Promise<RawAnswer> {
  return modernRequest({ url: gateway.mcp('all'), key: KEYS[key] }, method, params);
}

async function toolNames(key: keyof typeof KEYS, params: Record<string, unknown> = {}): Promise<string[]> {
  const { message } = await ask(key, 'tools/list', params);
  return (((message.result ?? {})['tools'] ?? []) as { name: string }[]).map((tool) => tool.name);
}

test('[AZ-10] a tool that is denied whatever the arguments is not listed, and a call is answered like one of no tool at all', async () => {
  expect(await toolNames('plain')).toEqual(['count__count', 'count__counts', 'count__canary']);
  expect(await toolNames('agent')).toEqual(['count__counts', 'count__canary']);
  const denied = await ask('agent', 'tools/call', { name: 'count__count', arguments: { key: 'a' } });
  const unknown = await ask('agent', 'tools/call', { name: 'count__noone', arguments: { key: 'a' } });
  const shape = (answer: RawAnswer): string => JSON.stringify(answer.message.error).replace('count__noone', 'count__count').replace(/"correlationId":"[^"]*"/, '');
  expect(shape(denied)).toBe(shape(unknown));
  expect(denied.message.error).toMatchObject({ code: -32602, message: 'Unknown tool: count__count' });
});

test('claimed labels narrow: the list shrinks and the call is unknown', async () => {
  const claim = { _meta: { 'metamcp/labels': { agent: 'helper' } } };
  expect(await toolNames('plain', claim)).not.toContain('count__count');
  expect((await ask('plain', 'tools/call', { name: 'count__count', arguments: { key: 'a' }, ...claim })).message.error?.code).toBe(-32602);
});

test('where arguments decide, the tool is listed and the refusal says what it is; shadow policies refuse nothing', async () => {
  expect((await ask('plain', 'tools/call', { name: 'count__count', arguments: { key: 'forbidden-1' } })).message.error).toMatchObject({ code: -31007, data: { failedAt: 'policy', outcome: 'not_executed' } });
  expect((await ask('plain', 'tools/call', { name: 'count__count', arguments: { key: 'slow', delayMs: 1_000 } })).message.error?.code).toBe(-31010);
  expect((await ask('plain', 'tools/call', { name: 'count__count', arguments: { key: 'fine' } })).message.result).toMatchObject({ _meta: { 'metamcp/provenance': { server: 'count', name: 'count' } } });
});

test('[AZ-09] a call that policy refuses never reaches the server', async () => {
  const { message } = await ask('plain', 'tools/call', { name: 'count__counts', arguments: {} });
  expect(JSON.stringify(message.result)).toContain('fine');
  expect(JSON.stringify(message.result)).not.toMatch(/forbidden|slow|"a"/);
});

test('arguments that do not fit are answered as a failed call; secrets are gone before the server sees them', async () => {
  expect((await ask('plain', 'tools/call', { name: 'count__count', arguments: {} })).message.result).toMatchObject({ isError: true });
  const { message } = await ask('plain', 'tools/call', { name: 'count__canary', arguments: { principal: `ada@example.org ${SECRET}` } });
  const text = JSON.stringify(message.result);
  expect(text).toContain('[redacted email] [redacted github-token]');
  expect(text).not.toContain(SECRET);
});

test('cases of a file are decided from the command line, and one that comes out otherwise fails it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'metamcp-cases-'));
  const run = async (cases: readonly object[]) => {
    await writeFile(join(folder, 'cases.yaml'), JSON.stringify({ cases }));
    return runMetamcp(['policy', 'test', join(folder, 'cases.yaml'), '--namespace', 'all', '--data', gateway.data]);
  };
  const facts = { server: 'count', name: 'count', arguments: { key: 'forbidden-1' } };
  const right = [
    { name: 'by its argument', facts, expect: 'deny', rule: 'agents#1' },
    { name: 'an agent', facts: { ...facts, arguments: {}, principal: { kind: 'key', name: 'agent', labels: { agent: 'coder' } } }, expect: 'deny', rule: 'agents#0' },
    { name: 'slow ones need a person', facts: { ...facts, arguments: { delayMs: 2_000 } }, expect: 'approve' },
    { name: 'anybody else', facts: { ...facts, arguments: { key: 'fine' } }, expect: 'allow' },
  ];
  const passed = await run(right);
  expect([passed.code, passed.stdout]).toEqual([0, expect.stringContaining('4 passed, 0 failed')]);
  const failed = await run([...right, { name: 'wrong', facts, expect: 'allow' }]);
  expect([failed.code, failed.stdout]).toEqual([1, expect.stringContaining('FAILED wrong: expected allow, got deny by agents#1')]);
  await rm(folder, { recursive: true });
});

test('one call is explained from the command line: which rule, and why the others do not', async () => {
  const { code, stdout } = await runMetamcp(['policy', 'explain', 'count__count', 'key=forbidden-2', '--endpoint', 'all', '--as', 'plain', '--data', gateway.data]);
  expect(code).toBe(0);
  expect(stdout).toContain('deny by agents#1');
  expect(stdout).toContain('with policies in shadow mode: deny');
  expect(stdout).toMatch(/agents#0 .*labels\.agent/);
});
