/**
 * Compiles a configuration to a snapshot: whole, or refused whole. Pure: what needs the machine (finding commands,
 * digests, variables) comes in as functions, so the same document always gives the same snapshot.
 */
import type { ConfigDocument } from '../model/config-document.ts';
import { configInvalid, locateFindings } from '../model/config-problem.ts';
import { findReferenceProblems } from '../model/config-references.ts';
import { toDiscoverySpec, toToolRule } from '../model/discovery-config.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { NamespaceSpec } from '../model/namespace.ts';
import { inOrder } from '../model/price.ts';
import type { ServerSpec } from '../model/server.ts';
import { isServerEnabled } from '../model/server-config.ts';
import type { CompileOptions, Findings } from './compile-context.ts';
import { compileEndpointAuth } from './compile-endpoint-auth.ts';
import { compileKeys } from './compile-keys.ts';
import { compileLimit, compileLimits, toEndpointLimits } from './compile-limits.ts';
import { compileNamespace } from './compile-namespace.ts';
import { compileServer } from './compile-server.ts';
import { freezeDeep } from './freeze-deep.ts';
import type { Snapshot } from './snapshot.ts';

/** Throws the fault `config.invalid` with every problem (`problemsOf`). */
export function compile(source: ConfigDocument, options: CompileOptions): Snapshot {
  // The snapshot is frozen; the caller's document must not be.
  const document = structuredClone(source);
  const findings: Findings = { problems: [...findReferenceProblems(document)], warnings: [...(options.warnings ?? [])] };

  const servers = new Map<string, ServerSpec>();
  for (const [name, server] of Object.entries(document.servers)) {
    const spec = compileServer(name, server, { options, findings });
    if (isServerEnabled(server)) servers.set(name, spec);
  }
  const namespaces = new Map<string, NamespaceSpec>();
  for (const [name, namespace] of Object.entries(document.namespaces)) {
    namespaces.set(name, compileNamespace(name, namespace, { servers, policies: document.policies, problems: findings.problems, pins: options.pins ?? [], digest: options.digest }));
  }
  const ofAll = Object.entries(document.limits).map(([name, limit]) => compileLimit(`limit:${name}`, limit));
  const endpoints = new Map<string, EndpointSpec>();
  for (const [name, endpoint] of Object.entries(document.endpoints)) {
    const namespace = namespaces.get(endpoint.namespace);
    if (namespace === undefined) continue; // already a problem
    const ofNamespace = compileLimits(`namespace:${endpoint.namespace}`, document.namespaces[endpoint.namespace]?.limits ?? []);
    const limits = [...compileLimits(`endpoint:${name}`, endpoint.limits), ...ofNamespace, ...ofAll];
    endpoints.set(name, { name, namespace, owner: options.endpointOwnerOf?.(name), auth: compileEndpointAuth(endpoint.auth), ...toEndpointLimits(limits), discovery: toDiscoverySpec(endpoint.discovery), tools: toToolRule(endpoint.tools), oldestRevision: endpoint.revisions?.from });
  }
  if (servers.size > 0 && endpoints.size === 0) findings.warnings.push('no endpoint is configured: nothing is offered to clients');
  const prices = inOrder(Object.entries(document.prices).map(([name, { server, tool, perCall, perMillionTokens, perMegabyte }]) => ({ name, server, tool, perCall, perMillionTokens, perMegabyte })));
  const keys = compileKeys(document, { options, findings });

  if (findings.problems.length > 0) throw configInvalid(locateFindings(findings.problems, options.locate));
  return freezeDeep({ generation: options.generation, servers, namespaces, endpoints, keys, prices, warnings: findings.warnings });
}
