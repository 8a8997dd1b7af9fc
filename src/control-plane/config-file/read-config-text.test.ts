import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { arbitraryConfig } from '../../../test/support/arbitrary-config.ts';
import { Fault } from '../../base/fault.ts';
import { problemsOf, problemText } from '../../model/config-problem.ts';
import { parseConfigDocument } from '../../model/config-document.ts';
import { readConfigText } from './read-config-text.ts';

function problemsIn(text: string, name = 'metamcp.yaml'): string[] {
  try {
    readConfigText(text, name);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return problemsOf(thrown).map(problemText);
  }
}

const GOLDEN = `# A desk with two servers behind one address.
servers:
  notes: { type: stdio, command: npx, args: [-y, "@example/notes"], env: { PORT: 8080, DEBUG: true } }
  wiki:
    url: "https://wiki.example/mcp"
    headers: { Authorization: "Bearer \${WIKI_TOKEN}" }
    revision: auto
    isolation: shared
namespaces:
  desk:
    servers: [notes, { server: wiki, as: docs }]
    names: { prefix: server, separator: "__" }
    tools:
      notes__echo: { name: say, description: "Says it back", enabled: true }
endpoints:
  desk: { namespace: desk, auth: { apiKey: true, oauth: false, query: false }, limits: [{ scope: client, by: key, max: 5, seconds: 60 }], discovery: full }
keys:
  laptop: { value: "\${LAPTOP_KEY}", endpoints: [desk] }
`;

test('a whole file in YAML is read as it is meant', () => {
  const { document, warnings } = readConfigText(GOLDEN, 'metamcp.yaml');
  expect(warnings).toEqual([]);
  expect(document.servers['notes']).toMatchObject({ command: 'npx', args: ['-y', '@example/notes'], env: { PORT: '8080', DEBUG: 'true' } });
  expect(document.servers['wiki']).toMatchObject({ url: 'https://wiki.example/mcp', headers: { Authorization: 'Bearer ${WIKI_TOKEN}' }, isolation: 'shared' });
  expect(document.namespaces['desk']?.servers).toEqual(['notes', { server: 'wiki', as: 'docs' }]);
  expect(document.namespaces['desk']?.tools['notes__echo']).toMatchObject({ name: 'say', enabled: true });
  expect(document.endpoints['desk']?.limits).toEqual([{ kind: 'rate', scope: 'client', by: 'key', max: 5, seconds: 60 }]);
  expect(document.keys['laptop']).toEqual({ value: '${LAPTOP_KEY}', endpoints: ['desk'] });
});

test('YAML and JSON of one document are read alike', () => {
  fc.assert(
    fc.property(arbitraryConfig, (input) => {
      const expected = parseConfigDocument(input);
      expect(readConfigText(stringify(input), 'a.yaml').document).toEqual(expected);
      expect(readConfigText(JSON.stringify(input, null, '\t'), 'a.json').document).toEqual(expected);
    }),
  );
});

