import { type Endpoint, EndpointOperations, ListEndpoints, SwitchEndpoint } from '../../contract/endpoints.ts';
import { toDiscoverySpec } from '../../model/discovery-config.ts';
import { type EndpointConfig } from '../../model/endpoint-config.ts';
import { isServerEnabled, type ServerConfig } from '../../model/server-config.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import { normalized } from '../configuration/plan.ts';
import { referencesOf } from '../configuration/visibility.ts';
import { bindObjects, type ShowContext } from '../objects/bind-objects.ts';
import { pageOf } from '../objects/page.ts';
import { showObject } from '../objects/show-object.ts';
import { changeObject } from '../objects/write-object.ts';
import { bindChange, bindRead } from '../operation.ts';

const kind = 'endpoints';

function showEndpoint(object: ConfigObject, { objects, services }: ShowContext): Endpoint {
  const { namespace, auth, discovery, revisions } = normalized(kind, object.body) as unknown as EndpointConfig;
  const { mode, budgetTokens, pins } = toDiscoverySpec(discovery);
  const offered = objects.find((one) => one.kind === 'namespaces' && one.name === namespace);
  const isEnabled = (name: string): boolean => objects.some((one) => one.kind === 'servers' && one.name === name && isServerEnabled(normalized('servers', one.body) as unknown as ServerConfig));
  return {
    ...showObject(object),
    namespace,
    mcpUrl: `${services.publicUrl()}/metamcp/${object.name}/mcp`,
    auth,
    discovery: { mode, budgetTokens, pins: [...pins] },
    oldestRevision: revisions?.from ?? null,
    servers: offered === undefined ? [] : referencesOf(offered).flatMap((reference) => (reference.kind === 'servers' && isEnabled(reference.name) ? [reference.name] : [])),
    collisions: [...services.live.collisions(object.name)],
  };
}

export const listEndpoints = bindRead(ListEndpoints, async ({ query, viewer, services }) => {
  const objects = services.objects();
  const { namespace } = query;
  const page = pageOf(
    objects.filter((object) => object.kind === kind && (namespace === undefined || object.body['namespace'] === namespace)),
    query,
    viewer,
  );
  return { items: page.objects.map((object) => showEndpoint(object, { objects, services })), nextCursor: page.nextCursor };
});

export const endpointOperations = bindObjects(kind, EndpointOperations, showEndpoint);

export const switchEndpoint = bindChange(SwitchEndpoint, async ({ params, body, viewer, ifMatch, draft, services }) => {
  const { namespace, reason } = body;
  const object = await changeObject(draft, { kind, name: params.name, change: (stored) => ({ ...stored, namespace }), ifMatch }, viewer);
  return { answer: showEndpoint(object, { objects: draft.objects, services }), event: { subject: `${kind}.${object.name}`, detail: { namespace } }, reason };
});
