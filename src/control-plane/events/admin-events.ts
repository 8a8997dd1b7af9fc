/**
 * Who watches the admin API, and what they are told: which objects changed, which servers changed their state. Names of
 * private objects reach only those who may see them, a noun only those who may read it.
 */
import type { Changed } from '../../contract/events.ts';
import type { Operation, Permission } from '../../contract/operation.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import { maySee, type Viewer } from '../configuration/visibility.ts';
import { OPERATIONS } from '../operations.ts';
import type { Publisher } from '../publish.ts';

/** Open streams at the same time. */
const WATCHERS_MAX = 500;

export interface Watcher {
  readonly viewer: Viewer;
  readonly tell: (change: Changed) => void;
  /** The gateway stops. */
  readonly end: () => void;
}

export interface AdminEvents {
  /** Undefined where there are too many; else how to stop. */
  watch(watcher: Watcher): (() => void) | undefined;
  serverChanged(server: string): void;
  /** Somebody changed something by this operation. */
  operated(operation: Operation): void;
  close(): void;
}

type Owned = Pick<ConfigObject, 'owner'>;

export function createAdminEvents(publisher: Pick<Publisher, 'objects' | 'onPublish'>): AdminEvents {
  const watchers = new Set<Watcher>();
  const permissions = readPermissions(OPERATIONS.map(({ operation }) => operation));
  let objects = publisher.objects();

  const tell = (change: Changed, object?: Owned): void => {
    const needed = permissions.get(change.noun) ?? 'config:read';
    for (const { viewer, tell: say } of watchers) if (viewer.permissions.has(needed) && (object === undefined || maySee(viewer, object))) say(change);
  };

  publisher.onPublish(({ generation }) => {
    const before = objects;
    objects = publisher.objects();
    if (watchers.size === 0) return;
    for (const { object, isGone } of differences(before, objects)) tell({ noun: object.kind, name: object.name, ...(!isGone && { version: object.version }) }, object);
    tell({ noun: 'config', generation });
  });

  return {
    watch(watcher) {
      if (watchers.size >= WATCHERS_MAX) return undefined;
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    serverChanged: (server) => {
      const object = objects.find(({ kind, name }) => kind === 'servers' && name === server);
      if (object !== undefined) tell({ noun: 'servers', name: server }, object);
    },
    operated: ({ method, path }) => {
      const noun = nounOf(path);
      if (method !== 'GET' && noun !== undefined) tell({ noun });
    },
    close: () => {
      for (const { end } of [...watchers]) end();
      watchers.clear();
    },
  };
}

interface Difference {
  readonly object: ConfigObject;
  readonly isGone: boolean;
}

function differences(before: readonly ConfigObject[], after: readonly ConfigObject[]): Difference[] {
  const keyOf = ({ kind, name }: ConfigObject): string => `${kind}.${name}`;
  const old = new Map(before.map((object) => [keyOf(object), object]));
  const now = new Set(after.map(keyOf));
  const changed = after.filter((object) => {
    const was = old.get(keyOf(object));
    return was === undefined || was.version !== object.version || was.owner !== object.owner || was.managedBy !== object.managedBy;
  });
  return [...changed.map((object) => ({ object, isGone: false })), ...before.filter((object) => !now.has(keyOf(object))).map((object) => ({ object, isGone: true }))];
}

/** What reading a noun takes, by noun. Operations that anyone may ask say nothing of it. */
function readPermissions(operations: readonly Operation[]): ReadonlyMap<string, Permission> {
  const permissions = new Map<string, Permission>();
  for (const { method, path, access } of operations) {
    const noun = nounOf(path);
    if (method === 'GET' && noun !== undefined && access !== 'public' && !permissions.has(noun)) permissions.set(noun, access);
  }
  return permissions;
}

/** `/api/v1/servers/{name}` → `servers`. */
function nounOf(path: string): string | undefined {
  return /^\/api\/v1\/([a-z-]+)/.exec(path)?.[1];
}
