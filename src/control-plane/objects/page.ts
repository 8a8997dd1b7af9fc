/** One page of a list: filtered by what all objects have, in an order that does not depend on the page. */
import { Fault } from '../../base/fault.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import { maySee, type Viewer } from '../configuration/visibility.ts';

export interface PageQuery {
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly q?: string | undefined;
  readonly owner?: string | undefined;
  readonly sort: 'position' | 'name' | '-name' | 'updatedAt' | '-updatedAt';
}

export interface Page {
  readonly objects: readonly ConfigObject[];
  readonly nextCursor: string | null;
}

/** The order of an object: a value, then the name, which no two of a kind share. */
type SortKey = readonly [value: number | string, name: string];

/** Throws `request.params_invalid` for a cursor that no page gave out. */
export function pageOf(candidates: readonly ConfigObject[], query: PageQuery, viewer: Viewer): Page {
  const isDescending = query.sort.startsWith('-');
  const compare = (a: SortKey, b: SortKey): number => (isDescending ? -1 : 1) * compareKeys(a, b);
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const found = candidates
    .filter((object) => maySee(viewer, object) && isOwnedBy(object, query.owner, viewer) && matches(object, query.q))
    .map((object) => ({ object, key: keyOf(object, query.sort) }))
    .filter(({ key }) => after === undefined || compare(key, after) > 0)
    .toSorted((a, b) => compare(a.key, b.key));
  const page = found.slice(0, query.limit);
  const last = page.at(-1);
  return { objects: page.map(({ object }) => object), nextCursor: last === undefined || found.length <= page.length ? null : Buffer.from(JSON.stringify(last.key)).toString('base64url') };
}

function keyOf(object: ConfigObject, sort: PageQuery['sort']): SortKey {
  if (sort === 'position') return [object.position, object.name];
  return [sort.endsWith('name') ? object.name : object.updatedAtMs, object.name];
}

function compareKeys([a, nameA]: SortKey, [b, nameB]: SortKey): number {
  if (a !== b) return a < b ? -1 : 1;
  return nameA === nameB ? 0 : nameA < nameB ? -1 : 1;
}

function readCursor(cursor: string): SortKey {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(key) && key.length === 2 && (typeof key[0] === 'number' || typeof key[0] === 'string') && typeof key[1] === 'string') return [key[0], key[1]];
  } catch {
    // Refused below, like any other text that is no cursor of ours.
  }
  throw new Fault('request.params_invalid', { data: { errors: [{ path: 'query.cursor', expected: 'nextCursor of the page before', message: 'must be nextCursor of the page before' }] } });
}

function isOwnedBy({ owner }: ConfigObject, wanted: string | undefined, viewer: Viewer): boolean {
  if (wanted === undefined) return true;
  if (wanted === 'public') return owner === undefined;
  return owner === (wanted === 'me' ? viewer.principalId : wanted);
}

function matches({ name, body }: ConfigObject, q: string | undefined): boolean {
  if (q === undefined) return true;
  const { description } = body;
  return `${name}\n${typeof description === 'string' ? description : ''}`.toLowerCase().includes(q.toLowerCase());
}
