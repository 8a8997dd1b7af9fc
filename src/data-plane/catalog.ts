/**
 * Catalogs: what a namespace offers, merged from its servers' lists under exposed names. A catalog is immutable and
 * made once for each state of the lists; lists go out as text prepared here, lookups are one Map access.
 * The result depends only on the namespace and the lists, never on who connected first.
 */
import { overriddenArguments } from '../middleware/arguments/arguments.ts';
import type { Middleware } from '../middleware/middleware.ts';
import type { GroupSpec } from '../model/group.ts';
import type { Member, NamespaceSpec, Override, PrimitiveKind } from '../model/namespace.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { collidedUri, exposedName, safeNames, SEPARATOR, templatePrefix } from '../protocol/names.ts';
import type { Verdict } from '../policy/definitions/judge.ts';
import type { ServerLists } from '../upstream/upstreams.ts';
import { type MirroredParam, mirroredParams } from '../protocol/mirrored-params.ts';
import type { FoundDefinition, Inspect } from './definitions.ts';

/** One primitive as exposed. */
export interface Entry {
  /** Exposed name or URI. */
  readonly exposed: string;
  readonly member: Member;
  /** The server's own name or URI: what is sent upstream. */
  readonly own: string;
  readonly definition: JsonObject;
  /** What the namespace does around a call of it. */
  readonly chain: readonly Middleware[];
  /** What modern clients mirror into headers, from the server's own schema. */
  readonly mirrored: readonly MirroredParam[];
  /** Of a group: the tools that a call of it may become the call of. */
  readonly group?: { readonly spec: GroupSpec; readonly members: readonly Entry[] };
}

/** One list, in order, and its members' text as JSON without the brackets. */
export interface CatalogList {
  readonly entries: ReadonlyMap<string, Entry>;
  /** For clients of 2026-07-28. */
  readonly modernText: string;
  /** For clients with `initialize`: without what their schema forbids. */
  readonly legacyText: string;
}

export interface Collision {
  readonly kind: 'tool' | 'prompt' | 'resource' | 'resourceTemplate';
  readonly exposed: string;
  readonly kept: string;
  readonly hidden: string;
}

export interface Catalog {
  readonly tools: CatalogList;
  readonly prompts: CatalogList;
  readonly resources: CatalogList;
  readonly resourceTemplates: CatalogList;
  readonly collisions: readonly Collision[];
  /** Tools and prompts that are not shown before they are approved, by kind and the name they would have. */
  readonly quarantined: ReadonlyMap<string, Verdict>;
}

interface Part {
  readonly member: Member;
  readonly lists: ServerLists;
}

/** Merges the lists that are there; members without lists are simply absent (the caller says so in `_meta`). */
export function mergeCatalog(namespace: NamespaceSpec, listsOf: (server: string) => ServerLists | undefined, inspect?: Inspect): Catalog {
  const parts: Part[] = [];
  for (const member of namespace.members) {
    const lists = listsOf(member.server);
    if (lists !== undefined) parts.push({ member, lists });
  }
  const collisions: Collision[] = [];
  const quarantined = new Map<string, Verdict>();
  const notes: Notes = { collisions, quarantined, inspect };
  const resources = located('resource', namespace, parts, notes);
  return {
    tools: withGroups(withMovedUi(named('tool', namespace, parts, notes), resources), namespace, collisions),
    prompts: named('prompt', namespace, parts, notes),
    resources,
    resourceTemplates: located('resourceTemplate', namespace, parts, notes),
    collisions,
    quarantined,
  };
}

/** What is found beside the lists while they are merged. */
interface Notes {
  readonly collisions: Collision[];
  readonly quarantined: Map<string, Verdict>;
  readonly inspect: Inspect | undefined;
}

/** Groups of which some member is there stand behind all tools. They are called through a member, so nothing stands around them. */
function withGroups(tools: CatalogList, { groups }: NamespaceSpec, collisions: Collision[]): CatalogList {
  if (groups === undefined || groups.size === 0) return tools;
  const byKey = new Map([...tools.entries.values()].map((entry) => [exposedName(entry.member.as, entry.own, SEPARATOR), entry]));
  const entries = new Map(tools.entries);
  for (const group of groups.values()) {
    const members = group.members.flatMap(({ tool }) => byKey.get(tool) ?? []);
    const taken = entries.get(group.name);
    if (taken !== undefined) collisions.push({ kind: 'tool', exposed: group.name, kept: taken.member.as, hidden: GROUPS.as });
    else if (members.length > 0) entries.set(group.name, groupEntry(group, members));
  }
  return toList(entries);
}

