import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryConfig } from '../../test/support/arbitrary-config.ts';
import { Fault } from '../base/fault.ts';
import { configJsonSchema, parseConfigDocument } from './config-document.ts';
import { type ConfigProblem, problemsOf } from './config-problem.ts';
import { firstRunDocument } from './first-run-document.ts';

function problemsIn(value: unknown): readonly ConfigProblem[] {
  try {
    parseConfigDocument(value);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    expect(thrown.code).toBe('config.invalid');
    return problemsOf(thrown);
  }
}

const messagesAt = (value: unknown, path: string): string[] => problemsIn(value).flatMap((problem) => (problem.path === path ? [problem.message] : []));

test('the shipped JSON Schema is the one the code checks with', async () => {
  await expect(`${JSON.stringify(configJsonSchema(), null, 2)}\n`).toMatchFileSnapshot('../../schema/metamcp.schema.json');
});

test('the JSON Schema accepts what the code accepts and refuses unknown keys', () => {
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(configJsonSchema());
  fc.assert(
    fc.property(arbitraryConfig, (input) => {
      expect(validate(input)).toBe(true);
      expect(validate({ ...input, zzz: 1 })).toBe(false);
    }),
  );
});

test('a random valid document is accepted, and accepted again as what it was parsed to', () => {
  fc.assert(
    fc.property(arbitraryConfig, (input) => {
      const document = parseConfigDocument(input);
      expect(parseConfigDocument(structuredClone(document))).toEqual(document);
    }),
  );
});

/** Every object of the document whose keys are fields, not names. */
const PLACES = [[], ['servers', '*'], ['namespaces', '*'], ['namespaces', '*', 'names'], ['endpoints', '*'], ['endpoints', '*', 'auth'], ['endpoints', '*', 'limits', '*'], ['keys', '*']];

test('an unknown key anywhere is refused at its place, with the nearest known name', () => {
  fc.assert(
    fc.property(arbitraryConfig, fc.constantFrom(...PLACES), (input, place) => {
      const document: unknown = structuredClone(input);
      let target = document as Record<string, unknown>;
      const path: string[] = [];
      for (const step of place) {
        const key = step === '*' ? (Object.keys(target)[0] ?? '') : step;
        path.push(key);
        target = target[key] as Record<string, unknown>;
      }
      target['zzz'] = 1;
      expect(messagesAt(document, [...path, 'zzz'].join('.'))).toEqual([expect.stringMatching(/^unknown key; the nearest known name is "[$\w]+"$/)]);
    }),
  );
});

test.each([
  [{ servrs: {} }, 'servrs', 'unknown key; the nearest known name is "servers"'],
  [{ servers: { a: { comand: 'x', command: 'x' } } }, 'servers.a.comand', 'unknown key; the nearest known name is "command"'],
  [{ servers: { a: { command: 'x' } }, namespaces: { n: { servers: [{ server: 'a', sa: 'b', as: 'b' }] } } }, 'namespaces.n.servers.0.sa', 'unknown key; the nearest known name is "as"'],
  [{ endpoints: { e: { namespace: 'x', auth: { apikey: true } } } }, 'endpoints.e.auth.apikey', 'unknown key; the nearest known name is "apiKey"'],
  [{ servers: { a: { type: 'stdo', command: 'x' } } }, 'servers.a.type', 'expected one of stdio, http, sse, openapi, template, orchestrator, workflows, std, streamable_http, streamablehttp, streamable-http; the nearest is "stdio"'],
  [{ servers: { a: {} } }, 'servers.a', 'expected command (for a stdio server) or url (for an http or sse server)'],
  [{ servers: { a: { type: 'http', command: 'x' } } }, 'servers.a', 'expected url, which a server of type http needs'],
  [{ servers: { a: { command: 'x', url: 'http://x' } } }, 'servers.a.url', 'expected no url: a server of type stdio has none'],
  [{ servers: { a: { url: 'ftp://x' } } }, 'servers.a.url', 'expected an absolute http or https address'],
  [{ servers: { a: { url: 'http://x', bearerToken: 't', headers: { authorization: 'x' } } } }, 'servers.a.bearerToken', 'expected either bearerToken or the header Authorization, not both'],
  [{ namespaces: { n: { servers: ['serch'] } }, servers: { search: { url: 'http://x' }, other: { url: 'http://x' } } }, 'namespaces.n.servers.0', 'expected the name of a server; the nearest known name is "search"'],
  [{ endpoints: { e: { namespace: 'x' } } }, 'endpoints.e.namespace', 'expected the name of a namespace; none is defined'],
  [{ keys: { k: { endpoints: ['x'] } } }, 'keys.k.endpoints.0', 'expected the name of an endpoint; none is defined'],
  [{ keys: { k: { expiresAt: 'soon' } } }, 'keys.k.expiresAt', 'expected a date, or a date and time with offset (RFC 3339)'],
  [{ keys: { k: { value: 'x', generate: true } } }, 'keys.k.generate', 'expected either value or generate, not both'],
  [{ endpoints: { e: { namespace: 'x', limits: [{ scope: 'client', by: 'header', max: 1, seconds: 1 }] } } }, 'endpoints.e.limits.0', 'expected header, which by: header needs'],
])('%j is refused at %s', (value, path, message) => {
  expect(messagesAt(value, path)).toEqual([message]);
});

