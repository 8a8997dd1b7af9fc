import { expect, test } from 'vitest';
import type { JsonObject } from '../protocol/messages.ts';
import { firstSentence } from './first-sentence.ts';
import { signatureOf } from './signature.ts';

test.each<[string, JsonObject | undefined]>([
  ['()', { type: 'object', properties: {} }],
  ['(…)', undefined],
  ['(…)', { anyOf: [{ type: 'object' }] }],
  [
    '(owner, count: number, tags?: string[], draft?: boolean, …)',
    {
      properties: {
        tags: { type: 'array', items: { type: 'string' } },
        owner: { type: 'string' },
        draft: { type: 'boolean' },
        more: {},
        count: { type: 'integer' },
      },
      required: ['owner', 'count'],
    },
  ],
  [
    '(state?: "open"|"closed", size?: number)',
    { properties: { state: { enum: ['open', 'closed'] }, size: { anyOf: [{ type: 'number' }, { type: 'null' }] } } },
  ],
  [
    '(code?, list?: (string|number)[])',
    {
      properties: { code: { type: 'string', enum: ['a', 'b', 'c', 'd', 'e'] }, list: { type: 'array', items: { type: ['string', 'number'] } } },
    },
  ],
])('%s', (signature, inputSchema) => {
  expect(signatureOf(inputSchema === undefined ? {} : { inputSchema })).toBe(signature);
});

test.each([
  ['', ''],
  ['Reads a file. Then closes it.', 'Reads a file'],
  ['Look up e.g. names. More.', 'Look up e.g. names'],
  ['## Title\n\nText that follows', 'Title'],
  ['搜索关键词。返回结果', '搜索关键词'],
  ['Version 1.5 of a\n  **bold** tool', 'Version 1.5 of a bold tool'],
  [
    'This is a sentence that goes on and on until nobody remembers how it began or why',
    'This is a sentence that goes on and on until nobody remembers how it…',
  ],
])('the first sentence of %j is %j', (description, sentence) => {
  expect(firstSentence(description)).toBe(sentence);
});
