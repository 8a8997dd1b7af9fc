import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryArguments, arbitraryFacts, arbitraryLabels, arbitraryRule, policyOf } from '../../test/support/arbitrary-policy.ts';
import { EFFECTS, type PolicyFacts } from '../model/policy.ts';
import { PolicyConfigSchema, type PolicyRuleInput } from '../model/policy-config.ts';
import { compilePolicy } from './compile-policy.ts';
import { evaluate, isHidden } from './evaluate.ts';

const facts: PolicyFacts = {
  principal: { kind: 'key', id: 'key:k', name: 'laptop' },
  endpoint: 'main',
  namespace: 'main',
  server: 'files',
  primitive: 'tool',
  name: 'delete_file',
  method: 'tools/call',
  risk: 'destructive',
  arguments: {},
  atMs: Date.UTC(2026, 0, 5, 12),
};
const severity = (effect: (typeof EFFECTS)[number]): number => EFFECTS.indexOf(effect);
const fallback = fc.constantFrom('allow' as const, 'deny' as const);

test('without rules everybody may do everything, unless the default is deny', () => {
  expect(evaluate(policyOf([]), facts)).toMatchObject({ effect: 'allow', rule: 'default', isAllowed: true, isStatic: true });
  expect(evaluate(policyOf([], 'deny'), facts)).toMatchObject({ effect: 'deny', rule: 'default', isAllowed: false });
});

test('an allow rule closes what it does not name; a deny or approve rule does not', () => {
  expect(evaluate(policyOf([{ effect: 'allow', what: { names: ['read_*'] } }]), facts).effect).toBe('deny');
  expect(evaluate(policyOf([{ effect: 'deny', what: { names: ['read_*'] } }]), facts).effect).toBe('allow');
  expect(evaluate(policyOf([{ effect: 'approve', what: { names: ['read_*'] } }]), facts).effect).toBe('allow');
});

test('deny wins over approve, approve over allow, and a higher priority over all', () => {
  const [allow, approve, deny]: PolicyRuleInput[] = [{ effect: 'allow' }, { effect: 'approve' }, { effect: 'deny' }];
  expect(evaluate(policyOf([allow, approve, deny] as PolicyRuleInput[]), facts).effect).toBe('deny');
  expect(evaluate(policyOf([allow, approve] as PolicyRuleInput[]), facts).effect).toBe('approve');
  expect(evaluate(policyOf([{ effect: 'allow', priority: 1 }, { effect: 'deny' }]), facts)).toMatchObject({ effect: 'allow', rule: 'p#0' });
});

test.each([
  ['an error', 'args.missing == 1'],
  ['a text', 'name'],
  ['a number', '1 + 1'],
])('a condition that gives %s denies, whatever its rule says', (_, when) => {
  for (const effect of EFFECTS) expect(evaluate(policyOf([{ effect, when }, { effect: 'allow' }]), facts)).toMatchObject({ effect: 'deny', rule: 'error:p#0' });
});

test('conditions that could take long are refused when they are compiled, or deny when they meet a large argument', () => {
  for (const when of ['args.a.all(x, args.b.all(y, x == y))', 'unknown == 1', '1 +', '('.repeat(500)]) {
    const compiled = compilePolicy({
      policies: [{ name: 'p', config: PolicyConfigSchema.parse({ rules: [{ effect: 'allow', when }] }) }],
      fallback: 'allow',
      risks: {},
    });
    expect(compiled, when).toMatchObject({ problems: [{ policy: 'p', path: ['rules', 0, 'when'] }] });
  }
  const walking = policyOf([{ effect: 'allow', when: 'args.list.all(x, x == 1)' }]);
  expect(evaluate(walking, { ...facts, arguments: { list: [1, 1] } }).effect).toBe('allow');
  expect(evaluate(walking, { ...facts, arguments: { list: Array.from({ length: 1_001 }, () => 1) } }).rule).toBe('error:p#0');
});

test('time windows know zones, days and midnight', () => {
  const at = (iso: string): PolicyFacts => ({ ...facts, atMs: Date.parse(iso) });
  const berlin = policyOf([{ effect: 'allow', time: { days: ['mon'], from: '08:00', to: '18:00', timezone: 'Europe/Berlin' } }]);
  expect(
    ['2026-01-05T06:59:00Z', '2026-01-05T07:00:00Z', '2026-01-05T16:59:59Z', '2026-01-05T17:00:00Z', '2026-01-06T09:00:00Z'].map(
      (iso) => evaluate(berlin, at(iso)).effect,
    ),
  ).toEqual(['deny', 'allow', 'allow', 'deny', 'deny']);
  expect(evaluate(berlin, at('2026-07-06T06:00:00Z')).effect, 'summer time').toBe('allow');
  const night = policyOf([{ effect: 'allow', time: { days: ['fri'], from: '22:00', to: '06:00' } }]);
  expect(
    ['2026-01-09T21:59:00Z', '2026-01-09T22:00:00Z', '2026-01-10T05:59:00Z', '2026-01-10T06:00:00Z', '2026-01-10T22:30:00Z'].map(
      (iso) => evaluate(night, at(iso)).effect,
    ),
  ).toEqual(['deny', 'allow', 'allow', 'deny', 'deny']);
});

