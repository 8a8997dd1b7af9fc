import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startAdmin } from '../../../test/support/start-admin.ts';
import { type PolicyConfig, PolicyConfigSchema } from '../../model/policy-config.ts';
import { RISKS } from '../../model/policy.ts';
import { parseConfigDocument } from '../../model/config-document.ts';
import { compilePolicy } from '../../policy/compile-policy.ts';
import { evaluate } from '../../policy/evaluate.ts';
import type { RecordedCall, RecordedCalls } from '../live-governance.ts';
import type { PolicyBook } from './draft-policy.ts';
import { replayRecorded } from './replay-policy.ts';

const OLD: PolicyConfig = PolicyConfigSchema.parse({ rules: [{ effect: 'deny', what: { risks: ['destructive'] } }] });
const DRAFT: PolicyConfig = PolicyConfigSchema.parse({
  rules: [
    { name: 'no-b', effect: 'deny', what: { names: ['b*'] } },
    { name: 'large', effect: 'approve', arguments: [{ at: '/amount', min: 50 }] },
    { name: 'night', effect: 'deny', time: { from: '22:00', to: '06:00' }, who: { labels: { agent: ['bot'] } } },
    { name: 'odd', effect: 'deny', priority: 5, when: 'args.amount == 13' },
    { name: 'bad', effect: 'deny', when: 'args.missing == 1', what: { names: ['c'] } },
  ],
});

const facts = fc.record({
  principal: fc.record({ kind: fc.constant('key' as const), id: fc.constantFrom('key:1', 'key:2'), name: fc.constantFrom('ann', 'bob'), labels: fc.option(fc.record({ agent: fc.constantFrom('bot', 'helper') }), { nil: undefined }) }),
  claimed: fc.option(fc.record({ agent: fc.constantFrom('bot', 'helper') }), { nil: undefined }),
  endpoint: fc.constant('dev'),
  namespace: fc.constant('dev'),
  server: fc.constantFrom('one', 'two'),
  primitive: fc.constant('tool' as const),
  name: fc.constantFrom('a', 'b1', 'b2', 'c'),
  method: fc.constant('tools/call'),
  risk: fc.constantFrom(...RISKS),
  arguments: fc.oneof(fc.record({ amount: fc.integer({ min: 0, max: 100 }) }), fc.constant({})),
  atMs: fc.integer({ min: 1.7e12, max: 1.7e12 + 7 * 86_400_000 }),
});

function recordedCalls(calls: readonly RecordedCall[]): RecordedCalls {
  return {
    async *between() {
      yield* calls;
    },
  };
}

function compiledOf(config: PolicyConfig) {
  const compiled = compilePolicy({ policies: [{ name: 'guard', config }], fallback: 'allow', risks: {} });
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
  return compiled.policy;
}

test('10,000 recorded calls replayed under a draft get exactly the decisions that the engine gives once it is enforced', async () => {
  const [old, draft] = [compiledOf(OLD), compiledOf(DRAFT)];
  const calls = fc.sample(facts, 10_000).map((one): RecordedCall => {
    const { effect, rule } = evaluate(old, one);
    return { facts: one, decided: { effect, rule }, isExact: true };
  });
  const document = parseConfigDocument({ policies: { guard: {} }, namespaces: { dev: { policies: ['guard'] } } });
  const book: PolicyBook = { namespaces: document.namespaces, policies: { guard: OLD } };
  const report = await replayRecorded(recordedCalls(calls), { fromMs: 0, toMs: 2e12, namespace: undefined }, { book, drafts: { policies: { guard: DRAFT } } });
  const after = calls.map((call) => ({ before: call.decided.effect, after: evaluate(draft, call.facts) }));
  const changed = after.filter((one) => one.before !== one.after.effect);
  const counts: Record<string, number> = {};
  for (const one of changed) counts[`${one.before}→${one.after.effect}`] = (counts[`${one.before}→${one.after.effect}`] ?? 0) + 1;
  expect(report).toMatchObject({ total: 10_000, isWhole: true, changes: counts });
  expect(changed.length).toBeGreaterThan(1_000);
  expect(report.differences.map((one) => one.after.rule)).toEqual(changed.slice(0, 1_000).map((one) => one.after.rule));
  // The policies as they are change nothing.
  expect((await replayRecorded(recordedCalls(calls), { fromMs: 0, toMs: 2e12, namespace: 'dev' }, { book, drafts: { policies: {} } })).changes).toEqual({});
});

test('the admin API tries drafts, cases and one call, and says what is wrong with them', async () => {
  const calls = fc.sample(facts, 20).map((one): RecordedCall => ({ facts: one, decided: { effect: 'allow', rule: 'default' }, isExact: one.name !== 'a' }));
  const admin = await startAdmin({ governance: { recorded: recordedCalls(calls) } });
  try {
    const ask = (path: string, body: unknown) => admin.ask('POST', `/api/v1/policies/${path}`, { body });
    const replayed = await ask('replay', { since: '2023-01-01T00:00:00Z', policies: { draft: { rules: [{ effect: 'deny' }] } } });
    expect(replayed.body).toMatchObject({ total: 20, inexact: calls.filter(({ facts: { name } }) => name === 'a').length, changes: { 'allow→deny': 20 } });
    expect((await ask('replay', { since: '2023-01-01T00:00:00Z', policies: { draft: { rules: [{ effect: 'perhaps' }] } } })).status).toBe(400);
    const tested = await ask('test', { policies: { draft: { use: 'read-only-agent', with: { who: { keys: ['ann'] } } } }, cases: [{ name: 'ann writes', facts: { principal: { name: 'ann' }, server: 's', name: 't' }, expect: 'deny' }, { name: 'bob writes', facts: { principal: { name: 'bob' }, server: 's', name: 't' }, expect: 'deny' }] });
    expect(tested.body).toMatchObject({ passed: 1, failed: 1, outcomes: [{ isPassed: true }, { isPassed: false, actual: { effect: 'allow', rule: 'default' } }] });
    expect((await ask('explain', { endpoint: 'dev', name: 'files__read' })).body).toMatchObject({ effect: 'allow', rule: 'default', isHidden: false, engine: null });
    expect((await ask('explain', { endpoint: 'dev', name: 'nothing__read' })).status).toBe(404);
    const templates = (await admin.ask('GET', '/api/v1/policy-templates')).body['items'] as { name: string }[];
    expect(templates.map(({ name }) => name)).toContain('approve-destructive');
    expect((await admin.ask('GET', '/api/v1/policy-shadow')).body).toEqual({ asked: 0, differences: [] });
  } finally {
    await admin.close();
  }
});
