/** Operations about finding tools. They read the live side and change nothing. */
import { Fault } from '../../base/fault.ts';
import { EvaluateSearch, ExplainRoute, GetContextCost, PreviewToolRule, SearchTools, SuggestGroups } from '../../contract/discovery.ts';
import { parseConfigDocument } from '../../model/config-document.ts';
import { type ConfigFinding, configInvalid, locateFindings } from '../../model/config-problem.ts';
import type { NamespaceSpec } from '../../model/namespace.ts';
import { compileNamespace } from '../../snapshot/compile-namespace.ts';
import { readConfigInput } from '../config-file/read-config-text.ts';
import { getObject } from '../objects/show-object.ts';
import { type Bound, bindRead } from '../operation.ts';

const kind = 'endpoints';

/** The namespace that the endpoint has in another configuration. Throws `config.invalid`. */
function namespaceOf(endpoint: string, file: { readonly text: string; readonly name: string }): NamespaceSpec {
  const { input, locate } = readConfigInput(file.text, file.name);
  const document = parseConfigDocument(input, locate);
  const name = document.endpoints[endpoint]?.namespace;
  const namespace = name === undefined ? undefined : document.namespaces[name];
  if (name === undefined || namespace === undefined) throw new Fault('config.invalid', { message: `That configuration has no endpoint ${JSON.stringify(endpoint)}.` });
  const problems: ConfigFinding[] = [];
  const compiled = compileNamespace(name, namespace, { servers: new Set(Object.keys(document.servers)), policies: document.policies, problems });
  if (problems.length > 0) throw configInvalid(locateFindings(problems, locate));
  return compiled;
}

export const DISCOVERY_OPERATIONS: readonly Bound[] = [
  bindRead(GetContextCost, async ({ params: { name }, viewer, services }) => {
    getObject(services.objects(), { kind, name }, viewer);
    return services.discovery.costOf(name);
  }),
  bindRead(SearchTools, async ({ params: { name }, body, viewer, services }) => {
    getObject(services.objects(), { kind, name }, viewer);
    return services.discovery.search(name, body);
  }),
  bindRead(EvaluateSearch, async ({ params: { name }, body, viewer, services }) => {
    getObject(services.objects(), { kind, name }, viewer);
    return services.discovery.evaluate(name, body.cases, body.against && namespaceOf(name, body.against));
  }),
  bindRead(ExplainRoute, async ({ params: { name }, body, viewer, services }) => {
    getObject(services.objects(), { kind, name }, viewer);
    return services.discovery.route(name, body);
  }),
  bindRead(PreviewToolRule, async ({ params: { name }, body, viewer, services }) => {
    getObject(services.objects(), { kind, name }, viewer);
    return services.discovery.previewRule(name, body.rule);
  }),
  bindRead(SuggestGroups, async ({ params: { name }, viewer, services }) => {
    getObject(services.objects(), { kind: 'namespaces', name }, viewer);
    return services.discovery.suggestGroups(name);
  }),
];
