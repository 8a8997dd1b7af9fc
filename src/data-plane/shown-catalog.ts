/** A namespace's catalog as plain records, for who looks at it from outside the path. */
import type { NamespaceSpec } from '../model/namespace.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { Collision } from './catalog.ts';
import type { Catalogs } from './catalogs.ts';

export interface ShownEntry {
  readonly kind: Collision['kind'];
  readonly exposed: string;
  /** The server's name in the namespace. */
  readonly as: string;
  readonly own: string;
  readonly definition: JsonObject;
}

export interface ShownCatalog {
  readonly entries: readonly ShownEntry[];
  readonly collisions: Collision[];
}

const LISTS = { tool: 'tools', prompt: 'prompts', resource: 'resources', resourceTemplate: 'resourceTemplates' } as const;

export function shownCatalog(namespace: NamespaceSpec | undefined, catalogs: Catalogs): ShownCatalog | undefined {
  if (namespace === undefined) return undefined;
  const catalog = catalogs.of(namespace);
  const entries = (Object.keys(LISTS) as (keyof typeof LISTS)[]).flatMap((kind) =>
    [...catalog[LISTS[kind]].entries.values()].map(({ exposed, member, own, definition }) => ({ kind, exposed, as: member.as, own, definition })),
  );
  return { entries, collisions: [...catalog.collisions] };
}
