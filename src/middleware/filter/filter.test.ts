import { expect, test } from 'vitest';
import { filter } from './filter.ts';

test('a filter leaves out what is marked inactive, and destructive tools where that is wanted', () => {
  const shows = (options: object, definition: object): boolean => filter.create(filter.options.parse(options)).onDefinition?.({ name: 'a', ...definition }, { primitive: 'tool', server: 'files' }) !== undefined;
  expect([shows({}, {}), shows({}, { _meta: { deprecated: true } }), shows({}, { annotations: { enabled: false } }), shows({ inactive: false }, { deprecated: true })]).toEqual([true, false, false, true]);
  expect([shows({ destructive: true }, {}), shows({ destructive: true }, { annotations: { readOnlyHint: true } }), shows({ destructive: true }, { annotations: { destructiveHint: false } })]).toEqual([false, true, true]);
});