/** A group as whoever sees these members sees it: what it does not say itself, the first of them does. */
export function groupEntry(spec: GroupSpec, members: readonly Entry[]): Entry {
  const { description, inputSchema } = members[0]?.definition ?? {};
  const definition: JsonObject = { name: spec.name, description: spec.description === '' ? description : spec.description, inputSchema: spec.inputSchema ?? inputSchema };
  return { exposed: spec.name, member: GROUPS, own: spec.name, definition, chain: [], mirrored: [], group: { spec, members } };
}

/** Where groups stand among servers. */
const GROUPS: Member = { server: '', as: 'groups' };

/** Whether the definition is kept from clients, which is noted under the name that they would use. */
function isKept(namespace: NamespaceSpec, { kind, ...found }: Omit<FoundDefinition, 'kind'> & { readonly kind: PrimitiveKind }, exposed: string, { quarantined, inspect }: Notes): boolean {
  // Resources are data.
  const verdict = kind === 'resource' ? undefined : inspect?.(namespace, { ...found, kind });
  if (verdict?.isQuarantined !== true) return false;
  quarantined.set(`${kind} ${exposed}`, verdict);
  return true;
}

/** Tools and prompts: by name. */
function named(kind: 'tool' | 'prompt', namespace: NamespaceSpec, parts: readonly Part[], notes: Notes): CatalogList {
  const { collisions } = notes;
  const entries = new Map<string, Entry>();
  for (const { member, lists } of parts) {
    const definitions = kind === 'tool' ? lists.tools : lists.prompts;
    const safe = kind === 'tool' ? safeNames(definitions.map(({ name }) => String(name))) : undefined;
    for (const definition of definitions) {
      const own = String(definition['name']);
      const shown = safe?.get(own) ?? own;
      const override = namespace.overrides[kind].get(exposedName(member.as, own, SEPARATOR));
      if (override?.isEnabled === false) continue;
      const exposed = override?.name ?? (namespace.prefix === 'none' ? shown : exposedName(member.as, shown, namespace.separator));
      if (isKept(namespace, { member, kind, definition }, exposed, notes)) continue;
      const taken = entries.get(exposed);
      if (taken !== undefined) {
        collisions.push({ kind, exposed, kept: taken.member.as, hidden: member.as });
        continue;
      }
      const entry = remembered(member, { definition, exposed }, () => namedEntry(namespace, { kind, member, own, exposed, override, definition }));
      if (entry !== undefined) entries.set(exposed, entry);
    }
  }
  return toList(entries);
}

interface Named {
  readonly kind: 'tool' | 'prompt';
  readonly member: Member;
  readonly own: string;
  readonly exposed: string;
  readonly override: Override | undefined;
  readonly definition: JsonObject;
}

function namedEntry(namespace: NamespaceSpec, { kind, member, own, exposed, override, definition }: Named): Entry | undefined {
  const shown = throughSteps(overridden(definition, exposed, override), namespace, { kind, member, own });
  if (shown === undefined) return undefined;
  return { exposed, member, own, definition: shown, chain: chainOf(namespace, member, own, override), mirrored: mirroredParams(definition['inputSchema']) };
}

/** Of a member, which is one namespace's in one snapshot: what did not change is not made again when another server's list does. */
const entriesOf = new WeakMap<Member, WeakMap<JsonObject, Entry>>();

function remembered(member: Member, { definition, exposed }: Pick<Entry, 'definition' | 'exposed'>, make: () => Entry | undefined): Entry | undefined {
  let known = entriesOf.get(member);
  if (known === undefined) entriesOf.set(member, (known = new WeakMap<JsonObject, Entry>()));
  const before = known.get(definition);
  if (before?.exposed === exposed) return before;
  const made = make();
  if (made !== undefined) known.set(definition, made);
  return made;
}

