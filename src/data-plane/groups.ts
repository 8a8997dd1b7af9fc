/**
 * Calls of capability groups: each becomes the call of one member before it is resolved. Where a member cannot be reached,
 * the next one is tried, before any result was seen and only where a second call does no harm.
 */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { GroupMember, GroupSpec } from '../model/group.ts';
import { decide } from '../policy/decide.ts';
import { RawObject } from '../protocol/envelope.ts';
import { canonicalJson } from '../protocol/canonical.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { META_DRY_RUN, metaOf } from '../protocol/meta.ts';
import { SEPARATOR } from '../protocol/names.ts';
import { checkArguments } from '../search/argument-check.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { CatalogList, Entry } from './catalog.ts';
import type { Catalogs } from './catalogs.ts';
import type { Engines } from './engines.ts';
import type { Decoded, Resolved } from './exchange.ts';
import { type Candidate, type MemberFacts, type Route, routeGroup } from './group-route.ts';
import { MemberHealth } from './member-health.ts';
import { claimedLabels } from './policy-action.ts';
import type { Viewer } from './search-indexes.ts';
import { readsOnly } from './trusted-tools.ts';
import { unknownTarget } from './unknown-target.ts';
import { visibleAtOnce, visibleList } from './visible-list.ts';

/** A call waits for servers of its group that are still starting. */
const PATIENCE_MS = 5_000;
/** Calls that wait for their client come back to the member that asked. */
const WAITING_MAX = 1_000;
const FAILED_OVER: ReadonlySet<string> = new Set(['upstream.unavailable', 'upstream.timeout', 'upstream.closed']);

export interface GroupsDeps {
  readonly clock: Clock;
  readonly catalogs: Catalogs;
  readonly upstreams: Upstreams;
  readonly engines: Engines;
}

interface Routed {
  readonly key: string;
  readonly current: Candidate;
  readonly rest: readonly Candidate[];
}

export class Groups {
  readonly #deps: GroupsDeps;
  readonly #health = new MemberHealth();
  readonly #routed = new WeakMap<Decoded, Routed>();
  /** By caller and call: the member whose question the client answers. */
  readonly #waiting = new Map<string, string>();

  constructor(deps: GroupsDeps) {
    this.#deps = deps;
  }

  /** Undefined at once where no group is called. Rejects with `routing.unknown`, `upstream.unavailable`, `request.params_invalid`, `policy.denied`. */
  take(exchange: Decoded): undefined | Promise<Outcome | undefined> {
    const { groups } = exchange.endpoint.namespace;
    const group = groups?.get(String(exchange.params['name']));
    return group === undefined ? undefined : this.#take(group, exchange);
  }

  /** What would be called, and why. Without `visible` no external engine is asked: where there is one, nothing is shown. */
  explain(group: GroupSpec, given: JsonObject, viewer: Viewer, visible?: CatalogList): Route {
    const { tools } = this.#deps.catalogs.of(viewer.endpoint.namespace);
    return this.#route(group, given, viewer, { tools, visible: visible ?? visibleAtOnce(tools, 'tool', viewer) });
  }

