/** Names that can be taken for each other: the same, of one look, or one letter apart. Near-linear in their number. */
import { skeletonOf } from './fold.ts';

export interface NamedPrimitive {
  readonly server: string;
  readonly name: string;
}

export interface Lookalike {
  /** The one that was there first, in the order given. */
  readonly first: NamedPrimitive;
  readonly second: NamedPrimitive;
  /** `same`: of another server; `look`: they look alike; `letter`: one letter differs. */
  readonly kind: 'same' | 'look' | 'letter';
}

/** Shorter names differ in one letter by nature. */
const LETTER_LENGTH_MIN = 6;

/** Of two servers for equal and near names; within one server too for names of one look, which nobody honest has. */
export function findLookalikes(primitives: readonly NamedPrimitive[]): readonly Lookalike[] {
  const found: Lookalike[] = [];
  const bySkeleton = new Map<string, NamedPrimitive[]>();
  const byDeletion = new Map<string, { readonly primitive: NamedPrimitive; readonly skeleton: string }[]>();
  for (const second of primitives) {
    const skeleton = skeletonOf(second.name);
    const alike = bySkeleton.get(skeleton) ?? [];
    for (const first of alike) {
      if (first.name !== second.name) found.push({ first, second, kind: 'look' });
      else if (first.server !== second.server) found.push({ first, second, kind: 'same' });
    }
    bySkeleton.set(skeleton, [...alike, second]);
    found.push(...nearBy(second, skeleton, byDeletion));
  }
  return found;
}

/** Two texts are one insertion, deletion or replacement apart only if they share a form with one letter less. */
function nearBy(
  second: NamedPrimitive,
  skeleton: string,
  byDeletion: Map<string, { readonly primitive: NamedPrimitive; readonly skeleton: string }[]>,
): Lookalike[] {
  if (skeleton.length < LETTER_LENGTH_MIN || skeleton.length > 128) return [];
  const near = new Map<NamedPrimitive, Lookalike>();
  for (const form of new Set([skeleton, ...Array.from(skeleton, (_, index) => skeleton.slice(0, index) + skeleton.slice(index + 1))])) {
    const others = byDeletion.get(form) ?? [];
    for (const { primitive: first, skeleton: other } of others) {
      if (other !== skeleton && first.server !== second.server && isOneApart(other, skeleton)) near.set(first, { first, second, kind: 'letter' });
    }
    byDeletion.set(form, [...others, { primitive: second, skeleton }]);
  }
  return [...near.values()];
}

function isOneApart(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  const [restA, restB] = [a.slice(start), b.slice(start)];
  if (restA.length === restB.length) return restA.slice(1) === restB.slice(1);
  return restA.length > restB.length ? restA.slice(1) === restB : restB.slice(1) === restA;
}
