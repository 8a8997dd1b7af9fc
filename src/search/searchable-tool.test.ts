import { expect, test } from 'vitest';
import { serverWords } from './searchable-tool.ts';

test.each([
  ['Maps of cities', { serverInfo: { name: 'osm', title: 'OpenStreetMap', description: 'Finds places' }, instructions: 'Ask for a place.' }, 'Maps of cities OpenStreetMap Finds places Ask for a place.'],
  [undefined, { serverInfo: { name: 'osm', version: '1' }, instructions: undefined }, 'osm'],
  ['Maps', undefined, 'Maps'],
  [undefined, { serverInfo: { name: 7, title: null }, instructions: undefined }, ''],
])('the words of a server are the operator’s, then its own: %j, %j', (configured, said, words) => {
  expect(serverWords(configured, said)).toBe(words);
});
