import fc from 'fast-check';
import { expect, test } from 'vitest';
import { safeNames } from './names.ts';

const shown = (...owns: string[]): readonly string[] => owns.map((own) => safeNames(owns).get(own) ?? own);

test('a name with spaces or other signs is shown in characters that every client takes', () => {
  expect(shown('Get Weather', 'list:all, now', 'Café search', 'plain_name.v2')).toEqual(['Get_Weather', 'list_all_now', 'Cafe_search', 'plain_name.v2']);
});

test('a name that another tool has, or of which nothing telling is left, gets a digest of its own', () => {
  expect(shown('get weather', 'get_weather')).toEqual(['get_weather_dce3870e', 'get_weather']);
  expect(shown('get weather', 'get/weather')).toEqual(['get_weather_dce3870e', 'get_weather_b57a0f85']);
  expect(shown('天气')).toEqual(['4d947325']);
});

test('shown names keep the rule, differ, and do not depend on the order of the list', () => {
  const own = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }).filter((text) => text.trim() === text);
  fc.assert(
    fc.property(fc.uniqueArray(own, { maxLength: 12 }), (owns) => {
      const names = shown(...owns);
      expect(names.every((name) => /^[A-Za-z0-9_.-]{1,128}$/.test(name))).toBe(true);
      expect(new Set(names).size).toBe(owns.length);
      const back = owns.toReversed();
      expect(shown(...back)).toEqual(names.toReversed());
    }),
  );
});
