/** The lexical screen against descriptions that were written for this: some to deceive a model, most of them honest. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LEXICAL_RULES } from '../../src/policy/definitions/lexical-rules.ts';
import { screenDefinition, screenText } from '../../src/policy/definitions/screen.ts';

const [poisoned, honest] = ['poisoned', 'honest'].map((kind) => readFileSync(join(import.meta.dirname, `descriptions-${kind}.txt`), 'utf8').trim().split('\n')) as [string[], string[]];

function flaggedIn(descriptions: readonly string[]): string[] {
  return descriptions.filter((description) => screenDefinition({ name: 'tool', description }).isFlagged);
}

test('[TL-07] at least 75 % of what deceives is flagged, and at most 2 % of what is honest', () => {
  expect([poisoned.length, honest.length]).toEqual([90, 140]);
  expect(flaggedIn(poisoned).length / poisoned.length).toBeGreaterThanOrEqual(0.75);
  expect(flaggedIn(honest).length / honest.length).toBeLessThanOrEqual(0.02);
});

/** A JSON line each, with `label` (benign, poisoned…) and `description`: any labelled set. */
const SET = process.env['METAMCP_TEST_DESCRIPTIONS'];

test.skipIf(SET === undefined)('[TL-07] the same holds for a set from elsewhere (METAMCP_TEST_DESCRIPTIONS)', () => {
  const rows = readFileSync(SET ?? '', 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { readonly label: string; readonly description: string });
  const share = (isAsked: (label: string) => boolean): number => {
    const asked = rows.filter(({ label }) => isAsked(label)).map(({ description }) => description);
    const flagged = flaggedIn(asked);
    process.stdout.write(`${flagged.length} of ${asked.length} are flagged\n`);
    return flagged.length / asked.length;
  };
  expect(share((label) => label === 'poisoned')).toBeGreaterThanOrEqual(0.75);
  expect(share((label) => label === 'poisoned_obfuscated')).toBeGreaterThanOrEqual(0.95);
  expect(share((label) => label === 'benign')).toBeLessThanOrEqual(0.02);
});

test('no text is slow to screen, however it is made', () => {
  const words = [...new Set(LEXICAL_RULES.flatMap(({ pattern }) => pattern.source.match(/[a-z]{3,}/g) ?? []))];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 6 }), (some) => {
      const text = `${some.join(' ')} `.repeat(20_000).slice(0, 100_000);
      const startMs = performance.now();
      screenText(text);
      expect(performance.now() - startMs).toBeLessThan(5_000);
    }),
    { numRuns: 15 },
  );
}, 120_000);
