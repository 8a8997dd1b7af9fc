/**
 * The official suite through the gateway: each client family against a server of each family, over each transport, with
 * the defaults of an operator who writes down the server's address or command and nothing else. Tools keep their names
 * (`prefix: none`), since the suite asks for them by name.
 *
 * What passes directly must pass through the gateway, check by check; what cannot is explained in
 * `expected-failures.yaml`, where an entry that passes is an error too.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fixtureCommand, type RunningFixture, startFixture } from '../fixtures/start-fixture.ts';
import { type Requirements, runServerSuite, type SuiteOutcome } from './run.ts';
import { type RunningGateway, startGateway } from './start-gateway.ts';

const SERVERS = ['http-legacy', 'http-modern', 'stdio-legacy', 'stdio-modern', 'http-both', 'stdio-both'] as const;
const REQUIREMENTS = ['2025-11-25', '2026-07-28'] as const;
const LEGS = SERVERS.flatMap((server) => REQUIREMENTS.map((requirements) => ({ server, requirements })));
const SCENARIO_MS_MAX = 8_000;

let fixtures: readonly RunningFixture[] = [];
let gateway: RunningGateway | undefined;
let expected: Readonly<Record<string, Readonly<Record<string, string>>>> = {};
const direct = new Map<Requirements, SuiteOutcome>();

beforeAll(async () => {
  expected = parse(await readFile(new URL('expected-failures.yaml', import.meta.url), 'utf8')) as typeof expected;
  const eras = ['legacy', 'modern', 'both'] as const;
  fixtures = await Promise.all(eras.map((era) => startFixture('conformance-server.ts', '--era', era)));
  const servers: Record<string, object> = {};
  for (const [index, era] of eras.entries()) {
    servers[`http-${era}`] = { type: 'http', url: fixtures[index]?.url };
    servers[`stdio-${era}`] = { type: 'stdio', ...fixtureCommand('conformance-server.ts', '--stdio', '--era', era) };
  }
  gateway = await startGateway({
    servers,
    namespaces: Object.fromEntries(SERVERS.map((name) => [name, { servers: [name], names: { prefix: 'none' } }])),
    endpoints: Object.fromEntries(SERVERS.map((name) => [name, { namespace: name, auth: { apiKey: false } }])),
  });
  for (const requirements of REQUIREMENTS) direct.set(requirements, await runServerSuite({ url: fixtures[2]?.url ?? '', requirements, timeoutMs: SCENARIO_MS_MAX }));
}, 120_000);

afterAll(async () => {
  await gateway?.stop();
  await Promise.all(fixtures.map((fixture) => fixture.stop()));
});

/** `scenario:check` of every check that succeeded. */
function passedChecks({ checks }: SuiteOutcome): Set<string> {
  const passed = new Set<string>();
  for (const [scenario, list] of checks) for (const { id, status } of list) if (status === 'SUCCESS') passed.add(`${scenario}:${id}`);
  return passed;
}

function reasons({ failed, checks }: SuiteOutcome): string {
  return JSON.stringify(failed.map((scenario) => [scenario, checks.get(scenario)?.flatMap((check) => (check.status === 'FAILURE' ? [check.errorMessage] : []))]));
}

test.each(LEGS)('in front of a $server server, a client of $requirements gets what it gets directly, but for what is explained', { timeout: 120_000 }, async ({ server, requirements }) => {
  const outcome = await runServerSuite({ url: `${gateway?.url}/metamcp/${server}/mcp`, requirements, timeoutMs: SCENARIO_MS_MAX });
  const explained = Object.keys(expected[`${server} ${requirements}`] ?? {});
  const scenarios = explained.filter((key) => !key.includes(':'));
  expect(outcome.failed.toSorted(), reasons(outcome)).toEqual(scenarios.toSorted());
  const directly = direct.get(requirements);
  expect(directly?.failed).toEqual([]);
  const here = passedChecks(outcome);
  const lost = [...(directly === undefined ? [] : passedChecks(directly))].filter((check) => !here.has(check) && !scenarios.some((scenario) => check.startsWith(`${scenario}:`)));
  expect(lost.toSorted()).toEqual(explained.filter((key) => key.includes(':')).toSorted());
});

test('every leg with expected failures is a leg that is run, and every entry says why', () => {
  const names = LEGS.map(({ server, requirements }) => `${server} ${requirements}`);
  for (const [leg, scenarios] of Object.entries(expected)) {
    expect(names).toContain(leg);
    for (const reason of Object.values(scenarios)) expect(reason.length).toBeGreaterThan(40);
  }
});
