/** The suite's `auth/*` client scenarios with the gateway as the client: how it signs in to servers. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runClientScenario } from './run.ts';

const DRIVER = fileURLToPath(new URL('drive-sign-in.ts', import.meta.url));
const MODERN = [
  'metadata-default',
  'metadata-var1',
  'metadata-var2',
  'metadata-var3',
  'basic-cimd',
  'scope-from-www-authenticate',
  'scope-from-scopes-supported',
  'scope-omitted-when-undefined',
  'scope-step-up',
  'scope-retry-limit',
  'token-endpoint-auth-basic',
  'token-endpoint-auth-post',
  'token-endpoint-auth-none',
  'pre-registration',
  'resource-mismatch',
  'offline-access-scope',
  'offline-access-not-supported',
  'authorization-server-migration',
  'iss-supported',
  'iss-not-advertised',
  'iss-supported-missing',
  'iss-wrong-issuer',
  'iss-unexpected',
  'iss-normalized',
  'metadata-issuer-mismatch',
];

test.each([...MODERN.map((name) => [name, '2026-07-28']), ['2025-03-26-oauth-metadata-backcompat', '2025-03-26']])(
  '[OC-01] [OC-02] [OC-04] [OC-05] [OC-11] [OC-12] the gateway passes the client scenario auth/%s of %s',
  { timeout: 60_000 },
  async (name, revision) => {
    const checks = await runClientScenario({ command: `${process.execPath} ${DRIVER}`, scenario: `auth/${name}`, revision: revision ?? '' });
    expect(checks.filter((check) => check.status === 'FAILURE' || check.status === 'WARNING')).toEqual([]);
    expect(checks.filter((check) => check.status === 'SUCCESS').length).toBeGreaterThan(1);
  },
);
