import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countRecords, RecordPack, unpackRecords } from './record-pack.ts';

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'grapheme', minLength: 1 }).map((part) => part.repeat(5_000)),
);
const optional = fc.option(text, { nil: undefined });

test('records come out as they went in, also of a block that is used again', () => {
  const record = fc.record({ record: text, arguments: optional, result: optional, isArgumentsCut: fc.boolean(), isResultCut: fc.boolean() });
  const pack = RecordPack.of([{ record: 'before' }]);
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), (records) => {
      pack.clear();
      for (const one of records) pack.add(one);
      expect([pack.count, pack.byteLength]).toEqual([records.length, pack.bytes.byteLength]);
      const packs = [structuredClone(pack.bytes), RecordPack.of(records).bytes];
      expect([...unpackRecords(packs)]).toEqual([...records, ...records]);
      expect(countRecords(packs)).toBe(2 * records.length);
    }),
    { numRuns: 60 },
  );
});

test('without arguments and result there are none, which is not the same as empty ones', () => {
  expect([...unpackRecords([RecordPack.of([{ record: '{}' }, { record: '{"a":1}', arguments: '', result: '' }]).bytes])]).toEqual([
    { record: '{}', arguments: undefined, result: undefined, isArgumentsCut: false, isResultCut: false },
    { record: '{"a":1}', arguments: '', result: '', isArgumentsCut: false, isResultCut: false },
  ]);
});
