/**
 * What applying a document would do, object by object. Pure: a dry run and the real thing are the same plan.
 *
 * A file owns what it made: what left it is deleted, and nobody else may change it. All other objects stay.
 */
import { Fault } from '../../base/fault.ts';
import { CONFIG_SECTIONS, ConfigDocumentSchema, type ConfigKind } from '../../model/config-document.ts';
import { configInvalid, type ConfigFinding, type Locate, locateFindings } from '../../model/config-problem.ts';
import { isLiveSetting } from '../../model/live-settings.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { canonicalJson } from '../../protocol/canonical.ts';
import { type ConfigObject, type ConfigReference, settingsOf } from './config-object.ts';
import type { ObjectInput } from './draft.ts';
import { maskBody, restoreBody } from './mask.ts';

/** One value that changes. Secrets are masked; that one changed shows all the same. */
export interface ValueChange {
  /** Within the object, e.g. `env.TOKEN`. */
  readonly path: string;
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
  readonly isSecret: boolean;
}

export type PlanItem =
  | { readonly action: 'create'; readonly kind: ConfigKind; readonly name: string; readonly changes: readonly ValueChange[]; readonly write: ObjectInput }
  | { readonly action: 'update'; readonly kind: ConfigKind; readonly name: string; readonly changes: readonly ValueChange[]; readonly object: ConfigObject; readonly write: Pick<ObjectInput, 'body' | 'managedBy'> }
  | { readonly action: 'delete'; readonly kind: ConfigKind; readonly name: string; readonly changes: readonly ValueChange[]; readonly object: ConfigObject };

export interface ApplyDocument {
  /** Sections of a configuration document as written; masks mean stored values. */
  readonly value: JsonObject;
  /** The file that owns what it makes; undefined: nobody will. */
  readonly source: string | undefined;
  readonly locate?: Locate | undefined;
}

/** Name of the settings that no file made. */
export const SET_BY_HAND = 'instance';

/** Throws `request.conflict` where another file or user owns what would change, `config.invalid` for masks that stand for nothing. */
export function planApply(current: readonly ConfigObject[], { value, source, locate }: ApplyDocument): PlanItem[] {
  const items: PlanItem[] = [];
  const findings: ConfigFinding[] = [];
  const named = new Set<string>();
  for (const kind of CONFIG_SECTIONS) {
    for (const [name, given] of Object.entries(isObject(value[kind]) ? value[kind] : {})) {
      if (!isObject(given)) continue; // already a problem of the document
      named.add(keyOf({ kind, name }));
      const existing = current.find((object) => object.kind === kind && object.name === name);
      const restored = restoreBody(kind, given, existing?.body);
      findings.push(...restored.findings.map((finding) => ({ ...finding, path: [kind, name, ...finding.path] })));
      const item = planOne({ kind, name, body: restored.body, owner: undefined, managedBy: source }, existing);
      if (item !== undefined) items.push(item);
    }
  }
  const settings = planSettings(current, value['settings'], source);
  if (settings !== undefined) named.add(keyOf(settings.named));
  if (settings?.item !== undefined) items.push(settings.item);
  if (findings.length > 0) throw configInvalid(locateFindings(findings, locate));
  const gone = source === undefined ? [] : current.filter((object) => object.managedBy === source && !named.has(keyOf(object)));
  return [...items, ...gone.map(toDeletion)];
}

/** What is set otherwise in the same way needs no second place: so an export applied again changes nothing. */
function planSettings(current: readonly ConfigObject[], value: JsonValue | undefined, source: string | undefined): { readonly named: ConfigReference; readonly item: PlanItem | undefined } | undefined {
  const named = { kind: 'settings', name: source ?? SET_BY_HAND } as const;
  const own = current.find((object) => object.kind === 'settings' && object.name === named.name);
  const others = current.filter((object) => object.kind === 'settings' && object !== own);
  const ofFiles = settingsOf(others.filter(({ managedBy }) => managedBy !== undefined));
  const elsewhere = settingsOf(others);
  const given = Object.entries(isObject(value) ? value : {}).filter(([name]) => isLiveSetting(name));
  const kept = given.filter(([name, setting]) => own?.body[name] !== undefined || !isSame(setting, elsewhere[name]));
  const taken = kept.find(([name, setting]) => ofFiles[name] !== undefined && !isSame(setting, ofFiles[name]));
  if (taken !== undefined) throw new Fault('request.conflict', { message: `A configuration file sets settings.${taken[0]} already: change it there.`, reason: 'owned_by_file' });
  if (kept.length === 0) return undefined;
  return { named, item: planOne({ ...named, body: Object.fromEntries(kept), owner: undefined, managedBy: source }, own) };
}

