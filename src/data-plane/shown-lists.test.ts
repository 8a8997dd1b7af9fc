import { expect, test } from 'vitest';
import { tool } from '../../test/support/fake-link.ts';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { plainEndpoint, plainNamespace, plainSnapshot, principalOf } from '../../test/support/plain-exchange.ts';
import { startPlainUpstreams } from '../../test/support/plain-upstreams.ts';
import { PolicyConfigSchema } from '../model/policy-config.ts';
import { compilePolicy } from '../policy/compile-policy.ts';
import { ShownListsTable } from './shown-lists.ts';

async function setUp() {
  const clock = new MovableClock();
  const { catalogs } = await startPlainUpstreams(
    {
      files: (sent, link) => {
        if (sent.method === 'server/discover') link.answer(sent.id, { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} } });
        else if (sent.method === 'tools/list') link.answer(sent.id, { resultType: 'complete', tools: [tool('read'), tool('write')] });
        else link.refuse(sent.id, -32601);
      },
    },
    clock,
  );
  return { table: new ShownListsTable({ catalogs, snapshot: () => plainSnapshot(), nowMs: () => clock.nowMs(), shownTools: (list) => list.modernText }), namespace: plainNamespace() };
}

function policyOf(rules: unknown[]) {
  const compiled = compilePolicy({ policies: [{ name: 'p', config: PolicyConfigSchema.parse({ rules }) }], fallback: 'allow', risks: {} });
  if (!('policy' in compiled)) throw new Error('invalid policy');
  return compiled.policy;
}

const ANN = { principal: principalOf('ann'), params: {} };
const BOB = { principal: principalOf('bob'), params: {} };

test('a policy that hides a tool from one principal changes the lists of that one alone', async () => {
  const { table, namespace } = await setUp();
  const before = [table.of(plainEndpoint({ namespace }), ANN), table.of(plainEndpoint({ namespace }), BOB)];
  const policy = policyOf([{ effect: 'deny', who: { keys: ['ann'] }, what: { names: ['write'] } }]);
  const after = [ANN, BOB].map((viewer) => table.of(plainEndpoint({ namespace: { ...namespace, policy } }), viewer));
  expect(after[0]?.tools).not.toBe(before[0]?.tools);
  expect(after[0]?.tools).not.toContain('write');
  expect(after[1]?.tools).toBe(before[1]?.tools);
});

test('who saw the same holds the same object, and views that nobody holds are forgotten', async () => {
  const { table, namespace } = await setUp();
  const endpoint = plainEndpoint({ namespace });
  const shown = table.of(endpoint, ANN);
  expect(table.of(endpoint, BOB)).toBe(shown);
  table.forget(new Set([shown]));
  expect(table.size).toBe(1);
  table.forget(new Set());
  expect(table.size).toBe(0);
});
