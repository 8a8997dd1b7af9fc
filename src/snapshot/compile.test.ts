import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryConfig } from '../../test/support/arbitrary-config.ts';
import { Fault } from '../base/fault.ts';
import { type ConfigInput, parseConfigDocument } from '../model/config-document.ts';
import { problemsOf } from '../model/config-problem.ts';
import { isServerEnabled } from '../model/server-config.ts';
import { compile } from './compile.ts';
import type { CompileOptions } from './compile-context.ts';

const options: CompileOptions = {
  generation: 7,
  digest: (text) => createHash('sha256').update(text).digest('hex'),
  keyDigest: (value) => `digest of ${value.length}:${value.slice(-4)}`,
  findCommand: (command) => (command === 'npx' ? '/usr/bin/npx' : undefined),
};

const VALUE = 'sk_mt_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kL9nP2rS5uV8xA1cD4fG7iM0oR3t';

const compiled = (input: ConfigInput, more: Partial<CompileOptions> = {}) => compile(parseConfigDocument(input), { ...options, ...more });

function problemsIn(input: ConfigInput, more: Partial<CompileOptions> = {}): [string, string][] {
  try {
    compiled(input, more);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return problemsOf(thrown).map(({ path, message }) => [path, message]);
  }
}

test('a valid document compiles to all it names, the same every time, and stays as it was', () => {
  fc.assert(
    fc.property(arbitraryConfig, (input) => {
      const document = parseConfigDocument(input);
      const before = structuredClone(document);
      const snapshot = compile(document, options);
      expect(document).toEqual(before);
      expect(Object.values(document.servers).some(({ args, headers }) => Object.isFrozen(args) || Object.isFrozen(headers))).toBe(false);
      expect(compile(document, options)).toEqual(snapshot);

      const enabled = Object.entries(document.servers).flatMap(([name, server]) => (isServerEnabled(server) ? [name] : []));
      expect([...snapshot.servers.keys()]).toEqual(enabled);
      expect(snapshot.namespaces.get('main')?.members.map(({ server }) => server)).toEqual(enabled);
      expect(snapshot.endpoints.get('main')?.namespace).toBe(snapshot.namespaces.get('main'));
    }),
  );
});

test('the order in which fields are written does not change a fingerprint, any field of the connection does', () => {
  const fingerprint = (server: object) => compiled({ servers: { a: { command: 'npx', ...server } } }).servers.get('a')?.fingerprint;
  expect(fingerprint({ env: { A: '1', B: '2' }, args: [] })).toBe(fingerprint({ args: [], env: { B: '2', A: '1' } }));
  expect(fingerprint({ description: 'x', callTimeoutMs: 5, required: true, idleConnections: 3 })).toBe(fingerprint({}));
  for (const changed of [{ args: ['x'] }, { env: { A: '' } }, { cwd: '/' }, { inheritEnv: ['A'] }, { revision: 'legacy' }, { isolation: 'shared' }]) {
    expect(fingerprint(changed)).not.toBe(fingerprint({}));
  }
});

test('a snapshot cannot be changed', () => {
  const server = compiled({ servers: { a: { command: 'npx', args: ['x'] } } }).servers.get('a');
  expect(() => Array.prototype.push.call(server?.args ?? [], 'y')).toThrow(TypeError);
  expect(() => Object.assign(server ?? {}, { url: 'http://x' })).toThrow(TypeError);
});

test('a bare command becomes absolute; one that is not found stays as written, with a warning', () => {
  const snapshot = compiled({ servers: { a: { command: 'npx' }, b: { command: 'nope' }, c: { command: '${RUNNER}' } } });
  expect([...snapshot.servers.values()].map(({ command }) => command)).toEqual(['/usr/bin/npx', 'nope', '${RUNNER}']);
  expect(snapshot.warnings).toContain('server "b": its command was not found on this machine');
});

test('[RL-18] a time that no timer can wait is cut to 2147483647 ms, with a warning', () => {
  const snapshot = compiled({ servers: { a: { command: 'npx', startTimeoutMs: 1e12, callTimeoutMs: 2 ** 31, idleTimeoutMs: 2 ** 31 - 1 } } });
  expect(snapshot.servers.get('a')).toMatchObject({ startTimeoutMs: 2147483647, callTimeoutMs: 2147483647, idleTimeoutMs: 2147483647 });
  expect(snapshot.warnings.filter((warning) => warning.includes('is cut to 2147483647'))).toHaveLength(2);
});

test('defaults are those of the product', () => {
  expect(compiled({ servers: { a: { url: 'http://x/' } } }).servers.get('a')).toMatchObject({
    type: 'http', revision: 'auto', isolation: 'auto', idleConnections: 1, startTimeoutMs: 30_000, callTimeoutMs: 60_000, idleTimeoutMs: 300_000, resultBytesMax: 10_485_760, isRequired: false,
  });
});

