/** A list as one principal may see it: without what policy denies whatever the arguments and the time. */
import type { PrimitiveKind } from '../model/namespace.ts';
import { type Action, isHiddenFrom } from '../policy/decide.ts';
import { type CatalogList, type Entry, groupEntry, toList } from './catalog.ts';
import type { Engines } from './engines.ts';
import type { Decoded } from './exchange.ts';
import { claimedLabels } from './policy-action.ts';
import { ruledList } from './tool-rule.ts';

/** Whose view it is. */
type Caller = Pick<Decoded, 'endpoint' | 'principal' | 'params' | 'atMs' | 'snapshot'>;

/** Views of one list that are remembered, each by what it leaves out. */
const VIEWS_MAX = 100;
const views = new WeakMap<CatalogList, Map<string, CatalogList>>();
const METHODS: Readonly<Record<PrimitiveKind, string>> = {
  tool: 'tools/call',
  prompt: 'prompts/get',
  resource: 'resources/read',
  resourceTemplate: 'resources/read',
};

/** A promise only where an external engine is asked; it rejects with `policy.denied` where that cannot be. */
export function visibleList(list: CatalogList, primitive: PrimitiveKind, exchange: Caller, engines: Engines): CatalogList | Promise<CatalogList> {
  const allowed = allowedList(list, primitive, exchange, engines);
  const rule = primitive === 'tool' ? exchange.endpoint.tools : undefined;
  if (rule === undefined) return allowed;
  return allowed instanceof Promise ? allowed.then((found) => ruledList(found, rule, exchange)) : ruledList(allowed, rule, exchange);
}

/** As `visibleList` where nobody waits: where an external engine would have to be asked, nothing is shown. */
export function visibleAtOnce(list: CatalogList, primitive: PrimitiveKind, exchange: Caller): CatalogList {
  const allowed = exchange.endpoint.namespace.engine === undefined ? ownList(list, primitive, exchange) : without(list, new Set(leavesOf(list).map(({ exposed }) => exposed)));
  const rule = primitive === 'tool' ? exchange.endpoint.tools : undefined;
  return rule === undefined ? allowed : ruledList(allowed, rule, exchange);
}

function allowedList(list: CatalogList, primitive: PrimitiveKind, exchange: Caller, engines: Engines): CatalogList | Promise<CatalogList> {
  const { namespace } = exchange.endpoint;
  if (namespace.engine === undefined) return ownList(list, primitive, exchange);
  const hidden = hiddenFrom(list, primitive, exchange);
  const open = leavesOf(list).filter(({ exposed }) => !hidden.has(exposed));
  const { principal } = exchange;
  const asked = engines.hidden(namespace, namespace.engine, { principal, actions: open.map((leaf) => actionOf(leaf, primitive, exchange)) });
  return asked.then((answers) => without(list, new Set([...hidden, ...open.filter((_, index) => answers[index] !== false).map(({ exposed }) => exposed)])));
}

function ownList(list: CatalogList, primitive: PrimitiveKind, exchange: Caller): CatalogList {
  if (exchange.endpoint.namespace.policy === undefined && exchange.principal.tools === undefined) return list;
  return without(list, hiddenFrom(list, primitive, exchange));
}

function hiddenFrom(list: CatalogList, primitive: PrimitiveKind, exchange: Caller): Set<string> {
  const { endpoint, principal } = exchange;
  const hidden = leavesOf(list).filter((leaf) => isHiddenFrom(endpoint.namespace, principal, actionOf(leaf, primitive, exchange)));
  return new Set(hidden.map(({ exposed }) => exposed));
}

type Leaf = Pick<Entry, 'member' | 'own' | 'exposed'>;

/** What policy knows: a group is nothing but its members. */
function leavesOf(list: CatalogList): Leaf[] {
  const leaves = new Map<string, Leaf>();
  for (const entry of list.entries.values()) for (const leaf of entry.group?.members ?? [entry]) leaves.set(leaf.exposed, leaf);
  return [...leaves.values()];
}

/** A group shows itself to whoever may see one of its members. */
function without(list: CatalogList, gone: ReadonlySet<string>): CatalogList {
  if (gone.size === 0) return list;
  let known = views.get(list);
  if (known === undefined) views.set(list, (known = new Map<string, CatalogList>()));
  const key = [...gone].toSorted().join('\n');
  const remembered = known.get(key);
  if (remembered !== undefined) return remembered;
  const kept = [...list.entries.values()].filter(({ exposed, group }) => (group === undefined ? !gone.has(exposed) : group.members.some((member) => !gone.has(member.exposed))));
  const view = toList(new Map(kept.map((entry) => [entry.exposed, entry.group === undefined ? entry : groupEntry(entry.group.spec, entry.group.members.filter(({ exposed }) => !gone.has(exposed)))])));
  if (known.size >= VIEWS_MAX) known.clear();
  known.set(key, view);
  return view;
}

function actionOf({ member, own }: Pick<Entry, 'member' | 'own'>, primitive: PrimitiveKind, { endpoint, params, atMs }: Caller): Action {
  return {
    method: METHODS[primitive],
    endpoint: endpoint.name,
    server: member.server,
    as: member.as,
    primitive,
    name: own,
    arguments: {},
    claimed: claimedLabels(params),
    atMs,
  };
}
