import { toIso } from '../../base/clock.ts';
import { ListPolicies, ListPolicyTemplates, ListShadowResults, type Policy, PolicyOperations } from '../../contract/policies.ts';
import { describeTemplates } from '../../policy/templates.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import { bindObjects, type ShowContext } from '../objects/bind-objects.ts';
import { pageOf } from '../objects/page.ts';
import { showObject, usersOf } from '../objects/show-object.ts';
import { bindRead } from '../operation.ts';

const kind = 'policies';

function showPolicy(object: ConfigObject, { objects }: Pick<ShowContext, 'objects'>): Policy {
  const users = usersOf(objects, object).filter((user) => user.owner === undefined || user.owner === object.owner);
  return { ...showObject(object), usedBy: users.map((user) => user.name) };
}

export const listPolicies = bindRead(ListPolicies, async ({ query, viewer, services }) => {
  const objects = services.objects();
  const page = pageOf(
    objects.filter((object) => object.kind === kind),
    query,
    viewer,
  );
  return { items: page.objects.map((object) => showPolicy(object, { objects })), nextCursor: page.nextCursor };
});

/** One that is in use is not deleted, not by force either: a namespace that loses its only policy would be open. */
export const policyOperations = bindObjects(kind, PolicyOperations, showPolicy);

export const listPolicyTemplates = bindRead(ListPolicyTemplates, async () => ({
  items: describeTemplates().map(({ name, description, parameters }) => ({ name, description, parameters: { ...parameters } })),
}));

export const listShadowResults = bindRead(ListShadowResults, async ({ services }) => {
  const { asked, differences } = services.governance.shadow();
  return { asked, differences: differences.map(({ samples, ...difference }) => ({ ...difference, samples: samples.map(({ atMs, ...sample }) => ({ ...sample, at: toIso(atMs) })) })) };
});