test('bounds see numbers that were kept as text, and nothing that only looks like one', () => {
  const policy = policyOf([{ effect: 'allow', arguments: [{ at: '/amount', max: 100 }] }]);
  const raw = (JSON as unknown as { rawJSON(text: string): never }).rawJSON('99.000000000000000000001');
  expect(evaluate(policy, { ...facts, arguments: { amount: raw } }).effect).toBe('allow');
  expect(evaluate(policy, { ...facts, arguments: { amount: { rawJSON: '5' } } }).effect).toBe('deny');
  expect(evaluate(policy, { ...facts, arguments: { amount: '5' } }).effect).toBe('deny');
});

test('what is denied by arguments or time is refused; what is denied anyway is hidden', () => {
  const byArgument = policyOf([{ effect: 'deny', arguments: [{ at: '/path', matches: '^/etc' }] }]);
  expect(evaluate(byArgument, { ...facts, arguments: { path: '/etc/passwd' } })).toMatchObject({
    effect: 'deny',
    isStatic: false,
    factsUsed: ['arguments:/path'],
  });
  expect(isHidden(byArgument, facts)).toBe(false);
  const byName = policyOf([{ effect: 'deny', what: { names: ['delete_*'] }, reason: 'never' }]);
  expect(evaluate(byName, facts)).toMatchObject({ effect: 'deny', isStatic: true, reason: 'never' });
  expect(isHidden(byName, facts)).toBe(true);
});

test('a policy in shadow mode decides, is told, and does not hold', () => {
  const policy = policyOf([{ effect: 'deny' }], 'allow', 'shadow');
  expect(evaluate(policy, facts)).toMatchObject({ effect: 'allow', shadow: { effect: 'deny', rule: 'p#0' } });
  const closing = policyOf([{ effect: 'allow', what: { names: ['other'] } }], 'allow', 'shadow');
  expect(evaluate(closing, facts)).toMatchObject({ effect: 'allow', shadow: { effect: 'deny', rule: 'default' } });
});

test('another deny never allows more', () => {
  fc.assert(
    fc.property(fc.array(arbitraryRule, { maxLength: 5 }), arbitraryRule, arbitraryFacts, fallback, (rules, rule, seen, rest) => {
      const before = evaluate(policyOf(rules, rest), seen);
      const after = evaluate(policyOf([...rules, { ...rule, effect: 'deny' }], rest), seen);
      expect(severity(after.effect)).toBeGreaterThanOrEqual(severity(before.effect));
    }),
    { numRuns: 500 },
  );
});

test('the order in which rules are written does not matter', () => {
  const shuffled = fc
    .array(arbitraryRule, { maxLength: 6 })
    .chain((rules) => fc.tuple(fc.constant(rules), fc.shuffledSubarray(rules, { minLength: rules.length })));
  fc.assert(
    fc.property(shuffled, arbitraryFacts, ([rules, other], seen) => {
      expect(evaluate(policyOf(other), seen).effect).toBe(evaluate(policyOf(rules), seen).effect);
    }),
    { numRuns: 500 },
  );
});

test('claimed labels never widen', () => {
  fc.assert(
    fc.property(fc.array(arbitraryRule, { maxLength: 5 }), arbitraryFacts, arbitraryLabels, (rules, seen, claimed) => {
      const policy = policyOf(rules);
      expect(severity(evaluate(policy, { ...seen, claimed }).effect)).toBeGreaterThanOrEqual(severity(evaluate(policy, seen).effect));
    }),
    { numRuns: 500 },
  );
  const policy = policyOf([{ effect: 'deny', who: { labels: { agent: ['intern'] } } }]);
  expect(evaluate(policy, { ...facts, claimed: { agent: 'intern' } }).effect).toBe('deny');
});

test('what a list hides is denied with any arguments at any time, and a static denial is hidden', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryRule, { maxLength: 5 }),
      arbitraryFacts,
      arbitraryArguments,
      fc.integer({ min: 0, max: 168 }),
      (rules, seen, given, hours) => {
        const policy = policyOf(rules);
        const called = evaluate(policy, { ...seen, arguments: given, atMs: seen.atMs + hours * 3_600_000 });
        if (isHidden(policy, seen)) expect(called).toMatchObject({ effect: 'deny', isStatic: true });
        if (called.effect === 'deny' && called.isStatic) expect(isHidden(policy, seen)).toBe(true);
      },
    ),
    { numRuns: 1_000 },
  );
});
