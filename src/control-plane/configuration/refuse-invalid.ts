import { CONFIG_SECTIONS, parseConfigDocument } from '../../model/config-document.ts';
import type { Locate } from '../../model/config-problem.ts';
import { isObject, type JsonObject } from '../../protocol/messages.ts';
import { type ConfigObject, toSections } from './config-object.ts';

/**
 * Throws `config.invalid` with every problem of a document, seen among the objects that are there, which it may name.
 * Give only objects that whoever wrote it may see: a message suggests names.
 */
export function refuseInvalid(objects: readonly ConfigObject[], value: JsonObject, locate?: Locate): void {
  const there = toSections(objects);
  const merged = CONFIG_SECTIONS.map((kind) => [kind, value[kind] === undefined ? there[kind] : isObject(value[kind]) ? { ...there[kind], ...value[kind] } : value[kind]]);
  parseConfigDocument({ ...(there.settings === undefined ? {} : { settings: there.settings }), ...value, ...Object.fromEntries(merged) }, locate);
}