test('bearerToken becomes the header Authorization', () => {
  expect(compiled({ servers: { a: { url: 'http://x/', bearerToken: '${T}' } } }).servers.get('a')?.headers).toEqual({ Authorization: 'Bearer ${T}' });
});

test('overrides of resources go to the template they name or to the resource', () => {
  const resources = { 'a__file:///x': { enabled: false }, 'a__file:///{path}': { title: 'T' } };
  const overrides = compiled({ servers: { a: { command: 'npx' } }, namespaces: { n: { servers: ['a'], resources } } }).namespaces.get('n')?.overrides;
  expect([...(overrides?.resource.keys() ?? [])]).toEqual(['a__file:///x']);
  expect([...(overrides?.resourceTemplate.keys() ?? [])]).toEqual(['a__file:///{path}']);
});

test('a configured key is found by its digest and by nothing else of its value', () => {
  const snapshot = compiled({ keys: { k: { value: '${LAPTOP}', expiresAt: '2030-01-01' } } }, { environment: { LAPTOP: VALUE } });
  expect([...snapshot.keys]).toEqual([['digest of 70:oR3t', { id: 'key_k', name: 'k', endpoints: ['*'], expiresAtMs: Date.UTC(2030, 0, 1) }]]);
  expect(JSON.stringify([...snapshot.keys.values()])).not.toContain('sk_mt_');
});

test('a stored key keeps its id and opens what the document says, if it says anything', () => {
  const extraKeys = [
    { name: 'starter', id: 'key_1', digest: 'd1', endpoints: ['*'], expiresAtMs: undefined },
    { name: 'other', id: 'key_2', digest: 'd2', endpoints: ['e'], expiresAtMs: 5 },
  ];
  const snapshot = compiled({ namespaces: { n: {} }, endpoints: { e: { namespace: 'n' } }, keys: { starter: { generate: true, endpoints: ['e'] }, absent: {} } }, { extraKeys });
  expect(Object.fromEntries(snapshot.keys)).toEqual({
    d1: { id: 'key_1', name: 'starter', endpoints: ['e'], expiresAtMs: undefined },
    d2: { id: 'key_2', name: 'other', endpoints: ['e'], expiresAtMs: 5 },
  });
  expect(snapshot.warnings).toContain('key "absent" has no value yet: it opens nothing');
});

test('keys whose value is missing, misshapen or shared are refused together', () => {
  expect(problemsIn({ keys: { a: { value: '${NONE}' }, b: { value: 'sk_mt_short' }, c: { value: VALUE }, d: { value: VALUE } } })).toEqual([
    ['keys.a.value', 'expected variables that are set for the gateway: ${NONE}'],
    ['keys.b.value', 'expected sk_mt_ and 64 letters or digits'],
    ['keys.d', 'expected a value of its own: key "c" has the same'],
  ]);
});

test.each(['a'.repeat(64), 'ab'.repeat(32), '0123456789abcdef'.repeat(4), `${'changeme'.repeat(7)}12345678`, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ab', `${'0'.repeat(60)}1234`, '12345678'.repeat(8)])(
  '[KS-08] the guessable key value %s is refused in production and warned of elsewhere',
  (random) => {
    const input = { keys: { k: { value: `sk_mt_${random}` } } };
    expect(problemsIn(input, { isProduction: true })).toEqual([['keys.k.value', 'expected a random value: this one can be guessed']]);
    expect(compiled(input).warnings).toEqual(['key "k" has a value that can be guessed; --production refuses it']);
  },
);

test('[KS-08] random key values pass in production', () => {
  const character = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789');
  const uniform = fc.noShrink(fc.array(character, { minLength: 64, maxLength: 64 }));
  fc.assert(
    fc.property(fc.oneof(uniform, fc.infiniteStream(fc.nat()).map((seeds) => [...createHash('sha256').update(String(seeds.next().value)).digest('hex')])), (characters) => {
      fc.pre(new Set(characters).size > 12);
      expect(problemsIn({ keys: { k: { value: `sk_mt_${characters.join('')}` } } }, { isProduction: true })).toEqual([]);
    }),
  );
});

test.each(['changeme', 'change-me', 'CHANGE_ME', 'secret', 'password', 'your-api-key', 'YOUR_TOKEN_HERE', '<token>', 'xxxx', 'placeholder', 'replace-me', 'admin'])(
  '[KS-08] the placeholder %s as a secret of a server is refused in production',
  (placeholder) => {
    expect(problemsIn({ servers: { a: { command: 'npx', env: { API_KEY: placeholder, MODE: 'test' } } } }, { isProduction: true })).toEqual([['servers.a.env.API_KEY', 'expected a real secret, not a placeholder']]);
    expect(problemsIn({ servers: { a: { url: 'http://x', headers: { Authorization: `Bearer ${placeholder}` } } } }, { isProduction: true })).toHaveLength(1);
  },
);