/** Resources and templates: by URI, which stays as it is unless another server of the namespace has it already. */
function located(kind: 'resource' | 'resourceTemplate', namespace: NamespaceSpec, parts: readonly Part[], notes: Notes): CatalogList {
  const { collisions } = notes;
  const key = kind === 'resource' ? 'uri' : 'uriTemplate';
  const entries = new Map<string, Entry>();
  for (const { member, lists } of parts) {
    for (const definition of kind === 'resource' ? lists.resources : lists.resourceTemplates) {
      const own = String(definition[key]);
      const override = namespace.overrides[kind].get(exposedName(member.as, own, SEPARATOR));
      if (override?.isEnabled === false) continue;
      if (isKept(namespace, { member, kind, definition }, own, notes)) continue;
      const taken = entries.get(own);
      if (taken !== undefined) {
        collisions.push({ kind, exposed: own, kept: taken.member.as, hidden: member.as });
        if (kind === 'resourceTemplate') continue;
      }
      const exposed = taken === undefined ? own : collidedUri(member.as, own);
      if (entries.has(exposed)) continue;
      const changed = throughSteps(overridden(definition, String(definition['name'] ?? ''), override), namespace, { kind, member, own });
      if (changed === undefined) continue;
      entries.set(exposed, {
        exposed,
        member,
        own,
        definition: exposed === own ? changed : { ...changed, [key]: exposed },
        chain: chainOf(namespace, member, own, undefined),
        mirrored: [],
      });
    }
  }
  return toList(entries);
}

/** The namespace's steps, and inside of them what the override does to arguments: steps see what the client sees. */
function chainOf(namespace: NamespaceSpec, { server }: Member, own: string, override: Override | undefined): readonly Middleware[] {
  const inner = override && overriddenArguments(override);
  return [...stepsFor(namespace, server, own), ...(inner === undefined ? [] : [inner])];
}

/** What the namespace does around a call of this primitive, listed or not; of a task, whose tool is unknown, whatever any tool would get. */
export function stepsFor({ middleware = [] }: NamespaceSpec, server: string, own: string | undefined): readonly Middleware[] {
  return middleware.filter((step) => step.covers(server, own)).flatMap(({ around }) => (around === undefined ? [] : [around]));
}

/** The definition as the namespace's steps show it, undefined where one leaves it out. */
function throughSteps(
  definition: JsonObject,
  { middleware = [] }: NamespaceSpec,
  { kind, member, own }: { readonly kind: Collision['kind']; readonly member: Member; readonly own: string },
): JsonObject | undefined {
  let shown: JsonObject | undefined = definition;
  for (const step of middleware) {
    if (shown !== undefined && step.onDefinition !== undefined && step.covers(member.server, own))
      shown = step.onDefinition(shown, { primitive: kind, server: member.server });
  }
  return shown;
}

/** A tool names the resource that shows it (MCP Apps, SEP-1865); where that resource had to move, the tool names its new place. */
function withMovedUi(tools: CatalogList, resources: CatalogList): CatalogList {
  const moved = new Map<string, string>();
  for (const entry of resources.entries.values()) if (entry.exposed !== entry.own) moved.set(placeKey(entry.member, entry.own), entry.exposed);
  if (moved.size === 0) return tools;
  const entries = new Map<string, Entry>();
  for (const [name, entry] of tools.entries) {
    const meta = asObject(entry.definition['_meta']);
    const ui = asObject(meta['ui']);
    const flat = meta[UI_FLAT_KEY];
    const to = moved.get(placeKey(entry.member, String(ui['resourceUri'] ?? flat)));
    if (to === undefined) entries.set(name, entry);
    else entries.set(name, { ...entry, definition: { ...entry.definition, _meta: { ...meta, ...(isObject(meta['ui']) ? { ui: { ...ui, resourceUri: to } } : {}), ...(flat === undefined ? {} : { [UI_FLAT_KEY]: to }) } } });
  }
  return toList(entries);
}

/** The older form of `_meta.ui.resourceUri`, which servers still send beside it. */
const UI_FLAT_KEY = 'ui/resourceUri';

function placeKey(member: Member, uri: string): string {
  return `${member.as}\n${uri}`;
}

function overridden(definition: JsonObject, name: string, override: Override | undefined): JsonObject {
  if (override === undefined) return definition['name'] === name ? definition : { ...definition, name };
  const changed: Record<string, JsonValue | undefined> = { ...definition, name: override.name ?? name };
  if (override.title !== undefined) changed['title'] = override.title;
  if (override.description !== undefined) changed['description'] = override.description;
  if (override.annotations !== undefined) changed['annotations'] = { ...asObject(definition['annotations']), ...override.annotations };
  if (override.meta !== undefined) changed['_meta'] = { ...asObject(definition['_meta']), ...override.meta };
  if (isObject(definition['inputSchema'])) changed['inputSchema'] = visibleSchema(definition['inputSchema'], override);
  return changed;
}

