/** `metamcp search` and `metamcp eval` against a started gateway. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';

const data = mkdtempSync(join(tmpdir(), 'metamcp-search-'));
const config = {
  servers: { count: fixtureCommand('counting-server.ts', '--stdio') },
  namespaces: { dev: { servers: ['count'] } },
  endpoints: { dev: { namespace: 'dev', discovery: 'search' } },
};
let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway({ config, data });
});

afterAll(async () => {
  await gateway.stop();
  rmSync(data, { recursive: true, force: true });
});

test('metamcp search says what a client would find', async () => {
  await expect.poll(async () => (await runMetamcp(['search', 'every key with its count', '--endpoint', 'dev', '--data', data])).stdout, { timeout: 20_000 }).toContain('count__counts');
});

test('metamcp eval reports recall, and what another configuration makes better or worse', async () => {
  const queries = join(data, 'queries.jsonl');
  writeFileSync(queries, '{"query": "every key with its count", "tools": ["count__counts"]}\n{"query": "fly to the moon", "tools": []}\n');
  const hidden = join(data, 'hidden.json');
  writeFileSync(hidden, JSON.stringify({ ...config, namespaces: { dev: { servers: ['count'], tools: { count__counts: { enabled: false } } } } }));
  const { code, stdout } = await runMetamcp(['eval', queries, '--endpoint', 'dev', '--data', data, '--against', hidden, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ evaluation: { recallAt: { 5: 1 }, unanswerable: { count: 1 } }, against: { recallAt: { 5: 0 } }, difference: { recallAt5: -1 } });
});
