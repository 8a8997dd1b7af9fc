import { TestPolicies } from '../../contract/policies.ts';
import { PolicyCaseSchema } from '../../model/policy-case.ts';
import { testPolicy } from '../../policy/replay.ts';
import { bindRead } from '../operation.ts';
import { getObject } from '../objects/show-object.ts';
import { compileDrafts, parseAt, readDrafts, readPolicyBook } from './draft-policy.ts';

/** Changes nothing, and asks no engine outside. */
export const testPolicies = bindRead(TestPolicies, async ({ body, viewer, services }) => {
  if (body.namespace !== undefined) getObject(services.objects(), { kind: 'namespaces', name: body.namespace }, viewer);
  const cases = body.cases.map((tried, index) => parseAt(PolicyCaseSchema, tried, `body.cases.${index}`));
  const compiled = compileDrafts(readPolicyBook(services.objects()), body.namespace, { policies: readDrafts(body.policies), fallback: body.default, risks: body.risks });
  const { passed, failed, outcomes, rulesUntried } = testPolicy(compiled, cases);
  return {
    passed,
    failed,
    outcomes: outcomes.map(({ name, isPassed, expected, actual }) => ({ name, isPassed, actual: { ...actual }, expected: { effect: expected.effect, ...(expected.rule === undefined ? {} : { rule: expected.rule }) } })),
    rulesUntried: [...rulesUntried],
  };
});
