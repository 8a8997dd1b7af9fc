/** An object of the configuration as the control plane holds it, and objects as one document. */
import { CONFIG_SECTIONS, type ConfigSection } from '../../model/config-document.ts';
import type { JsonObject } from '../../protocol/messages.ts';

export interface ConfigObject {
  readonly kind: ConfigSection;
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

export type Sections = Readonly<Record<ConfigSection, Readonly<Record<string, JsonObject>>>>;

export function isConfigSection(text: string): text is ConfigSection {
  return (CONFIG_SECTIONS as readonly string[]).includes(text);
}

/** The document that the objects make, every section there, in the order of the objects. */
export function toSections(objects: readonly Pick<ConfigObject, 'kind' | 'name' | 'body'>[]): Sections {
  const sections = Object.fromEntries(CONFIG_SECTIONS.map((kind): [ConfigSection, Record<string, JsonObject>] => [kind, {}])) as Record<ConfigSection, Record<string, JsonObject>>;
  for (const { kind, name, body } of objects) sections[kind][name] = body;
  return sections;
}