function planOne(given: ObjectInput, existing: ConfigObject | undefined): PlanItem | undefined {
  const { kind, name, body } = given;
  if (existing === undefined) return { action: 'create', kind, name, changes: changesOf(kind, undefined, body), write: given };
  const changes = changesOf(kind, existing.body, body);
  if (changes.length === 0) return undefined;
  if (existing.owner !== given.owner) throw new Fault('request.conflict', { message: `${kind}.${name} is there already and private to a user: choose another name.`, reason: 'private' });
  refuseOwned(existing, given.managedBy);
  return { action: 'update', kind, name, changes, object: existing, write: { body, managedBy: given.managedBy ?? existing.managedBy } };
}

function toDeletion(object: ConfigObject): PlanItem {
  const { kind, name } = object;
  return { action: 'delete', kind, name, changes: changesOf(kind, object.body, undefined), object };
}

/** Throws `request.conflict` where a file other than `source` owns the object. */
export function refuseOwned(object: ConfigObject, source?: string): void {
  if (object.managedBy === undefined || object.managedBy === source) return;
  throw new Fault('request.conflict', {
    message: `The configuration file ${object.managedBy} owns ${object.kind}.${object.name}: change it there.`,
    reason: 'owned_by_file',
  });
}

/** What it takes to come from one set of objects to another, owners and files included. */
export function planRestore(current: readonly ConfigObject[], target: readonly ObjectInput[]): PlanItem[] {
  const wanted = new Set(target.map(keyOf));
  const items = target.flatMap((input): PlanItem[] => {
    const existing = current.find((object) => keyOf(object) === keyOf(input));
    if (existing !== undefined && existing.owner === input.owner) {
      const changes = changesOf(input.kind, existing.body, input.body);
      const isSame = changes.length === 0 && existing.managedBy === input.managedBy;
      return isSame ? [] : [{ action: 'update', kind: input.kind, name: input.name, changes, object: existing, write: { body: input.body, managedBy: input.managedBy } }];
    }
    const create: PlanItem = { action: 'create', kind: input.kind, name: input.name, changes: changesOf(input.kind, undefined, input.body), write: input };
    return existing === undefined ? [create] : [toDeletion(existing), create];
  });
  return [...current.filter((object) => !wanted.has(keyOf(object))).map(toDeletion), ...items];
}

function keyOf({ kind, name }: ConfigReference): string {
  return `${kind} ${name}`;
}

/** Compared with every default filled in, so that writing a default down is no change. */
export function changesOf(kind: ConfigKind, before: JsonObject | undefined, after: JsonObject | undefined): ValueChange[] {
  const [from, to] = [normalized(kind, before), normalized(kind, after)];
  const [a, b] = [leavesOf(from), leavesOf(to)];
  const [shownA, shownB] = [leavesOf(from && maskBody(kind, from)), leavesOf(to && maskBody(kind, to))];
  // Of an object that comes or goes, only what was written is worth reading.
  const written = from === undefined || to === undefined ? leavesOf(before ?? after) : undefined;
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((path): ValueChange[] => {
    if (written === undefined ? isSame(a.get(path), b.get(path)) : !written.has(path)) return [];
    const isSecret = !isSame(a.get(path), shownA.get(path)) || !isSame(b.get(path), shownB.get(path));
    return [{ path, before: shownA.get(path), after: shownB.get(path), isSecret }];
  });
}

function isSame(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  return (one === undefined) === (other === undefined) && canonicalJson(one) === canonicalJson(other);
}

/** With every default filled in, as the schema reads it; as it stands where it is not valid, which compiling will say. */
export function normalized(kind: ConfigKind, body: JsonObject): JsonObject;
export function normalized(kind: ConfigKind, body: JsonObject | undefined): JsonObject | undefined;
export function normalized(kind: ConfigKind, body: JsonObject | undefined): JsonObject | undefined {
  if (body === undefined) return undefined;
  if (kind === 'settings') return body;
  const parsed = ConfigDocumentSchema.shape[kind].safeParse({ object: body });
  return parsed.success ? ((parsed.data as Record<string, unknown>)['object'] as JsonObject) : body;
}

/** Every value that holds no further ones, by dotted path. Lists are one value: an item more would shift all others. */
function leavesOf(value: JsonValue | undefined): Map<string, JsonValue> {
  const leaves = new Map<string, JsonValue>();
  const walk = (inner: JsonValue | undefined, path: readonly string[]): void => {
    if (inner === undefined) return;
    if (isObject(inner) && (Object.keys(inner).length > 0 || path.length === 0)) for (const [key, member] of Object.entries(inner)) walk(member, [...path, key]);
    else leaves.set(path.join('.'), inner);
  };
  walk(value, []);
  return leaves;
}
