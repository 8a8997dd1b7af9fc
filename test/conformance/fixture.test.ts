import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningFixture, startFixture } from '../fixtures/start-fixture.ts';
import { runServerSuite } from './run.ts';

let fixture: RunningFixture;

beforeAll(async () => {
  fixture = await startFixture('conformance-server.ts');
});
afterAll(() => fixture.stop());

test.each([
  ['2025-11-25', 30],
  ['2026-07-28', 37],
] as const)('the fixture itself passes every required scenario of %s', async (requirements, count) => {
  const outcome = await runServerSuite({ url: fixture.url, requirements, timeoutMs: 8000 });
  expect(outcome.failed).toEqual([]);
  expect(outcome.passed).toHaveLength(count);
  expect(outcome.checks.get('tools-list')?.map((check) => check.status)).not.toContain('FAILURE');
});

test('a suite without a server to talk to fails every scenario', async () => {
  const outcome = await runServerSuite({ url: 'http://127.0.0.1:9/mcp', requirements: '2025-11-25', timeoutMs: 1000 });
  expect(outcome.passed).toEqual([]);
  expect(outcome.failed).toHaveLength(30);
});
