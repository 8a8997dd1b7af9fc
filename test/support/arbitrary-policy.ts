/** Random policies and facts over few names, so that they often meet. */
import fc from 'fast-check';
import type { PolicyFacts } from '../../src/model/policy.ts';
import { type PolicyConfig, PolicyConfigSchema, type PolicyRuleInput } from '../../src/model/policy-config.ts';
import { compilePolicy } from '../../src/policy/compile-policy.ts';

const some = <Value>(...values: Value[]): fc.Arbitrary<Value[]> => fc.subarray(values, { minLength: 1 });

const labels = fc.record({ agent: fc.constantFrom('reader', 'writer'), stage: fc.constantFrom('dev', 'prod') }, { requiredKeys: [] });

const who = fc.record(
  {
    kinds: some('key' as const, 'user' as const),
    keys: some('laptop', 'ci*'),
    groups: some('ops', 'dev'),
    labels: fc.record({ agent: some('reader', 'wri*'), stage: some('dev', 'prod') }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

const what = fc.record(
  {
    servers: some('files', 'mail'),
    names: some('read', 'write', 'r*', '*e'),
    primitives: some('tool' as const, 'prompt' as const),
    risks: some('read-only' as const, 'destructive' as const),
  },
  { requiredKeys: [] },
);

const bound = fc.oneof(
  fc.record({ at: fc.constant('/n'), max: fc.integer({ min: 0, max: 4 }), not: fc.boolean() }),
  fc.record({ at: fc.constant('/path'), matches: fc.constantFrom('^/tmp', 'etc'), not: fc.boolean() }),
  fc.record({ at: fc.constant('/n'), present: fc.boolean() }),
);

const when = fc.constantFrom(
  'args.n < 3',
  'has(args.n)',
  'name.startsWith("r")',
  'principal.labels.agent == "reader"',
  'timestamp(now).getHours() < 12',
  'args.path',
);

export const arbitraryRule: fc.Arbitrary<PolicyRuleInput> = fc.record(
  {
    effect: fc.constantFrom('allow' as const, 'approve' as const, 'deny' as const),
    priority: fc.integer({ min: -1, max: 1 }),
    who,
    what,
    arguments: fc.array(bound, { minLength: 1, maxLength: 2 }),
    time: fc.record({ from: fc.constantFrom('08:00', '22:00'), to: fc.constantFrom('06:00', '18:00') }),
    when,
  },
  { requiredKeys: ['effect'] },
);

export const arbitraryArguments = fc.record(
  { n: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant('x')), path: fc.constantFrom('/tmp/a', '/etc/passwd') },
  { requiredKeys: [], noNullPrototype: true },
);

export const arbitraryFacts: fc.Arbitrary<PolicyFacts> = fc.record({
  principal: fc.record(
    {
      kind: fc.constantFrom('key' as const, 'user' as const),
      id: fc.constant('id'),
      name: fc.constantFrom('laptop', 'ci-1'),
      groups: some('ops', 'dev'),
      labels,
    },
    { requiredKeys: ['kind', 'id', 'name'] },
  ),
  endpoint: fc.constant('main'),
  namespace: fc.constant('main'),
  server: fc.constantFrom('files', 'mail'),
  primitive: fc.constantFrom('tool' as const, 'prompt' as const),
  name: fc.constantFrom('read', 'write'),
  method: fc.constant('tools/call'),
  risk: fc.constantFrom('read-only' as const, 'destructive' as const),
  arguments: arbitraryArguments,
  atMs: fc.integer({ min: 0, max: 7 * 24 }).map((hours) => Date.UTC(2026, 0, 5) + hours * 3_600_000),
});

export const arbitraryLabels = labels;

export function policyOf(rules: readonly PolicyRuleInput[], fallback: 'allow' | 'deny' = 'allow', mode: PolicyConfig['mode'] = 'enforce') {
  const compiled = compilePolicy({ policies: [{ name: 'p', config: PolicyConfigSchema.parse({ mode, rules }) }], fallback, risks: {} });
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
  return compiled.policy;
}