  #route(group: GroupSpec, given: JsonObject, viewer: Viewer, { tools, visible }: { readonly tools: CatalogList; readonly visible: CatalogList }): Route {
    const { endpoint, principal, params } = viewer;
    const claimed = claimedLabels(params);
    const asking = { agent: principal.labels?.agent ?? claimed?.agent, stage: principal.labels?.stage ?? claimed?.stage, endpoint: endpoint.name, arguments: given };
    return routeGroup(group, endpoint.namespace.groups ?? new Map<string, GroupSpec>(), {
      asking,
      principalId: principal.id,
      of: (member, mapped) => this.#factsOf(entriesByKey(tools).get(member.tool), mapped, { viewer, visible }),
    });
  }

  /** Makes the exchange the call of the next member; undefined where the outcome stands. */
  next(exchange: Decoded, outcome: Outcome): (() => void) | undefined {
    const routed = this.#routed.get(exchange);
    const [following, ...rest] = routed?.rest ?? [];
    if (routed === undefined || following === undefined || outcome.kind !== 'fault' || !FAILED_OVER.has(outcome.fault.code)) return undefined;
    if (!this.#isHarmless(routed.current.member, exchange)) return undefined;
    return () => this.#redirect(exchange, { key: routed.key, current: following, rest });
  }

  /** Whatever came of a call: members fare accordingly. */
  ended(exchange: Decoded, outcome: Outcome): void {
    const { target } = exchange as Partial<Pick<Resolved, 'target'>>;
    if ((exchange.endpoint.namespace.groups?.size ?? 0) === 0 || target === undefined || exchange.method !== 'tools/call') return;
    if (outcome.kind === 'fault' && outcome.fault.failedAt !== 'server') return;
    this.#health.observe(healthKey(target), { hasFailed: outcome.kind === 'fault', durationMs: this.#deps.clock.monotonicMs() - exchange.startedMs });
    const routed = this.#routed.get(exchange);
    if (routed === undefined) return;
    this.#waiting.delete(routed.key);
    if (outcome.kind !== 'result' || outcome.result.member('resultType') !== '"input_required"') return;
    this.#waiting.set(routed.key, routed.current.member.tool);
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > WAITING_MAX && oldest !== undefined) this.#waiting.delete(oldest);
  }

  async #take(group: GroupSpec, exchange: Decoded): Promise<Outcome | undefined> {
    const { endpoint, params, principal } = exchange;
    const { catalogs } = this.#deps;
    const servers = endpoint.namespace.members.filter(({ as }) => group.members.some(({ tool }) => tool.startsWith(as + SEPARATOR))).map(({ server }) => server);
    if (catalogs.isStarting(servers, PATIENCE_MS)) await catalogs.started(servers, PATIENCE_MS);
    const given = isObject(params['arguments']) ? params['arguments'] : {};
    const visible = await visibleList(catalogs.of(endpoint.namespace).tools, 'tool', exchange, this.#deps.engines);
    const route = this.explain(group, given, exchange, visible);
    if (route.considered.length === 0) throw unknownTarget(exchange.method, params);
    Object.assign(exchange, { via: group.name });
    if (metaOf(params)[META_DRY_RUN] === true) return explained(route);
    const key = [endpoint.name, principal.id, group.name, canonicalJson(given)].join('\n');
    const asked = params['requestState'] === undefined ? undefined : this.#waiting.get(key);
    const order = asked === undefined ? route.order : route.order.toSorted((left, right) => Number(right.member.tool === asked) - Number(left.member.tool === asked));
    const [current, ...rest] = order;
    if (current === undefined) throw refusal(route);
    this.#redirect(exchange, { key, current, rest });
    return undefined;
  }

  #redirect(exchange: Decoded, routed: Routed): void {
    const entry = this.#entryOf(routed.current.member, exchange);
    if (entry === undefined) throw unknownTarget(exchange.method, exchange.params);
    this.#routed.set(exchange, routed);
    Object.assign(exchange, { params: { ...exchange.params, name: entry.exposed, arguments: routed.current.arguments } });
  }

  #entryOf({ tool }: GroupMember, { endpoint }: Decoded): Entry | undefined {
    return entriesByKey(this.#deps.catalogs.of(endpoint.namespace).tools).get(tool);
  }

  #isHarmless(member: GroupMember, exchange: Decoded): boolean {
    return member.isIdempotent || readsOnly(this.#entryOf(member, exchange), exchange);
  }

  #factsOf(entry: Entry | undefined, mapped: JsonObject, { viewer, visible }: { readonly viewer: Viewer; readonly visible: CatalogList }): MemberFacts {
    const isVisible = entry !== undefined && visible.entries.has(entry.exposed);
    if (!isVisible) return { isVisible, isAllowed: false, isMappable: false, isReachable: false, health: 0, latencyStep: 0 };
    const schema = entry.definition['inputSchema'];
    const status = this.#deps.upstreams.state(entry.member.server)?.status;
    return {
      isVisible,
      isAllowed: mayCall(entry, mapped, viewer),
      isMappable: !isObject(schema) || checkArguments(schema, mapped).length === 0,
      isReachable: status !== undefined && status !== 'failed' && status !== 'stopped',
      ...this.#health.of(healthKey({ server: entry.member.server, own: entry.own })),
    };
  }
}

/** A call that a person must approve may be routed: it asks that person then. */
function mayCall({ member, own }: Entry, mapped: JsonObject, { endpoint, principal, params, atMs }: Viewer): boolean {
  const action = { method: 'tools/call', endpoint: endpoint.name, server: member.server, as: member.as, primitive: 'tool', name: own, arguments: mapped, claimed: claimedLabels(params), atMs } as const;
  return decide(endpoint.namespace, principal, action).effect !== 'deny';
}

function healthKey({ server, own }: { readonly server: string; readonly own: string }): string {
  return `${server}\n${own}`;
}

const byKey = new WeakMap<CatalogList, ReadonlyMap<string, Entry>>();

function entriesByKey(tools: CatalogList): ReadonlyMap<string, Entry> {
  let known = byKey.get(tools);
  if (known === undefined) byKey.set(tools, (known = new Map([...tools.entries.values()].map((entry) => [entry.member.as + SEPARATOR + entry.own, entry]))));
  return known;
}

/** The words of a route for a person or a model. */
function explained(route: Route): Outcome {
  const value = explanationOf(route);
  return { kind: 'result', result: RawObject.of({ content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent: value }) };
}

export function explanationOf({ group, rule, reason, order, considered }: Route): JsonObject {
  return {
    group,
    member: order[0]?.member.tool ?? null,
    reason: reason ?? null,
    rule: rule ?? null,
    arguments: order[0]?.arguments ?? null,
    order: order.map(({ member }) => member.tool),
    refused: Object.fromEntries(considered.filter(({ refused }) => refused !== undefined).map(({ tool, refused }) => [tool, refused])),
  };
}

function refusal({ group, considered }: Route): Fault {
  const is = (word: string): boolean => considered.some(({ refused }) => refused === word);
  if (is('unavailable')) return new Fault('upstream.unavailable', { reason: 'no_member_available', detail: `no member of ${group} can be reached` });
  if (is('arguments')) return new Fault('request.params_invalid', { message: `No tool of ${group} takes these arguments.`, reason: 'no_member_fits' });
  return new Fault('policy.denied', { detail: `no member of ${group} is allowed with these arguments` });
}