/** The input schema without hidden and fixed arguments, and with defaults no longer required. */
function visibleSchema(schema: JsonObject, override: Override): JsonObject {
  const gone = new Set([...override.hiddenArguments, ...Object.keys(override.fixedArguments)]);
  const defaults = override.argumentDefaults;
  if (gone.size === 0 && Object.keys(defaults).length === 0) return schema;
  const properties: Record<string, JsonValue | undefined> = {};
  for (const [name, property] of Object.entries(asObject(schema['properties']))) {
    if (gone.has(name)) continue;
    properties[name] = name in defaults && isObject(property) ? { ...property, default: defaults[name] } : property;
  }
  const required = Array.isArray(schema['required'])
    ? schema['required'].filter((name: JsonValue) => !gone.has(String(name)) && !(String(name) in defaults))
    : [];
  const { required: _, ...rest } = schema;
  return { ...rest, properties, ...(required.length > 0 ? { required } : {}) };
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

interface Texts {
  readonly modern: string;
  readonly legacy: string;
}

/** Lists are made again whenever one server's changes; most definitions are what they were. */
const textsOf = new WeakMap<JsonObject, Texts>();

export function toList(entries: ReadonlyMap<string, Entry>): CatalogList {
  return new List(entries);
}

/** The text is put together when it is asked for: where tools are searched, nobody does. */
class List implements CatalogList {
  readonly entries: ReadonlyMap<string, Entry>;
  #texts: Texts | undefined;

  constructor(entries: ReadonlyMap<string, Entry>) {
    this.entries = entries;
  }

  get modernText(): string {
    return (this.#texts ??= joinedTexts(this.entries)).modern;
  }

  get legacyText(): string {
    return (this.#texts ??= joinedTexts(this.entries)).legacy;
  }
}

function joinedTexts(entries: ReadonlyMap<string, Entry>): Texts {
  const modern: string[] = [];
  const legacy: string[] = [];
  for (const { definition } of entries.values()) {
    let texts = textsOf.get(definition);
    if (texts === undefined) {
      const text = JSON.stringify(definition);
      texts = { modern: text, legacy: isLegacySafe(definition) ? text : JSON.stringify({ ...definition, outputSchema: undefined }) };
      textsOf.set(definition, texts);
    }
    modern.push(texts.modern);
    legacy.push(texts.legacy);
  }
  return { modern: modern.join(','), legacy: legacy.join(',') };
}

/** Before 2026-07-28 an output schema describes an object. */
function isLegacySafe(definition: JsonObject): boolean {
  const schema = definition['outputSchema'];
  return schema === undefined || (isObject(schema) && schema['type'] === 'object');
}

/** Whether a quarantined template fits the URI, and better than one that is not. */
function isBehindQuarantine({ quarantined }: Catalog, uri: string, prefixChars: number): boolean {
  for (const key of quarantined.keys()) {
    const template = /^resourceTemplate (.*)$/s.exec(key)?.[1];
    const prefix = template === undefined ? '' : templatePrefix(template);
    if (prefix.length > prefixChars && uri.startsWith(prefix)) return true;
  }
  return false;
}

/**
 * Which entry reads this URI: the listed one, else the template with the longest matching literal beginning, else the
 * only server that uses its scheme. Undefined where nothing or more than one server could be meant.
 */
export function findReadable(catalog: Catalog, uri: string): Pick<Entry, 'member' | 'own'> | undefined {
  const listed = catalog.resources.entries.get(uri);
  if (listed !== undefined) return listed;
  let best: Entry | undefined;
  for (const entry of catalog.resourceTemplates.entries.values()) {
    const prefix = templatePrefix(entry.own);
    if (uri.startsWith(prefix) && (best === undefined || prefix.length > templatePrefix(best.own).length)) best = entry;
  }
  // What a template would lead to that nobody approved is not read by another way.
  if (isBehindQuarantine(catalog, uri, best === undefined ? 0 : templatePrefix(best.own).length)) return undefined;
  if (best !== undefined) return { member: best.member, own: uri };
  const colon = uri.indexOf(':');
  const scheme = uri.slice(0, colon + 1);
  const owners = new Map<string, Member>();
  for (const list of [catalog.resources, catalog.resourceTemplates]) {
    for (const entry of list.entries.values()) if (scheme !== '' && entry.own.startsWith(scheme)) owners.set(entry.member.as, entry.member);
  }
  const [only] = owners.values();
  return owners.size === 1 && only !== undefined ? { member: only, own: uri } : undefined;
}
