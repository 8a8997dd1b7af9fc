/** Trying policies: cases with the decision they should get, and recorded facts under a draft. Pure. */
import { z } from 'zod';
import { type CompiledPolicy, EFFECTS, type Effect, type PolicyFacts, RISKS, type Verdict } from '../model/policy.ts';
import { evaluate } from './evaluate.ts';

const LabelsSchema = z.strictObject({ agent: z.string().optional(), stage: z.string().optional() });

/** Facts as someone writes them in a file: what does not matter may be left out. */
const CaseFactsSchema = z.strictObject({
  principal: z
    .strictObject({
      kind: z.enum(['anonymous', 'key', 'user', 'operator']).default('key'),
      id: z.string().optional(),
      name: z.string().default('someone'),
      roles: z.array(z.string()).optional(),
      groups: z.array(z.string()).optional(),
      client: z.string().optional(),
      labels: LabelsSchema.optional(),
    })
    .default({ kind: 'key', name: 'someone' }),
  claimed: LabelsSchema.optional(),
  endpoint: z.string().default('default'),
  namespace: z.string().default('default'),
  server: z.string(),
  primitive: z.enum(['tool', 'prompt', 'resource', 'resourceTemplate']).default('tool'),
  name: z.string(),
  method: z.string().default('tools/call'),
  risk: z.enum(RISKS).default('destructive'),
  arguments: z.record(z.string(), z.json()).default({}),
  at: z.iso.datetime({ offset: true }).default('2026-01-05T12:00:00Z').describe('A moment; without it Monday 5 January 2026, 12:00 UTC.'),
});

export const PolicyCasesSchema = z.strictObject({
  cases: z
    .array(
      z.strictObject({
        name: z.string(),
        facts: CaseFactsSchema,
        expect: z.enum(EFFECTS),
        rule: z.string().optional().describe('The rule that should decide.'),
      }),
    )
    .min(1),
});

export type PolicyCase = z.infer<typeof PolicyCasesSchema>['cases'][number];

export interface CaseOutcome {
  readonly name: string;
  readonly isPassed: boolean;
  readonly expected: { readonly effect: Effect; readonly rule: string | undefined };
  readonly actual: Verdict;
}

export interface CasesReport {
  readonly passed: number;
  readonly failed: number;
  readonly outcomes: readonly CaseOutcome[];
  /** Rules that decided in no case. */
  readonly rulesUntried: readonly string[];
}

export function toFacts({ facts }: PolicyCase): PolicyFacts {
  const { at, principal, ...rest } = facts;
  return { ...rest, principal: { ...principal, id: principal.id ?? `${principal.kind}:${principal.name}` }, atMs: Date.parse(at) };
}

export function testPolicy(policy: CompiledPolicy, cases: readonly PolicyCase[]): CasesReport {
  const outcomes = cases.map((tried): CaseOutcome => {
    const { effect, rule } = evaluate(policy, toFacts(tried));
    return {
      name: tried.name,
      isPassed: effect === tried.expect && (tried.rule ?? rule) === rule,
      expected: { effect: tried.expect, rule: tried.rule },
      actual: { effect, rule },
    };
  });
  const passed = outcomes.filter((outcome) => outcome.isPassed).length;
  const tried = new Set(outcomes.map((outcome) => outcome.actual.rule));
  const rulesUntried = policy.enforced.rules.map((rule) => rule.id).filter((id) => !tried.has(id));
  return { passed, failed: outcomes.length - passed, outcomes, rulesUntried };
}

/** What was decided then, on these facts. */
export interface Recorded {
  readonly facts: PolicyFacts;
  readonly decided: Verdict;
}

export interface Difference {
  /** Into what was recorded. */
  readonly index: number;
  readonly facts: PolicyFacts;
  readonly before: Verdict;
  readonly after: Verdict;
}

export interface ReplayReport {
  readonly total: number;
  readonly differences: readonly Difference[];
  /** How many changed from one effect to another, e.g. `allow→deny`. */
  readonly changes: Readonly<Record<string, number>>;
}

/** Which recorded decisions a draft would change. Another rule with the same effect is no difference. */
export function replay(recorded: readonly Recorded[], draft: CompiledPolicy): ReplayReport {
  const differences: Difference[] = [];
  const changes: Record<string, number> = {};
  for (const [index, { facts, decided }] of recorded.entries()) {
    const { effect, rule } = evaluate(draft, facts);
    if (effect === decided.effect) continue;
    differences.push({ index, facts, before: decided, after: { effect, rule } });
    const change = `${decided.effect}→${effect}`;
    changes[change] = (changes[change] ?? 0) + 1;
  }
  return { total: recorded.length, differences, changes };
}
