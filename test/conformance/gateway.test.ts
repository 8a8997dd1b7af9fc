/**
 * The official suite through the gateway: each client family against a server of each family, over each transport.
 * Tools keep their names (`prefix: none`), since the suite asks for them by name.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureCommand, type RunningFixture, startFixture } from '../fixtures/start-fixture.ts';
import { type Requirements, runServerSuite } from './run.ts';
import { type RunningGateway, startGateway } from './start-gateway.ts';

type Server = 'http-legacy' | 'http-modern' | 'stdio-legacy' | 'stdio-modern';

/**
 * What no gateway can bring across: the first wants the server's own key for a question, which a server of the older
 * family does not have; for the second such a server must know a client's capabilities before the client has come.
 */
const LOST_TO_MODERN_CLIENTS = ['input-required-result-basic-elicitation', 'input-required-result-capability-check'];

const LEGS: readonly (readonly [server: Server, requirements: Requirements, failed: readonly string[]])[] = [
  ['http-legacy', '2025-11-25', []],
  ['stdio-legacy', '2025-11-25', []],
  ['http-modern', '2026-07-28', []],
  ['stdio-modern', '2026-07-28', []],
  ['http-modern', '2025-11-25', []],
  ['stdio-modern', '2025-11-25', []],
  ['http-legacy', '2026-07-28', LOST_TO_MODERN_CLIENTS],
  ['stdio-legacy', '2026-07-28', LOST_TO_MODERN_CLIENTS],
];

const SCENARIO_MS_MAX = 8000;
let fixtures: readonly RunningFixture[] = [];
let gateway: RunningGateway | undefined;

beforeAll(async () => {
  fixtures = await Promise.all((['legacy', 'modern'] as const).map((era) => startFixture('conformance-server.ts', '--era', era)));
  const [legacy, modern] = fixtures;
  const servers: Record<Server, object> = {
    'http-legacy': { type: 'http', url: legacy?.url },
    'http-modern': { type: 'http', url: modern?.url },
    'stdio-legacy': { type: 'stdio', ...fixtureCommand('conformance-server.ts', '--stdio', '--era', 'legacy') },
    'stdio-modern': { type: 'stdio', ...fixtureCommand('conformance-server.ts', '--stdio', '--era', 'modern') },
  };
  const names = Object.keys(servers);
  gateway = await startGateway({
    servers,
    namespaces: Object.fromEntries(names.map((name) => [name, { servers: [name], names: { prefix: 'none' } }])),
    endpoints: Object.fromEntries(names.map((name) => [name, { namespace: name, auth: { apiKey: false } }])),
  });
});

afterAll(async () => {
  await gateway?.stop();
  await Promise.all(fixtures.map((fixture) => fixture.stop()));
});

test.each(LEGS)('in front of a %s server, the scenarios of %s pass but for %j', { timeout: 120_000 }, async (server, requirements, failed) => {
  const outcome = await runServerSuite({ url: `${gateway?.url}/metamcp/${server}/mcp`, requirements, timeoutMs: SCENARIO_MS_MAX });
  const reasons = outcome.failed.map((scenario) => [
    scenario,
    outcome.checks.get(scenario)?.flatMap((check) => (check.status === 'FAILURE' ? [check.errorMessage] : [])),
  ]);
  expect(outcome.failed, JSON.stringify(reasons)).toEqual(failed);
});
