/** docs/security.md agrees with the promises and the tests of today: `vitest run test/security-document.test.ts -u` writes it. */
import { expect, test } from 'vitest';
import { isSecond, REQUIREMENTS } from './requirements.ts';
import { API_RISKS, citations, toSecurityDocument } from './security-document.ts';

const cited = citations();

test('the page of promises says what the tests say', async () => {
  await expect(toSecurityDocument(cited)).toMatchFileSnapshot('../docs/security.md');
});

test('each of the ten risks of APIs is held off by promises that tests show', () => {
  const known = new Set(REQUIREMENTS.filter(({ notYet }) => notYet === undefined).map(({ id }) => id));
  expect(API_RISKS).toHaveLength(10);
  expect(API_RISKS.flatMap(({ promises }) => promises.filter((id) => !known.has(id) || !cited.has(id)))).toEqual([]);
});

test('what is of second rank is a promise', () => {
  expect(REQUIREMENTS.filter(isSecond).length).toBeGreaterThan(0);
  expect(REQUIREMENTS.filter((one) => !isSecond(one) && one.notYet === undefined && !cited.has(one.id)).map(({ id }) => id)).toEqual([]);
});
