import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answerIdOfEdges, readLine } from './read-line.ts';

function read(text: string): string {
  const reading = readLine(Buffer.from(text));
  return reading.kind === 'message' ? `message ${reading.envelope.kind} ${JSON.stringify(reading.envelope.id)}` : `${reading.reason} ${reading.answerId ?? '-'}`;
}

test.each([
  ['a log line', 'Listening on port 1', 'invalid_line -'],
  ['a coloured log line', '\u001b[33mwarn\u001b[0m', 'invalid_line -'],
  ['an empty line', '', 'invalid_line -'],
  ['a log line in braces', '{listening}', 'invalid_line -'],
  ['a raw control character in a string', '{"jsonrpc":"2.0","id":3,"result":{"a":"\u0002"}}', 'invalid_line -'],
  ['a number', '7', 'invalid_line -'],
  ['a batch, also of valid answers', '[{"jsonrpc":"2.0","id":3,"result":{}}]', 'invalid_line -'],
  ['an answer', '{"jsonrpc":"2.0","id":3,"result":{}}', 'message result 3'],
  ['an answer after white space', ' \t{"jsonrpc":"2.0","id":3,"result":{}} ', 'message result 3'],
  ['a string id, which stays a string', '{"jsonrpc":"2.0","id":"3","result":{}}', 'message result "3"'],
  ['a null id', '{"jsonrpc":"2.0","id":null,"result":{}}', 'invalid_message -'],
  ['a fractional id', '{"jsonrpc":"2.0","id":3.5,"result":{}}', 'invalid_message -'],
  ['an integer id in another spelling', '{"jsonrpc":"2.0","id":3.0,"result":{}}', 'invalid_message -'],
  ['an id that a double cannot hold', '{"jsonrpc":"2.0","id":9007199254740995,"result":{}}', 'invalid_message -'],
  ['an id given twice', '{"jsonrpc":"2.0","id":3,"id":4,"result":{}}', 'invalid_message -'],
  ['result beside error', '{"jsonrpc":"2.0","id":3,"result":{},"error":{"code":1,"message":""}}', 'invalid_message 3'],
  ['an error without code', '{"jsonrpc":"2.0","id":3,"error":{"message":"no"}}', 'invalid_message 3'],
  ['an error whose code is a string', '{"jsonrpc":"2.0","id":3,"error":{"code":"1","message":"no"}}', 'invalid_message 3'],
  ['an answer without a version', '{"id":3,"result":{}}', 'invalid_message 3'],
  ['a scalar result', '{"jsonrpc":"2.0","id":3,"result":"done"}', 'invalid_message 3'],
  ['a broken request of the server, whose ids are its own', '{"jsonrpc":"2.0","id":3,"method":7}', 'invalid_message -'],
])('[ST-15] %s is told for what it is', (_what, line, expected) => {
  expect(read(line)).toBe(expected);
});

test('an answer nested too deeply fails its request in either key order, and a request does not', () => {
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
  expect(read(`{"jsonrpc":"2.0","id":3,"result":{"a":${deep}}}`)).toBe('invalid_message 3');
  expect(read(`{"result":{"a":${deep}},"jsonrpc":"2.0","id":3}`)).toBe('invalid_message 3');
  expect(read(`{"jsonrpc":"2.0","id":3,"method":"ping","params":{"a":${deep}}}`)).toBe('invalid_message -');
  expect(read(`{"method":"ping","params":{"a":${deep}},"jsonrpc":"2.0","id":3}`)).toBe('invalid_message -');
});

test('an answer with too many values fails its request', () => {
  const wide = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`k${index}`, index]));
  expect(read(JSON.stringify({ jsonrpc: '2.0', id: 3, result: wide }))).toBe('invalid_message 3');
});

test('ids inside strings and inner objects are no ids of the answer', () => {
  const edges = (text: string): number | undefined => answerIdOfEdges(Buffer.from(text.slice(0, 200)), Buffer.from(text.slice(-200)));
  const long = 'x'.repeat(300);
  expect(edges(`{"result":{"a":"${long}","id":3}}`)).toBeUndefined();
  expect(edges(`{"result":{"a":"${long}, \\"id\\":3}"}}`)).toBeUndefined();
  expect(edges(`{"result":{"a":"${long}"},"id":"3"}`)).toBeUndefined();
  expect(edges(`{"result":{"a":"${long}"},"id":-3}`)).toBeUndefined();
  expect(edges(`{"result":{"a":"${long}"},"id":3}`)).toBe(3);
  expect(edges(`{"result":{"a":"${long}"},"id":3,"jsonrpc":"2.0"}`)).toBe(3);
});

test('the edges of a valid answer never give another id than its own', () => {
  const edge = fc.integer({ min: 20, max: 400 });
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 1 << 30 }), fc.boolean(), edge, (value, id, isIdFirst, size) => {
      const text = JSON.stringify(isIdFirst ? { jsonrpc: '2.0', id, result: { value } } : { result: { value }, jsonrpc: '2.0', id });
      const bytes = Buffer.from(text);
      expect([id, undefined]).toContain(answerIdOfEdges(bytes.subarray(0, size), bytes.subarray(-size)));
    }),
  );
});

test('what is shown of a dropped line holds no terminal sequence and is short', () => {
  const reading = readLine(Buffer.from(`\u001b[2J${'x'.repeat(5000)}`));
  expect(reading).toMatchObject({ kind: 'dropped', detail: expect.stringMatching(/^\\x1b\[2Jx{196}… \(5004 bytes\)$/) });
});
