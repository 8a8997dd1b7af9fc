import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemRandom } from '../base/ids.ts';
import { digestOf, hasKeyChecksum, isKeyValue, newKeyValue } from './keys.ts';

const pepper = Buffer.alloc(32, 7);
const PINNED_VALUE = `sk_mt_${'A'.repeat(64)}`;

test('[KS-01] a key value is sk_mt_ and 64 letters and digits, and carries its own checksum', () => {
  for (let count = 0; count < 100; count++) {
    const value = newKeyValue(systemRandom);
    expect(value).toMatch(/^sk_mt_[A-Za-z0-9]{64}$/);
    expect(isKeyValue(value)).toBe(true);
    expect(hasKeyChecksum(value)).toBe(true);
  }
});

test('the same randomness makes the same value, and its digest is HMAC-SHA-256 in hex', () => {
  const value = newKeyValue((count) => Buffer.alloc(count, 0));
  expect(value).toBe(`sk_mt_${'A'.repeat(58)}DTY54N`);
  expect(digestOf(pepper, PINNED_VALUE)).toBe('9389dc66c9f482486a4f81d173d76cfd9768d8291a00d012e6e23ae520adea26');
});

test('bytes that would favour some letters are left out', () => {
  const bytes = Buffer.concat([Buffer.alloc(58, 248), Buffer.alloc(58, 247)]);
  let at = 0;
  const value = newKeyValue((count) => bytes.subarray(at, (at += count)));
  expect(value.slice(6, 64)).toBe('9'.repeat(58));
});

test('any one wrong character is found by the checksum', () => {
  const value = newKeyValue(systemRandom);
  const change = fc.tuple(fc.integer({ min: 6, max: 69 }), fc.constantFrom(...'ABCXYZabcxyz0189'));
  fc.assert(
    fc.property(change, ([at, letter]) => {
      const typo = value.slice(0, at) + letter + value.slice(at + 1);
      expect(hasKeyChecksum(typo)).toBe(typo === value);
    }),
  );
});

test('different values, or different peppers, have different digests', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (one, other, otherPepper) => {
      expect(digestOf(pepper, one)).toMatch(/^[0-9a-f]{64}$/);
      expect(digestOf(pepper, one) === digestOf(pepper, other)).toBe(one === other);
      expect(digestOf(otherPepper, one) === digestOf(pepper, one)).toBe(Buffer.from(otherPepper).equals(pepper));
    }),
  );
});

test('[KS-01] [AD-10] nothing but the value has its digest, whatever its length and content', () => {
  const digest = digestOf(pepper, PINNED_VALUE);
  for (const text of [
    "' OR 1=1--",
    'x'.repeat(1 << 20),
    '\0',
    '',

    `${PINNED_VALUE}A`,
    PINNED_VALUE.slice(0, -1),
    `${PINNED_VALUE}\n`,
    digest,
  ]) {
    expect(digestOf(pepper, text)).not.toBe(digest);
    expect(isKeyValue(text)).toBe(false);
    expect(hasKeyChecksum(text)).toBe(false);
  }
  expect(digestOf(pepper, PINNED_VALUE.toLowerCase())).not.toBe(digest);
  expect([isKeyValue(PINNED_VALUE), hasKeyChecksum(PINNED_VALUE)]).toEqual([true, false]);
});
