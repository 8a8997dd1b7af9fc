/** The known name that a mistyped one most likely means. */

/** Smallest edit distance (insert, delete, replace: 1 each, case ignored); the first of equals. Undefined without candidates. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (best === undefined || distance < best.distance) best = { candidate, distance };
  }
  return best?.candidate;
}

/** `; the nearest known name is "x"`, or that there is none: the end of a message about an unknown name. */
export function nearestHint(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '; none is defined' : `; the nearest known name is "${nearest}"`;
}

/** Levenshtein's distance, one row at a time. Long names are cut: a name beyond 200 characters is a typo of nothing. */
function editDistance(left: string, right: string): number {
  const [a, b] = [left.slice(0, 200), right.slice(0, 200)];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
