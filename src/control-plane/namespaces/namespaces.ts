import { CloneNamespace, ListNamespaces, type Namespace, NamespaceOperations, SwitchPrimitives } from '../../contract/namespaces.ts';
import type { NamespaceConfig } from '../../model/namespace-config.ts';
import { isObject, type JsonObject } from '../../protocol/messages.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import { normalized } from '../configuration/plan.ts';
import { referencesOf } from '../configuration/visibility.ts';
import { bindObjects, type ShowContext } from '../objects/bind-objects.ts';
import { pageOf } from '../objects/page.ts';
import { getObject, showObject, usersOf } from '../objects/show-object.ts';
import { changeObject, createObject } from '../objects/write-object.ts';
import { bindChange, bindRead } from '../operation.ts';

const kind = 'namespaces';

function showNamespace(object: ConfigObject, { objects }: Pick<ShowContext, 'objects'>): Namespace {
  const { description } = normalized(kind, object.body) as unknown as NamespaceConfig;
  return {
    ...showObject(object),
    description,
    servers: referencesOf(object).flatMap((reference) => (reference.kind === 'servers' ? [reference.name] : [])),
    usedBy: usersOf(objects, object)
      .filter((user) => user.owner === undefined || user.owner === object.owner)
      .map((user) => user.name),
  };
}

export const listNamespaces = bindRead(ListNamespaces, async ({ query, viewer, services }) => {
  const objects = services.objects();
  const { server } = query;
  const page = pageOf(
    objects.filter((object) => object.kind === kind && (server === undefined || referencesOf(object).some((reference) => reference.kind === 'servers' && reference.name === server))),
    query,
    viewer,
  );
  return { items: page.objects.map((object) => showNamespace(object, { objects })), nextCursor: page.nextCursor };
});

export const namespaceOperations = bindObjects(kind, NamespaceOperations, showNamespace);

export const cloneNamespace = bindChange(CloneNamespace, async ({ params, body, viewer, draft }) => {
  const original = getObject(draft.objects, { kind, name: params.name }, viewer);
  const object = await createObject(draft, { kind, name: body.name, body: original.body, visibility: body.visibility }, viewer);
  return { answer: showNamespace(object, draft), event: { subject: `${kind}.${object.name}`, detail: { from: original.name } } };
});

/** Many at once: one version, one publication, one `list_changed`. */
export const switchPrimitives = bindChange(SwitchPrimitives, async ({ params, body, viewer, ifMatch, draft }) => {
  const { kind: primitive, names, enabled, reason } = body;
  const change = (stored: JsonObject): JsonObject => {
    const overrides = new Map(Object.entries(isObject(stored[primitive]) ? stored[primitive] : {}));
    for (const name of names) {
      const { enabled: _before, ...rest } = isObject(overrides.get(name)) ? (overrides.get(name) as JsonObject) : {};
      // Enabled is the default: an override that says nothing else is none.
      if (enabled && Object.keys(rest).length === 0) overrides.delete(name);
      else overrides.set(name, enabled ? rest : { ...rest, enabled: false });
    }
    return { ...stored, [primitive]: Object.fromEntries(overrides) };
  };
  const object = await changeObject(draft, { kind, name: params.name, change, ifMatch }, viewer);
  return { answer: showNamespace(object, draft), event: { subject: `${kind}.${object.name}`, detail: { primitive, names, enabled } }, reason };
});
