import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packRecords, unpackRecords } from './packed-records.ts';

const text = fc.option(fc.string(), { nil: undefined });

test('records come out as they went in', () => {
  const record = fc.record({ record: fc.string(), arguments: text, result: text, isArgumentsCut: fc.boolean(), isResultCut: fc.boolean() });
  fc.assert(
    fc.property(fc.array(record), (batch) => {
      expect(unpackRecords(structuredClone(packRecords(batch)))).toEqual(batch);
    }),
  );
});