test.each(['a__b', 'a_', '_a', '-a', '', 'a b', 'ä', 'a.b', 'x'.repeat(65)])('the server name %j is refused', (name) => {
  expect(messagesAt({ servers: { [name]: { command: 'x' } } }, `servers.${name}`)).toEqual([expect.stringContaining('expected a server name')]);
});

test.each(['a', 'A-', 'a_b', '0', 'a--b', 'x'.repeat(64)])('the server name %j is accepted', (name) => {
  expect(problemsIn({ servers: { [name]: { command: 'x' } } })).toEqual([]);
});

test('problems of a misnamed entry are told beside the one of its name', () => {
  expect(problemsIn({ servers: { a__b: { command: 1 } }, endpoints: { 'e e': { namespace: 2 } } }).map(({ path }) => path)).toEqual([
    'servers.a__b.command',
    'servers.a__b',
    'endpoints.e e.namespace',
    'endpoints.e e',
  ]);
});

const two = { a: { command: 'x' }, b: { command: 'y' } };

test('two tools of a namespace cannot be given one name', () => {
  const twice = { servers: two, namespaces: { n: { servers: ['a', 'b'], tools: { a__t: { name: 'say' }, b__t: { name: 'say' } } } } };
  expect(messagesAt(twice, 'namespaces.n.tools.b__t')).toEqual(['expected a name of its own: "say" is also the exposed name of a__t']);
  const shadowed = { servers: two, namespaces: { n: { servers: ['a', 'b'], tools: { a__t: {}, b__u: { name: 'a__t' } } } } };
  expect(messagesAt(shadowed, 'namespaces.n.tools.b__u')).toEqual(['expected a name of its own: "a__t" is also the exposed name of a__t']);
});

test('an override must name a server by the name it has in the namespace', () => {
  const document = { servers: two, namespaces: { n: { servers: [{ server: 'a', as: 'db' }], tools: { a__t: {} } } } };
  expect(messagesAt(document, 'namespaces.n.tools.a__t')).toEqual(['"a" is no server of this namespace; the nearest known name is "db"']);
});

test('no problem quotes a value, which could be a secret', () => {
  const secret = 'hunter2hunter2';
  const document = { servers: { a: { url: secret, bearerToken: [secret], env: { K: [secret] } } }, keys: { k: { value: [secret], expiresAt: secret } } };
  expect(problemsIn(document).length).toBeGreaterThanOrEqual(5);
  expect(JSON.stringify(problemsIn(document))).not.toContain(secret);
});

test('the first-run document offers the sample server at the endpoint default', () => {
  const document = parseConfigDocument(firstRunDocument({ command: '/usr/bin/node', args: ['sample.ts'] }));
  expect(document.servers['sample']).toMatchObject({ type: 'stdio', command: '/usr/bin/node', args: ['sample.ts'] });
  expect(document.endpoints['default']).toMatchObject({ namespace: 'default', auth: { apiKey: true, oauth: false, query: false } });
});
