/**
 * Who sees, changes and refers to what. An object is public (the instance's) or private (one user's). The rules are
 * pure and stand here only: lists, single objects and references all ask them.
 */
import type { Permission } from '../../contract/operation.ts';
import type { ConfigFinding } from '../../model/config-problem.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import type { ConfigObject } from './config-object.ts';

interface Owned {
  /** Id of a principal; undefined: public. */
  readonly owner?: string | undefined;
}

export interface Viewer {
  readonly principalId: string;
  readonly permissions: ReadonlySet<Permission>;
}

/** What a viewer may not see is to it as if it were not there: 404, never 403. */
export function maySee(viewer: Viewer, object: Owned): boolean {
  return object.owner === undefined || object.owner === viewer.principalId || viewer.permissions.has('private:all');
}

/** Of what a viewer sees: its own, and public ones with the permission for them. */
export function mayChange(viewer: Viewer, object: Owned): boolean {
  if (object.owner === undefined) return viewer.permissions.has('public:write');
  return maySee(viewer, object);
}

/** Public objects hold public ones only; private ones their owner's too. */
export function mayRefer(from: Owned, to: Owned): boolean {
  return to.owner === undefined || to.owner === from.owner;
}

/** References that cross from one owner to another. To the one who wrote them they are names of nothing. */
export function findVisibilityProblems(objects: readonly ConfigObject[]): ConfigFinding[] {
  const owners = new Map(objects.map((object) => [`${object.kind} ${object.name}`, object]));
  return objects.flatMap((object) =>
    referencesOf(object).flatMap(({ kind, name, path }) => {
      const target = owners.get(`${kind} ${name}`);
      if (target === undefined || mayRefer(object, target)) return [];
      const message = object.owner === undefined ? `expected something public: a public object cannot use what is private` : 'expected a name that is known';
      return [{ path: [object.kind, object.name, ...path], part: 'value' as const, message }];
    }),
  );
}

export interface BodyReference {
  readonly kind: ConfigObject['kind'];
  readonly name: string;
  /** Where in the body. */
  readonly path: readonly (string | number)[];
}

/** What an object needs of others. */
export function referencesOf({ kind, body }: Pick<ConfigObject, 'kind' | 'body'>): BodyReference[] {
  if (kind === 'namespaces') {
    const servers = itemsOf(body, 'servers').flatMap((member, index) => named('servers', isObject(member) ? member['server'] : member, ['servers', index]));
    return [...servers, ...itemsOf(body, 'policies').flatMap((policy, index) => named('policies', policy, ['policies', index]))];
  }
  if (kind === 'endpoints') return named('namespaces', body['namespace'], ['namespace']);
  if (kind === 'prices') return named('servers', body['server'], ['server']);
  if (kind === 'workflows') return named('endpoints', body['endpoint'], ['endpoint']);
  if (kind === 'keys') return itemsOf(body, 'endpoints').flatMap((endpoint, index) => named('endpoints', endpoint, ['endpoints', index]));
  return [];
}

function named(kind: ConfigObject['kind'], name: JsonValue | undefined, path: readonly (string | number)[]): BodyReference[] {
  return typeof name === 'string' ? [{ kind, name, path }] : [];
}

function itemsOf(body: JsonObject, field: string): readonly JsonValue[] {
  const items = body[field];
  return Array.isArray(items) ? items : [];
}
