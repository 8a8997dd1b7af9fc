/** A list as one principal may see it: without what policy denies whatever the arguments and the time. */
import type { PrimitiveKind } from '../model/namespace.ts';
import { isHiddenFrom } from '../policy/decide.ts';
import { type CatalogList, type Entry, groupEntry, toList } from './catalog.ts';
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

export function visibleList(list: CatalogList, primitive: PrimitiveKind, exchange: Caller): CatalogList {
  const allowed = allowedList(list, primitive, exchange);
  const rule = primitive === 'tool' ? exchange.endpoint.tools : undefined;
  return rule === undefined ? allowed : ruledList(allowed, rule, exchange);
}

function allowedList(list: CatalogList, primitive: PrimitiveKind, exchange: Caller): CatalogList {
  if (exchange.endpoint.namespace.policy === undefined && exchange.principal.tools === undefined) return list;
  const hidden: string[] = [];
  for (const entry of list.entries.values()) if (isEntryHidden(entry, primitive, exchange)) hidden.push(entry.exposed);
  if (hidden.length === 0) return list;
  let known = views.get(list);
  if (known === undefined) views.set(list, (known = new Map<string, CatalogList>()));
  const key = hidden.join('\n');
  const remembered = known.get(key);
  if (remembered !== undefined) return remembered;
  const gone = new Set(hidden);
  const kept = [...list.entries.values()].filter(({ exposed }) => !gone.has(exposed));
  const view = toList(new Map(kept.map((entry) => [entry.exposed, entry.group === undefined ? entry : groupEntry(entry.group.spec, entry.group.members.filter(({ exposed }) => !gone.has(exposed)))])));
  if (known.size >= VIEWS_MAX) known.clear();
  known.set(key, view);
  return view;
}

function isEntryHidden({ member, own, group }: Entry, primitive: PrimitiveKind, caller: Caller): boolean {
  // A group shows itself to whoever may see one of its members.
  if (group !== undefined) return group.members.every((each) => isEntryHidden(each, primitive, caller));
  const { endpoint, principal, params, atMs } = caller;
  return isHiddenFrom(endpoint.namespace, principal, {
    method: METHODS[primitive],
    endpoint: endpoint.name,
    server: member.server,
    as: member.as,
    primitive,
    name: own,
    arguments: {},
    claimed: claimedLabels(params),
    atMs,
  });
}
