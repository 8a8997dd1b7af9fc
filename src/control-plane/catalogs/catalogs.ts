/** What servers offer and what a namespace shows of it: its overrides laid over the servers' own definitions. */
import { GetNamespaceCatalog, GetServerCatalog, type Primitive } from '../../contract/catalogs.ts';
import { isObject, type JsonObject } from '../../protocol/messages.ts';
import { exposedName, SEPARATOR } from '../../protocol/names.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import { getObject } from '../objects/show-object.ts';
import { bindRead } from '../operation.ts';
import type { LiveEntry, LiveLists } from '../live-servers.ts';

type Kind = Primitive['kind'];

/** Where each kind is listed, what names it there, and which section of a namespace changes it. */
const KINDS = [
  { kind: 'tool', list: 'tools', name: 'name', section: 'tools' },
  { kind: 'prompt', list: 'prompts', name: 'name', section: 'prompts' },
  { kind: 'resource', list: 'resources', name: 'uri', section: 'resources' },
  { kind: 'resourceTemplate', list: 'resourceTemplates', name: 'uriTemplate', section: 'resources' },
] as const;

interface Offered {
  readonly kind: Kind;
  readonly own: string;
  readonly definition: JsonObject;
}

function offeredBy(lists: LiveLists): Offered[] {
  return KINDS.flatMap(({ kind, list, name }) => lists[list].map((definition) => ({ kind, own: String(definition[name]), definition })));
}

export const getServerCatalog = bindRead(GetServerCatalog, async ({ params, viewer, services }) => {
  const { name } = getObject(services.objects(), { kind: 'servers', name: params.name }, viewer);
  const lists = services.live.lists(name);
  return { isKnown: lists !== undefined, isStale: lists?.isStale === true, items: lists === undefined ? [] : offeredBy(lists) };
});

export const getNamespaceCatalog = bindRead(GetNamespaceCatalog, async ({ params, viewer, services }) => {
  const namespace = getObject(services.objects(), { kind: 'namespaces', name: params.name }, viewer);
  const shown = services.live.catalog(namespace.name) ?? { entries: [], collisions: [] };
  const seen = new Map(shown.entries.map((entry) => [`${entry.kind} ${entry.as} ${entry.own}`, entry]));
  const members = services.snapshot().namespaces.get(namespace.name)?.members ?? [];
  const silent = members.filter(({ server }) => services.live.lists(server) === undefined).map(({ as }) => as);
  const items = members.flatMap(({ server, as }) => {
    const lists = services.live.lists(server);
    return lists === undefined ? [] : offeredBy(lists).map((offered) => toPrimitive(offered, { server, as }, { namespace, entry: seen.get(`${offered.kind} ${as} ${offered.own}`) }));
  });
  return { items, collisions: [...shown.collisions], silent };
});

interface Seen {
  readonly namespace: ConfigObject;
  readonly entry: LiveEntry | undefined;
}

function toPrimitive({ kind, own, definition }: Offered, member: Pick<Primitive, 'server' | 'as'>, { namespace, entry }: Seen): Primitive {
  const key = exposedName(member.as, own, SEPARATOR);
  const override = overrideOf(namespace.body, kind, key);
  return {
    kind,
    ...member,
    own,
    key,
    exposed: entry?.exposed ?? null,
    isEnabled: override['enabled'] !== false,
    overridden: Object.keys(override).filter((field) => field !== 'enabled'),
    definition: entry?.definition ?? null,
    original: definition,
  };
}

function overrideOf(body: JsonObject, kind: Kind, key: string): JsonObject {
  const section = body[KINDS.find((each) => each.kind === kind)?.section ?? 'tools'];
  const override = isObject(section) && Object.hasOwn(section, key) ? section[key] : undefined;
  return isObject(override) ? override : {};
}
