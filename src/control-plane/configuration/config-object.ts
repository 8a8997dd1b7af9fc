/** An object of the configuration as the control plane holds it, and objects as one document. */
import { CONFIG_SECTIONS, type ConfigKind, type ConfigSection } from '../../model/config-document.ts';
import type { JsonObject } from '../../protocol/messages.ts';

export interface ConfigObject {
  readonly kind: ConfigKind;
  readonly name: string;
  /** As it was written: without defaults, secrets in clear. Never leaves unmasked. */
  readonly body: JsonObject;
  /** Id of the principal it is private to; undefined: public. */
  readonly owner: string | undefined;
  /** The file that made it and alone may change it. */
  readonly managedBy: string | undefined;
  readonly version: number;
  readonly position: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** What identifies an object among all. */
export type ConfigReference = Pick<ConfigObject, 'kind' | 'name'>;

export interface Sections extends Readonly<Record<ConfigSection, Readonly<Record<string, JsonObject>>>> {
  /** Of all that set some, as one. */
  readonly settings?: JsonObject;
}

export function isConfigKind(text: string): text is ConfigKind {
  return text === 'settings' || (CONFIG_SECTIONS as readonly string[]).includes(text);
}

/** The document that the objects make, every section there, in the order of the objects. */
export function toSections(objects: readonly Pick<ConfigObject, 'kind' | 'name' | 'body' | 'managedBy'>[]): Sections {
  const sections = Object.fromEntries(CONFIG_SECTIONS.map((kind): [ConfigSection, Record<string, JsonObject>] => [kind, {}])) as Record<ConfigSection, Record<string, JsonObject>>;
  for (const { kind, name, body } of objects) if (kind !== 'settings') sections[kind][name] = body;
  const settings = settingsOf(objects);
  return Object.keys(settings).length === 0 ? sections : { ...sections, settings };
}

/** What files say wins over what was set by hand. */
export function settingsOf(objects: readonly Pick<ConfigObject, 'kind' | 'body' | 'managedBy'>[]): JsonObject {
  const made = objects.filter(({ kind }) => kind === 'settings');
  return Object.assign({}, ...[...made.filter(({ managedBy }) => managedBy === undefined), ...made.filter(({ managedBy }) => managedBy !== undefined)].map(({ body }) => body)) as JsonObject;
}
