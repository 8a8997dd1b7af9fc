import { expect, test } from 'vitest';
import { Learning } from './learning.ts';

const shown = new Map([['archive the invoice', ['books__store', 'files__move']]]);
const limits = { toolsMax: 2, termsPerToolMax: 2, callersPerTermMax: 2, callersMax: 2 };

test('a call of what was shown teaches its words', () => {
  const learning = new Learning();
  learning.searched('ann', shown);
  learning.succeeded('ann', 'books__store');
  const { version, byTerm } = learning.freeze();
  expect(version).toBe(2);
  expect([...byTerm]).toEqual([
    ['archiv', new Map([['books__store', 1 / 3]])],
    ['invoic', new Map([['books__store', 1 / 3]])],
  ]);
});

test('a call of what was not shown, or to someone else, teaches nothing', () => {
  const learning = new Learning();
  learning.searched('ann', shown);
  learning.succeeded('ann', 'mail__send');
  learning.succeeded('bob', 'books__store');
  expect(learning.freeze()).toEqual({ version: 0, byTerm: new Map() });
});

test('one caller counts once, however often it calls', () => {
  const learning = new Learning();
  learning.searched('ann', shown);
  for (let call = 0; call < 100; call++) learning.succeeded('ann', 'books__store');
  expect(learning.freeze().byTerm.get('invoic')?.get('books__store')).toBe(1 / 3);
});

test('tools, terms and callers are capped', () => {
  const learning = new Learning(limits);
  for (const caller of ['ann', 'bob', 'cem', 'dia']) {
    learning.searched(caller, new Map([['one two three', ['a', 'b', 'c']]]));
    for (const tool of ['a', 'b', 'c']) learning.succeeded(caller, tool);
  }
  const { byTerm } = learning.freeze();
  expect([...byTerm.keys()]).toEqual(['one', 'two']);
  expect(byTerm.get('one')).toEqual(
    new Map([
      ['a', 0.5],
      ['b', 0.5],
    ]),
  );
});

test('only the last callers are remembered', () => {
  const learning = new Learning(limits);
  for (const caller of ['ann', 'bob', 'cem']) learning.searched(caller, shown);
  learning.succeeded('ann', 'books__store');
  expect(learning.freeze().version).toBe(0);
});

test('what was frozen does not change when more is learned', () => {
  const learning = new Learning();
  const before = learning.freeze();
  learning.searched('ann', shown);
  learning.succeeded('ann', 'books__store');
  expect(before.byTerm.size).toBe(0);
  expect(learning.freeze().version).toBeGreaterThan(before.version);
});
