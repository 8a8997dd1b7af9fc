/** A drill takes one server out of a gateway that is in use, and says what its clients saw. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DrillReport } from '../../src/contract/servers.ts';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, type RawAnswer, toolNamesOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';

const KEY = randomKey();
let gateway: RunningGateway;

beforeAll(async () => {
  const server = { ...fixtureCommand('counting-server.ts', '--stdio'), isolation: 'shared' };
  gateway = await startGateway({ config: { servers: { out: server, well: server }, namespaces: { all: { servers: ['out', 'well'] } }, endpoints: { all: { namespace: 'all' } }, keys: { ann: { value: KEY } } } });
}, 60_000);
afterAll(() => gateway.stop());

const count = (server: string, more: object = {}): Promise<RawAnswer> => modernRequest({ url: gateway.mcp('all'), key: KEY }, 'tools/call', { name: `${server}__count`, arguments: { key: 'k', ...more } });

test('calls under way end as unknown, later ones are refused at once with a reason, lists stay, others notice nothing, and the server comes back', async () => {
  expect((await count('out')).message.result).toBeDefined();
  const under = count('out', { key: 'under way', delayMs: 30_000 });
  let isOver = false;
  const reasons = new Set<unknown>();
  const load = (async () => {
    while (!isOver) {
      const [{ message }, well] = await Promise.all([count('out'), count('well')]);
      if (message.error !== undefined) reasons.add(message.error.data?.['reason']);
      expect(well.message.result).toBeDefined();
      if (message.error?.data?.['reason'] === 'failed') expect(toolNamesOf(await modernRequest({ url: gateway.mcp('all'), key: KEY }, 'tools/list'))).toContain('out__count');
    }
  })();
  const { code, stdout } = await runMetamcp(['drill', 'out', '--seconds', '1.5', '--data', gateway.data, '--json']);
  isOver = true;
  await load;
  const report = JSON.parse(stdout) as DrillReport;
  expect(code).toBe(0);
  expect(report).toMatchObject({ server: 'out', outSeconds: 1.5, recoveredAfterMs: expect.any(Number), others: { failed: 0 } });
  expect(report.outcomes.map(({ outcome }) => outcome)).toEqual(expect.arrayContaining(['upstream.unavailable', 'upstream.closed']));
  expect(report.clients).toMatchObject([{ principal: 'ann', endpoint: 'all', failed: expect.any(Number) }]);
  expect(report.calls).toBe(report.outcomes.reduce((sum, { calls }) => sum + calls, 0));
  expect((await under).message.error).toMatchObject({ code: -31_003, data: { outcome: 'unknown' } });
  expect([...reasons]).toContain('failed');
  await expect.poll(async () => (await count('out')).message.result !== undefined, { timeout: 10_000 }).toBe(true);
}, 60_000);

test('a drill of a server that there is not, or of no time, is refused', async () => {
  expect((await runMetamcp(['drill', 'nobody', '--data', gateway.data])).code).not.toBe(0);
  expect(await runMetamcp(['drill', 'out', '--seconds', '0', '--data', gateway.data])).toMatchObject({ code: 1, stderr: expect.stringContaining('no time for a drill') });
}, 30_000);
