/** JSON that is wrong in one way or several: fields dropped, of another type, twice, of another version, too large, too deep. */

export type Random = () => number;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** Values that programs trip over. */
const STRANGE: readonly Json[] = [
  null, true, false, 0, -0, -1, 1.5, 1e308, -1e308, 2 ** 53, Number.MIN_VALUE, '', ' ', '0', '\u0000', '\ud800', '\ufeff', '\u202e', 'true', 'null', '__proto__', 'constructor', '../..', '%00', '${HOME}', '=?base64?YQ==?=',
  'a'.repeat(300), [], [[]], [null], {}, { '': '' }, { toString: 1, valueOf: null }, JSON.parse('{"then":"x"}') as Json, { length: -1 },
];
const KEYS = ['', 'id', 'method', 'params', 'result', 'error', 'jsonrpc', '_meta', '__proto__', 'constructor', 'prototype', 'name', 'arguments', 'cursor', 'uri', 'x'];
/** In place of a value, as bytes that JSON.stringify never writes. */
const RAW = ['1e400', '-1e400', '9007199254740993', '123456789012345678901234567890', '"\\ud800"', '{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"polluted":true}}}', '{"a":1,"a":2}', '[1,]', '01', 'NaN', "'x'", '\u0001', '', '{', '"'];
const PLACE = '\u0007RAW\u0007';

/** The text of a message that was a right one. */
export function mutateJson(message: Json, random: Random): string {
  let value = message;
  const times = 1 + Math.floor(random() ** 3 * 6);
  for (let time = 0; time < times; time++) value = changed(value, random);
  const text = JSON.stringify(value).replaceAll(JSON.stringify(PLACE), () => pick(random, RAW));
  return random() < 0.15 ? damaged(text, random) : text;
}

function changed(value: Json, random: Random): Json {
  const isLeaf = typeof value !== 'object' || value === null;
  if (isLeaf || random() < 0.15) return instead(value, random);
  if (Array.isArray(value)) {
    if (value.length === 0) return [instead(null, random)];
    const index = Math.floor(random() * value.length);
    if (random() < 0.2) return value.filter((_one, at) => at !== index);
    return value.map((one: Json, at) => (at === index ? changed(one, random) : one));
  }
  const object = value as { readonly [key: string]: Json };
  const keys = Object.keys(object);
  const key = keys.length === 0 || random() < 0.15 ? pick(random, KEYS) : pick(random, keys);
  if (random() < 0.25) return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
  // fromEntries: `__proto__` becomes a key like any other.
  return Object.fromEntries([...Object.entries(object).filter(([name]) => name !== key), [key, changed(object[key] ?? null, random)]]);
}

function instead(value: Json, random: Random): Json {
  const chance = random();
  if (chance < 0.2) return PLACE;
  if (chance < 0.3) return deep(Math.floor(random() * 200), random);
  if (chance < 0.35) return 'x'.repeat(Math.floor(random() * 20_000));
  if (chance < 0.4) return [value, value];
  if (chance < 0.45 && typeof value === 'string') return [...value].reverse().join('');
  if (chance < 0.5 && typeof value === 'number') return value + (random() < 0.5 ? 1 : 0.5);
  return pick(random, STRANGE);
}

function deep(levels: number, random: Random): Json {
  let value: Json = 1;
  for (let level = 0; level < levels; level++) value = random() < 0.5 ? [value] : { a: value };
  return value;
}

/** Bytes lost, doubled, or changed. */
export function damaged(text: string, random: Random): string {
  const at = Math.floor(random() * text.length);
  const length = Math.floor(random() * 20);
  const chance = random();
  if (chance < 0.3) return text.slice(0, at);
  if (chance < 0.5) return text.slice(0, at) + text.slice(at + length);
  if (chance < 0.7) return text.slice(0, at) + text.slice(at, at + length).repeat(2) + text.slice(at + length);
  if (chance < 0.8) return `[${text},${text}]`;
  return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1);
}

/** Small texts that are large or slow for a careless reader. */
export function bomb(random: Random): string {
  const n = 10 ** Math.floor(1 + random() * 5);
  return pick(random, [
    () => '['.repeat(n),
    () => '{"a":'.repeat(n),
    () => `${'['.repeat(n)}${']'.repeat(n)}`,
    () => `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":${'{"a":'.repeat(n)}1${'}'.repeat(n)}}`,
    () => `{"jsonrpc":"2.0","id":1,"method":"x","params":{${Array.from({ length: Math.min(n, 20_000) }, (_one, index) => `"k${index}":0`).join(',')}}}`,
    () => `{"jsonrpc":"2.0","id":1,"method":"x","params":{${'"k":0,'.repeat(Math.min(n, 20_000))}"k":0}}`,
    () => `{"jsonrpc":"2.0","id":${'9'.repeat(n)},"method":"ping"}`,
    () => `{"jsonrpc":"2.0","id":1,"method":"${'\\u0061'.repeat(n)}"}`,
    () => `[${'0,'.repeat(n)}0]`,
    () => `"${'\\'.repeat(n)}`,
  ])();
}
