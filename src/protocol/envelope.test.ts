import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '../base/fault.ts';
import { RawObject, readEnvelope } from './envelope.ts';

const read = (text: string) => readEnvelope(Buffer.from(text));
const codeOf = (text: string): string => {
  try {
    read(text);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.code;
    throw thrown;
  }
  return 'accepted';
};

test('tells requests, notifications, results and errors apart', () => {
  expect(read('{"jsonrpc":"2.0","id":1,"method":"ping"}')).toMatchObject({ kind: 'request', id: 1, method: 'ping', body: undefined });
  expect(read('{"jsonrpc":"2.0","method":"x","params":{"a":1}}')).toMatchObject({ kind: 'notification', id: undefined });
  expect(read('{"jsonrpc":"2.0","id":"7","result":{}}')).toMatchObject({ kind: 'result', id: '7' });
  expect(read('{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m"}}')).toMatchObject({ kind: 'error', id: undefined });
});

test('every safe integer is an id as it stands, of few digits or of many', () => {
  const edge = fc.constantFrom(0, -1, 999_999_999_999_999, 1_000_000_000_000_000, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER);
  fc.assert(
    fc.property(fc.oneof(edge, fc.maxSafeInteger()), (id) => {
      expect(read(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`).id).toBe(id);
    }),
  );
});

test.each([
  '[]',
  '1',
  '{}',
  '{"jsonrpc":"1.0","id":1,"method":"a"}',
  '{"jsonrpc":"2.0","id":null,"method":"a"}',
  '{"jsonrpc":"2.0","id":1.5,"method":"a"}',
  '{"jsonrpc":"2.0","id":1e2,"method":"a"}',
  '{"jsonrpc":"2.0","id":9007199254740993,"method":"a"}',
  '{"jsonrpc":"2.0","id":{},"method":"a"}',
  '{"jsonrpc":"2.0","id":1,"method":5}',
  '{"jsonrpc":"2.0","id":1,"method":""}',
  '{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}',
  '{"jsonrpc":"2.0","id":1,"method":"a","result":{}}',
  '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"x"}}',
  '{"jsonrpc":"2.0","id":1,"error":{"message":"x"}}',
  '{"jsonrpc":"2.0","id":1,"error":{"code":"1","message":"x"}}',
  '{"jsonrpc":"2.0","id":1}',
  '{"jsonrpc":"2.0","id":1,"result":[]}',
])('[TR-19] refuses %s', (text) => {
  expect(codeOf(text)).toBe('request.invalid');
});

test('[RL-03] a repeated key in the envelope or in params is refused', () => {
  expect(codeOf('{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}')).toBe('request.invalid');
  expect(codeOf('{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"x","n\\u0061me":"y"}}')).toBe('request.invalid');
});

test('[RL-04] __proto__ in a message is a plain property and changes no prototype', () => {
  const params = read('{"jsonrpc":"2.0","id":1,"method":"a","params":{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"x":1}}}}').body?.value;
  expect(Object.keys(params ?? {})).toEqual(['__proto__', 'constructor']);
  expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
});

test('numbers that a double cannot hold keep their text', () => {
  const body = read('{"jsonrpc":"2.0","id":1,"method":"a","params":{"big":9007199254740993,"huge":1e400,"zero":-0,"fine":1.50}}').body;
  expect(JSON.stringify(body?.value)).toBe('{"big":9007199254740993,"huge":1e400,"zero":-0,"fine":1.5}');
});

test('an edit leaves every other member byte for byte', () => {
  const raw = read('{"jsonrpc":"2.0","id":1,"result":{ "a" : 1e400 ,"resultType":"complete","b":[ 9007199254740993 ]}}').body;
  expect(raw?.edited([], {})).toBe('{ "a" : 1e400 ,"resultType":"complete","b":[ 9007199254740993 ]}');
  expect(raw?.edited(['resultType'], {})).toBe('{"a" : 1e400,"b":[ 9007199254740993 ]}');
  expect(raw?.edited([], { resultType: '"task"' })).toBe('{"resultType":"task","a" : 1e400,"b":[ 9007199254740993 ]}');
  expect(raw?.edited([], { c: '2' })).toBe('{"c":2, "a" : 1e400 ,"resultType":"complete","b":[ 9007199254740993 ]}');
  expect(RawObject.of({}).edited([], { c: '2' })).toBe('{"c":2}');
});

test('an edit keeps members whose names every object has by itself', () => {
  const text = '{"__proto__":{"a":1},"constructor":2,"toString":3,"b":4}';
  const raw = RawObject.fromText(text);
  expect(raw.edited([], {})).toBe(text);
  expect(raw.edited(['b'], { c: '5' })).toBe('{"c":5,"__proto__":{"a":1},"constructor":2,"toString":3}');
  expect(Buffer.concat(raw.editedPieces(['b'], { c: '5' })).toString()).toBe('{"c":5,"__proto__":{"a":1},"constructor":2,"toString":3}');
});

test('editing says the same as parsing, changing and writing', () => {
  const plain = fc.dictionary(fc.stringMatching(/^[a-e]$/), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 });
  fc.assert(
    fc.property(plain, fc.array(fc.constantFrom('a', 'b', 'c')), plain, (object, removed, added) => {
      const raw = RawObject.of(object as never);
      const texts = Object.fromEntries(Object.entries(added).map(([key, value]) => [key, JSON.stringify(value)]));
      const expected = { ...object } as Record<string, unknown>;
      for (const key of removed) delete expected[key];
      expect(JSON.parse(raw.edited(removed, texts))).toEqual(JSON.parse(JSON.stringify({ ...expected, ...added })));
      expect(Buffer.concat(raw.editedPieces(removed, texts)).toString()).toBe(raw.edited(removed, texts));
    }),
  );
});
