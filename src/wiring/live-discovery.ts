/** Discovery as the control plane sees it: the questions of the admin API, asked of the data plane. */
import { Fault } from '../base/fault.ts';
import type { LiveDiscovery } from '../control-plane/discovery/live-discovery.ts';
import { type DiscoveryDesk, figuresOf, toCases } from '../data-plane/discovery-desk.ts';
import { toToolRule } from '../model/discovery-config.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

export function createLiveDiscovery(desk: DiscoveryDesk, snapshot: () => Snapshot): LiveDiscovery {
  const endpointOf = (name: string): EndpointSpec => found(snapshot().endpoints.get(name));
  return {
    costOf: (endpoint) => {
      const { servers, tools, ...sums } = desk.costOf(endpointOf(endpoint));
      return { ...sums, servers: [...servers], tools: [...tools] };
    },
    search: (endpoint, { queries, limit }) => {
      const { structured, ...reply } = desk.search(endpointOf(endpoint), queries, limit);
      return { ...reply, rows: { ...structured } };
    },
    evaluate: async (endpoint, cases, against) => {
      const { evaluation, against: other, difference } = await desk.evaluate(endpointOf(endpoint).namespace, toCases(cases), against);
      return {
        evaluation: shown(evaluation),
        against: other === undefined ? null : shown(other),
        difference: difference === undefined ? null : { ...difference, better: [...difference.better], worse: [...difference.worse] },
      };
    },
    route: (endpoint, { group, arguments: given, agent, stage }) => {
      const labels: JsonObject = { ...(agent === undefined ? {} : { agent }), ...(stage === undefined ? {} : { stage }) };
      return found(desk.route(endpointOf(endpoint), { group, arguments: given as JsonObject, labels })) as ReturnType<LiveDiscovery['route']>;
    },
    previewRule: (endpoint, rule) => {
      const preview = desk.previewRule(endpointOf(endpoint), found(toToolRule(rule)));
      return { ...preview, tools: [...preview.tools] };
    },
    suggestGroups: (namespace) => ({ items: desk.suggestGroups(found(snapshot().namespaces.get(namespace))).map(({ tools, reason }) => ({ tools: [...tools], reason })) }),
  };
}

function shown(evaluation: Parameters<typeof figuresOf>[0]) {
  const { misses, ...figures } = figuresOf(evaluation);
  return { ...figures, misses: misses.map(({ query, found: ids }) => ({ query, found: [...ids] })) };
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Fault('request.not_found');
  return value;
}
