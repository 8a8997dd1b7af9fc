import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryFacts, arbitraryLabels, arbitraryRule, policyOf } from '../../test/support/arbitrary-policy.ts';
import type { PolicyFacts } from '../model/policy.ts';
import { createEmbeddedEngine } from './engine.ts';
import { evaluate } from './evaluate.ts';
import { explain } from './explain.ts';
import { PolicyCasesSchema } from '../model/policy-case.ts';
import { replay, testPolicy } from './replay.ts';

const anyFacts = fc.tuple(arbitraryFacts, fc.option(arbitraryLabels, { nil: undefined })).map(([facts, claimed]): PolicyFacts => ({ ...facts, claimed }));

test('a replay of 10,000 recorded calls gives exactly the decisions that the live engine gives afterwards', async () => {
  const [before, after] = fc.sample(fc.array(arbitraryRule, { minLength: 3, maxLength: 8 }), { numRuns: 2, seed: 7 }).map((rules) => policyOf(rules));
  if (before === undefined || after === undefined) throw new Error('no sample');
  const calls = fc.sample(anyFacts, { numRuns: 10_000, seed: 42 });
  // Recorded as JSON, as any store keeps it.
  const recorded = calls.map((facts) => ({ facts: JSON.parse(JSON.stringify(facts)) as PolicyFacts, decided: evaluate(before, facts) }));
  const report = replay(recorded, after);
  const live = createEmbeddedEngine(after);
  const changed = new Map(report.differences.map((difference) => [difference.index, difference.after]));
  for (const [index, facts] of calls.entries()) {
    const { effect, rule } = await live.decide(facts);
    if (changed.has(index)) expect(changed.get(index)).toEqual({ effect, rule });
    else expect(effect).toBe(recorded[index]?.decided.effect);
  }
  expect(report.total).toBe(10_000);
  expect(changed.size).toBeGreaterThan(0);
  expect(Object.values(report.changes).reduce((sum, count) => sum + count, 0)).toBe(changed.size);
});

test('an explanation agrees with the decision: what decided is among what matched or failed', () => {
  fc.assert(
    fc.property(fc.array(arbitraryRule, { maxLength: 5 }), anyFacts, (rules, facts) => {
      const { decision, rules: looked } = explain(policyOf(rules), facts);
      const decisive = looked.filter((rule) => rule.outcome !== 'not_matched').map((rule) => (rule.outcome === 'failed' ? `error:${rule.rule}` : rule.rule));
      if (decision.rule !== 'default') expect(decisive).toContain(decision.rule);
      for (const rule of looked) expect(rule.because === undefined).toBe(rule.outcome === 'matched');
    }),
    { numRuns: 300 },
  );
});

test('an explanation says of each rule which requirement did not hold', () => {
  const policy = policyOf([
    { effect: 'deny', what: { servers: ['mail'] } },
    { effect: 'deny', who: { groups: ['interns'] } },
    { effect: 'deny', arguments: [{ at: '/amount', min: 100 }] },
    { effect: 'deny', name: 'broken', when: 'args.none > 1' },
  ]);
  const { cases } = PolicyCasesSchema.parse({ cases: [{ name: 'a', facts: { server: 'files', name: 'read', arguments: { amount: 5 } }, expect: 'deny' }] });
  const report = testPolicy(policy, cases);
  expect(report).toMatchObject({ passed: 1, failed: 0, outcomes: [{ actual: { effect: 'deny', rule: 'error:p/broken' } }] });
  const facts: PolicyFacts = {
    principal: { kind: 'key', id: 'k', name: 'k' },
    endpoint: 'e',
    namespace: 'n',
    server: 'files',
    primitive: 'tool',
    name: 'read',
    method: 'tools/call',
    risk: 'write',
    arguments: { amount: 5 },
    atMs: 0,
  };
  expect(explain(policy, facts).rules.map((rule) => rule.because)).toEqual([
    'what: server mail: does not hold',
    'who: groups interns: does not hold',
    'arguments: /amount {"min":100}: does not hold',
    'when: args.none > 1: the condition failed: field not found: none',
  ]);
});

test('cases report what was expected and what came, and which rules were never tried', () => {
  const policy = policyOf([
    { effect: 'deny', name: 'no-deletes', what: { names: ['delete_*'] } },
    { effect: 'deny', name: 'no-mail', what: { servers: ['mail'] } },
  ]);
  const { cases } = PolicyCasesSchema.parse({
    cases: [
      { name: 'deletes are denied', facts: { server: 'files', name: 'delete_file' }, expect: 'deny', rule: 'p/no-deletes' },
      { name: 'reads are denied', facts: { server: 'files', name: 'read_file' }, expect: 'deny' },
    ],
  });
  expect(testPolicy(policy, cases)).toEqual({
    passed: 1,
    failed: 1,
    outcomes: [
      { name: 'deletes are denied', isPassed: true, expected: { effect: 'deny', rule: 'p/no-deletes' }, actual: { effect: 'deny', rule: 'p/no-deletes' } },
      { name: 'reads are denied', isPassed: false, expected: { effect: 'deny', rule: undefined }, actual: { effect: 'allow', rule: 'default' } },
    ],
    rulesUntried: ['p/no-mail'],
  });
  expect(() => PolicyCasesSchema.parse({ cases: [{ name: 'x', facts: { server: 'a', name: 'b', tool: 'c' }, expect: 'deny' }] })).toThrow('tool');
});