test('the line and column of an unknown key are those of the key, in YAML and JSON', () => {
  fc.assert(
    fc.property(arbitraryConfig, fc.constantFrom('servers', 'namespaces', 'endpoints', 'keys'), fc.boolean(), (input, noun, isJson) => {
      const document = structuredClone(input) as Record<string, Record<string, Record<string, unknown>>>;
      const name = Object.keys(document[noun] ?? {})[0] ?? '';
      Object.assign(document[noun]?.[name] ?? {}, { zzqq: 1 });
      const text = isJson ? JSON.stringify(document, null, 2) : stringify(document);
      const lines = text.split('\n');
      const index = lines.findIndex((line) => line.includes('zzqq'));
      const column = (lines[index] ?? '').search(/"?zzqq/) + 1;
      expect(problemsIn(text, isJson ? 'a.json' : 'a.yaml')).toEqual([expect.stringContaining(`line ${index + 1}, column ${column}: ${noun}.${name}.zzqq: unknown key; the nearest known name is`)]);
    }),
  );
});

test('all problems are told at once, in the order of the file', () => {
  const text = ['servers:', '  a: { comand: npx }', '  b:', '    url: nowhere', 'namespaces:', '  n:', '    servers: [aa]', '    middlewares: []', 'endpoints:', '  e: { namespace: m }', ''].join('\n');
  expect(problemsIn(text)).toEqual([
    'line 2, column 3: servers.a: expected command (for a stdio server) or url (for an http or sse server)',
    'line 2, column 8: servers.a.comand: unknown key; the nearest known name is "command"',
    'line 4, column 10: servers.b.url: expected an absolute http or https address',
    'line 7, column 15: namespaces.n.servers.0: expected the name of a server; the nearest known name is "a"',
    'line 8, column 5: namespaces.n.middlewares: unknown key; the nearest known name is "middleware"',
    'line 10, column 19: endpoints.e.namespace: expected the name of a namespace; the nearest known name is "n"',
  ]);
});

test.each([
  ['servers: {a: {command: x}, a: {command: y}}', 'line 1, column 28: Map keys must be unique'],
  ['servers:\n  a: [1\nb: 2', 'line 3, column 1: '],
  ['servers:\n  __proto__: { command: x }', 'line 2, column 3: servers.__proto__: expected another key: __proto__ is reserved'],
  ['- a', 'line 1, column 1: expected object, received array'],
])('%j is refused at its place', (text, start) => {
  expect(problemsIn(text)[0]).toContain(start);
});

test('an empty file is an empty configuration', () => {
  expect(readConfigText('', 'a.yaml').document).toEqual({ servers: {}, policies: {}, namespaces: {}, endpoints: {}, limits: {}, prices: {}, workflows: {}, keys: {} });
});

const DESKTOP = { mcpServers: { 'My Notes': { command: 'npx', args: ['-y', 'notes'], env: { A: '1' } }, my__notes: { command: 'x' }, 'my_notes ': { command: 'y' }, 日本: { command: 'z' } }, theme: 'dark', globalShortcut: '' };
const METAMCP = { mcpServers: { a: { type: 'STREAMABLE_HTTP', command: null, args: [], env: {}, url: 'https://a.example/mcp', headers: {}, bearerToken: 't', description: 'A' }, b: { type: 'STDIO', command: 'uvx', args: ['b'], env: {}, url: null, bearerToken: null } } };
const CURSOR = { mcpServers: { r: { url: 'https://r.example/mcp', headers: { Authorization: 'Bearer ${env:R_TOKEN}' } }, w: { serverUrl: 'https://w.example/sse', type: 'sse', alwaysAllow: [] } } };
const VSCODE = { inputs: [{ id: 'perplexity-key', type: 'promptString', password: true }], servers: { p: { type: 'stdio', command: 'npx', env: { KEY: '${input:perplexity-key}' } } } };

test.each([
  ['Claude Desktop', { name: 'claude_desktop_config.json', file: DESKTOP, names: ['My-Notes', 'my_notes', 'my_notes-2', 'server'], servers: { 'My-Notes': { command: 'npx', env: { A: '1' } } } }],
  ['MetaMCP', { name: 'export.json', file: METAMCP, names: ['a', 'b'], servers: { a: { type: 'streamable_http', url: 'https://a.example/mcp', bearerToken: 't', description: 'A' }, b: { type: 'stdio', command: 'uvx' } } }],
  ['Cursor', { name: 'mcp.json', file: CURSOR, names: ['r', 'w'], servers: { r: { headers: { Authorization: 'Bearer ${R_TOKEN}' } }, w: { type: 'sse', url: 'https://w.example/sse' } } }],
  ['VS Code with inputs', { name: 'other.json', file: VSCODE, names: ['p'], servers: { p: { env: { KEY: '${PERPLEXITY_KEY}' } } } }],
  ['VS Code without inputs', { name: '.vscode/mcp.json', file: { servers: VSCODE.servers }, names: ['p'], servers: {} }],
  ['VS Code settings', { name: 'settings.json', file: { 'editor.tabSize': 2, mcp: { servers: VSCODE.servers } }, names: ['p'], servers: {} }],
])('the file of %s becomes namespace and endpoint default', (_client, { name, file, names, servers }) => {
  const { document } = readConfigText(JSON.stringify(file), name);
  expect(Object.keys(document.servers)).toEqual(names);
  expect(document.servers).toMatchObject(servers);
  expect(document.namespaces).toMatchObject({ default: { servers: names } });
  expect(document.endpoints).toMatchObject({ default: { namespace: 'default', auth: { apiKey: true } } });
});

test('mapped names and fields that are not read are reported', () => {
  expect(readConfigText(JSON.stringify(DESKTOP), 'a.json').warnings).toEqual([
    'server "My Notes" is called "My-Notes" here',
    'server "my__notes" is called "my_notes" here',
    'server "my_notes " is called "my_notes-2" here',
    'server "日本" is called "server" here',
  ]);
  const both = { mcpServers: { a: { type: 'http', url: 'http://a', command: 'x', args: [], env: { A: '1' }, bearerToken: '' } } };
  expect(readConfigText(JSON.stringify(both), 'a.json').warnings).toEqual(['server "a": "command" is not read, since its type is http', 'server "a": "env" is not read, since its type is http']);
  expect(readConfigText(JSON.stringify(CURSOR), 'a.json').warnings).toEqual([expect.stringContaining('server "w": "alwaysAllow" is not read')]);
});

test('names from a file are always mapped to legal, unique ones', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 80 }).filter((name) => name !== '__proto__')), (names) => {
      const mcpServers = Object.fromEntries(names.map((name) => [name, { command: 'x' }]));
      const { document } = readConfigText(JSON.stringify({ mcpServers }), 'a.json');
      expect(Object.keys(document.servers)).toHaveLength(names.length);
    }),
  );
});

test('a problem in a client file is told at its place there, comments and trailing commas allowed', () => {
  const text = '{\n  // mine\n  "mcpServers": {\n    "My Notes": { "command": "npx", "args": "-y", /* no */ },\n  },\n}';
  expect(problemsIn(text, 'claude.json')).toEqual(['line 4, column 45: servers.My-Notes.args: expected array, received string']);
});
