import fc from 'fast-check';
import { stringify } from 'yaml';
import { afterEach, expect, test } from 'vitest';
import { arbitraryConfig } from '../../../test/support/arbitrary-config.ts';
import { type AdminOptions, startAdmin, type TestAdmin } from '../../../test/support/start-admin.ts';
import { digestOf } from '../../auth/keys.ts';
import { toSections } from '../configuration/config-object.ts';

const running: TestAdmin[] = [];

async function start(options?: AdminOptions): Promise<TestAdmin> {
  const admin = await startAdmin(options);
  running.push(admin);
  return admin;
}

afterEach(async () => {
  for (const admin of running.splice(0)) await admin.close();
});

const FILE = `
servers:
  search:
    url: https://search.example/mcp
    bearerToken: hunter2-canary
namespaces:
  web: { servers: [search, files] }
endpoints:
  web: { namespace: web }
keys:
  laptop: { generate: true, endpoints: [web] }
`;

function apply(admin: TestAdmin, text: string, more: object = {}) {
  return admin.ask('POST', '/api/v1/config/apply', { body: { text, source: 'metamcp.yaml', reason: 'because', ...more } });
}

test('a file is planned without effect, applied whole, and then changes nothing more', async () => {
  const admin = await start();
  const { generation } = admin.services.snapshot();
  const plan = await admin.ask('POST', '/api/v1/config/plan', { body: { text: FILE, source: 'metamcp.yaml' } });
  expect(plan.body['text']).toBe(
    [
      '+ servers.search',
      '    + url: "https://search.example/mcp"',
      '    + bearerToken: "…"',
      '+ namespaces.web',
      '    + servers: ["search","files"]',
      '+ endpoints.web',
      '    + namespace: "web"',
      '+ keys.laptop',
      '    + generate: true',
      '    + endpoints: ["web"]',
      '',
      '4 to create, 0 to change, 0 to delete.',
    ].join('\n'),
  );
  expect(admin.services.snapshot().generation).toBe(generation);

  const applied = await apply(admin, FILE);
  expect([applied.status, applied.body['version']]).toEqual([200, 2]);
  const [key] = applied.body['keys'] as { name: string; value: string }[];
  expect(admin.services.snapshot().keys.get(digestOf(admin.services.instanceKey.pepper, key?.value ?? ''))).toMatchObject({ name: 'laptop', endpoints: ['web'] });

  const again = await apply(admin, FILE);
  expect(again.body).toMatchObject({ text: 'No changes.', items: [], keys: [], version: 2 });
});

test('what left the file is deleted with its key, what others made stays', async () => {
  const admin = await start();
  await apply(admin, FILE);
  const less = await apply(admin, 'servers: { search: { url: "https://other.example/mcp" } }');
  expect(less.body['text']).toBe(
    [
      '~ servers.search',
      '    ~ url: "https://search.example/mcp" → "https://other.example/mcp"',
      '    - bearerToken: "…"',
      '- namespaces.web',
      '    - servers: ["search","files"]',
      '- endpoints.web',
      '    - namespace: "web"',
      '- keys.laptop',
      '    - generate: true',
      '    - endpoints: ["web"]',
      '',
      '0 to create, 1 to change, 3 to delete.',
    ].join('\n'),
  );
  const { snapshot } = admin.services;
  expect([[...snapshot().endpoints.keys()], [...snapshot().servers.keys()], [...snapshot().keys.values()].map(({ name }) => name)]).toEqual([['dev'], ['files', 'search'], ['starter']]);
});

test('an invalid file changes nothing and is refused with path, line and what was expected', async () => {
  const admin = await start();
  const { generation } = admin.services.snapshot();
  const refused = await apply(admin, 'servers:\n  a: { url: "https://a.example/" }\n  b: { typ: http }\nendpoints:\n  x: { namespace: dve }\n');
  expect([refused.status, refused.body['code']]).toEqual([400, 'config.invalid']);
  expect((refused.body['errors'] as { path: string; message: string }[]).map(({ path, message }) => [path, message])).toEqual([
    ['servers.b', expect.stringContaining('line 3')],
    ['servers.b.typ', expect.stringContaining('line 3, column 8')],
    ['endpoints.x.namespace', 'line 5, column 19: expected the name of a namespace; the nearest known name is "dev"'],
  ]);
  expect(admin.services.snapshot().generation).toBe(generation);
});

test('one file cannot take what another owns', async () => {
  const admin = await start();
  await apply(admin, FILE);
  const other = await apply(admin, 'servers: { search: { url: "https://x.example/" } }', { source: 'other.yaml' });
  expect([other.status, other.body['reason'], other.body['title']]).toEqual([409, 'owned_by_file', 'The configuration file metamcp.yaml owns servers.search: change it there.']);
});

