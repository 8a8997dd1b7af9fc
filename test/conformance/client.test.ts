/** The suite's client scenarios with the gateway as the client: how it speaks to servers. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runClientScenario } from './run.ts';

const DRIVER = fileURLToPath(new URL('drive-gateway.ts', import.meta.url));

test.each([
  ['tools_call', '2025-11-25', 2],
  ['tools_call', '2026-07-28', 2],
  ['request-metadata', '2026-07-28', 8],
  ['http-standard-headers', '2026-07-28', 10],
  ['http-custom-headers', '2026-07-28', 18],
  ['http-invalid-tool-headers', '2026-07-28', 12],
  ['sep-2322-client-request-state', '2026-07-28', 5],
  ['json-schema-ref-no-deref', '2026-07-28', 1],
  ['json-schema-2020-12-preservation', '2025-11-25', 6],
  ['json-schema-2020-12-preservation', '2026-07-28', 9],
] as const)('the gateway passes the client scenario %s of %s', { timeout: 60_000 }, async (scenario, revision, count) => {
  const checks = await runClientScenario({ command: `${process.execPath} ${DRIVER}`, scenario, revision });
  expect(checks.filter((check) => check.status === 'FAILURE' || check.status === 'WARNING')).toEqual([]);
  expect(checks.filter((check) => check.status === 'SUCCESS').length).toBeGreaterThanOrEqual(count);
});
