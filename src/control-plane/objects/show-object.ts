/** Objects as the admin API shows them, and who may see which. */
import { Fault } from '../../base/fault.ts';
import { toIso } from '../../base/clock.ts';
import type { ConfigObject, ConfigReference } from '../configuration/config-object.ts';
import { maskBody } from '../configuration/mask.ts';
import { maySee, referencesOf, type Viewer } from '../configuration/visibility.ts';

/** The fields that all objects have, secrets masked. */
export function showObject(object: ConfigObject) {
  return {
    name: object.name,
    owner: object.owner ?? null,
    managedBy: object.managedBy ?? null,
    version: object.version,
    createdAt: toIso(object.createdAtMs),
    updatedAt: toIso(object.updatedAtMs),
    config: maskBody(object.kind, object.body) as Record<string, unknown>,
  };
}

/** Throws `request.not_found`, also for what the viewer may not see. */
export function getObject(objects: readonly ConfigObject[], { kind, name }: ConfigReference, viewer: Viewer): ConfigObject {
  const object = objects.find((one) => one.kind === kind && one.name === name);
  if (object === undefined || !maySee(viewer, object)) throw new Fault('request.not_found', { message: `There is nothing named ${JSON.stringify(name)} in ${kind}.`, reason: kind });
  return object;
}

/** Names of those that refer to the object, as far as the viewer may know. */
export function usersOf(objects: readonly ConfigObject[], { kind, name }: ConfigReference): ConfigObject[] {
  return objects.filter((object) => referencesOf(object).some((reference) => reference.kind === kind && reference.name === name));
}