test('versions have numbers, authors and reasons, and can be compared and returned to', async () => {
  const admin = await start();
  await apply(admin, FILE, { reason: 'first' });
  await apply(admin, FILE.replace('hunter2', 'hunter3'), { reason: 'rotated' });
  const { body } = await admin.ask('GET', '/api/v1/config/versions');
  expect((body['items'] as { number: number; author: string; reason: string }[]).map(({ number, author, reason }) => [number, author, reason])).toEqual([
    [3, 'operator', 'rotated'],
    [2, 'operator', 'first'],
    [1, 'gateway', 'first run'],
  ]);
  expect((await admin.ask('GET', '/api/v1/config/versions/2/diff/3')).body['text']).toBe('~ servers.search\n    ~ bearerToken: "…" → "…" (secret)\n\n0 to create, 1 to change, 0 to delete.');
  expect((await admin.ask('GET', '/api/v1/config/versions/2/diff/9')).status).toBe(404);

  const dry = await admin.ask('POST', '/api/v1/config/rollback', { body: { number: 1, dryRun: true } });
  expect(dry.body['text']).toContain('0 to create, 0 to change, 4 to delete.');
  expect(admin.services.snapshot().endpoints.has('web')).toBe(true);
  const back = await admin.ask('POST', '/api/v1/config/rollback', { body: { number: 2 } });
  expect([back.status, back.body['version']]).toEqual([200, 4]);
  expect(admin.services.snapshot().servers.get('search')?.headers['Authorization']).toBe('Bearer hunter2-canary');
});

test('what the followed file owns is not rolled back, since the file would undo it', async () => {
  const admin = await start({ file: { servers: { owned: { url: 'https://a.example/' } } } });
  const refused = await admin.ask('POST', '/api/v1/config/rollback', { body: { number: 1 } });
  expect([refused.status, refused.body['title']]).toEqual([409, 'The configuration file /etc/metamcp.yaml owns servers.owned: change it there.']);
});

test('100 random configurations come back from an export as they were, and applying it changes nothing', async () => {
  const admin = await start({ environment: { TOKEN: 't', BASE: 'https://b.example' } });
  await fc.assert(
    fc.asyncProperty(arbitraryConfig, fc.constantFrom('yaml', 'json'), async (config, format) => {
      const applied = await apply(admin, stringify(config), { source: 'random.yaml' });
      expect(applied.status).toBe(200);
      const before = JSON.stringify(toSections(admin.services.objects()));
      const { text } = (await admin.ask('GET', `/api/v1/config/export?format=${format}`)).body;
      const again = await apply(admin, String(text), { name: `metamcp.${format}`, source: null });
      expect([again.status, again.body['text']]).toEqual([200, 'No changes.']);
      expect(JSON.stringify(toSections(admin.services.objects()))).toBe(before);
    }),
    { numRuns: 100 },
  );
}, 120_000);

test('a namespace goes to another gateway with references for its secrets', async () => {
  const admin = await start();
  await apply(admin, FILE);
  const { body } = await admin.ask('GET', '/api/v1/config/export?format=portable&namespace=web');
  expect(body).toEqual({ text: expect.stringContaining('bearerToken: ${SEARCH_BEARERTOKEN}'), variables: ['SEARCH_BEARERTOKEN'] });
  const other = await start();
  await other.ask('DELETE', '/api/v1/servers/files?force=true');
  expect((await apply(other, String(body['text']))).status).toBe(200);
  expect(other.services.snapshot().servers.get('search')?.headers['Authorization']).toBe('Bearer ${SEARCH_BEARERTOKEN}');
});

test.each([
  ['mcpServers', { mcpServers: { files: { type: 'stdio', command: '/bin/files' }, search: { type: 'http', url: 'https://search.example/mcp', headers: { Authorization: 'Bearer ${SEARCH_BEARERTOKEN}' } } } }],
  ['vscode', { inputs: [{ type: 'promptString', id: 'SEARCH_BEARERTOKEN', description: 'SEARCH_BEARERTOKEN', password: true }], servers: { files: { type: 'stdio', command: '/bin/files' }, search: { type: 'http', url: 'https://search.example/mcp', headers: { Authorization: 'Bearer ${input:SEARCH_BEARERTOKEN}' } } } }],
])('the servers can be written for clients: %s', async (format, expected) => {
  const admin = await start();
  await apply(admin, FILE);
  const { body } = await admin.ask('GET', `/api/v1/config/export?format=${format}`);
  expect(JSON.parse(String(body['text']))).toEqual(expected);
});
