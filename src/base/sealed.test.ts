import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemRandom } from './ids.ts';
import { open, seal } from './sealed.ts';

const key = Buffer.alloc(32, 3);
const record = 'key:key_1';
const unreadable = expect.objectContaining({ code: 'storage.secret_unreadable' });

test('what was sealed opens to the same text, and no two sealings look alike', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (plain) => {
      const sealed = seal(plain, { key, record });
      expect(open(sealed, { key, record })).toBe(plain);
      expect(seal(plain, { key, record })).not.toBe(sealed);
    }),
  );
});

test('a sealed value opens with no other key and in no other record', () => {
  const sealed = seal('secret', { key, record });
  expect(() => open(sealed, { key: systemRandom(32), record })).toThrow(unreadable);
  expect(() => open(sealed, { key, record: 'key:key_2' })).toThrow(unreadable);
});

test('one changed byte anywhere is found', () => {
  const sealed = seal('secret', { key, record });
  const bytes = Buffer.from(sealed.slice(3), 'base64url');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ change, at);
      expect(() => open(`v1.${changed.toString('base64url')}`, { key, record })).toThrow(unreadable);
    }),
  );
});

test('what was never sealed is refused, and the refusal does not repeat it', () => {
  for (const text of ['', 'v1.', 'v2.AAAA', 'plain-secret', sealedBefore.replace('v1.', 'v9.')]) {
    expect(() => open(text, { key, record })).toThrow(unreadable);
  }
  expect(() => open('plain-secret', { key, record })).toThrow(expect.objectContaining({ detail: expect.not.stringContaining('plain-secret') }));
});

/** AES-256-GCM of 32 bytes 03, nonce 12 bytes 05, `key:key_1` as additional data. */
const sealedBefore = 'v1.BQUFBQUFBQUFBQUFZUe8FteozRGs6eEZkP7HlPmWH1tRtg';

test('values that earlier versions sealed still open', () => {
  expect(seal('secret', { key, record }, (count) => Buffer.alloc(count, 5))).toBe(sealedBefore);
  expect(open(sealedBefore, { key, record })).toBe('secret');
});
