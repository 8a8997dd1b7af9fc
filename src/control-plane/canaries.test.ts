/** Each place where a secret can be written, with a canary in it, and then every answer, log entry and audit row. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPeople, type TestPeople } from '../../test/support/start-people.ts';
import { OPERATIONS } from './operations.ts';

const CANARY = 'cAnArY0123456789';
/** A server for each field that can hold a secret. */
const SERVERS: Readonly<Record<string, object>> = {
  env: { command: '/bin/a', env: { TOKEN: CANARY } },
  args: { command: '/bin/a', args: ['--api-key', CANARY, `--token=${CANARY}`] },
  headers: { url: 'https://a.example/', headers: { 'X-Key': CANARY } },
  bearer: { url: 'https://a.example/', bearerToken: CANARY },
  query: { url: `https://a.example/?key=${CANARY}` },
  proxy: { url: 'https://a.example/', proxy: `http://user:${CANARY}@proxy.example:3128` },
  secret: { url: 'https://a.example/', auth: { type: 'oauth', clientId: 'c', clientSecret: CANARY } },
  client: { url: 'https://a.example/', auth: { type: 'client-credentials', clientId: 'c', clientSecret: CANARY } },
  private: { url: 'https://a.example/', auth: { type: 'client-credentials', clientId: 'c', privateKey: CANARY } },
  exchange: { url: 'https://a.example/', auth: { type: 'token-exchange', clientId: 'c', clientSecret: CANARY } },
};
const KEY_VALUE = `sk_mt_${`${CANARY}Z`.repeat(4).slice(0, 64)}`;

let people: TestPeople;
const seen: string[] = [];

beforeAll(async () => {
  people = await startPeople({ file: { keys: { ofFile: { value: KEY_VALUE } } } });
  const write = async (method: string, path: string, body: object): Promise<void> => {
    const answer = await people.ask(method, `/api/v1/${path}`, { body });
    expect([path, answer.status < 300 || answer.text]).toEqual([path, true]);
    seen.push(`${method} ${path} ${answer.text}`);
  };
  for (const [name, config] of Object.entries(SERVERS)) await write('POST', 'servers', { name, config });
  await write('PUT', 'secrets/NAMED', { value: CANARY });
  await write('PATCH', 'servers/headers', { config: { description: 'seen' } });
  await write('POST', 'config/plan', { text: JSON.stringify({ servers: { planned: { url: 'https://a.example/', headers: { a: CANARY } } } }) });
  await write('POST', 'config/apply', { text: JSON.stringify({ servers: { applied: { url: 'https://a.example/', headers: { a: CANARY } } } }) });
  await write('POST', 'config/rollback', { number: 2, dryRun: true });
  // What is refused is not repeated either.
  for (const config of [{ url: 'https://a.example/', headers: { 'X-Key': CANARY }, unknown: CANARY }, { command: CANARY, env: { A: { b: CANARY } } }]) seen.push((await people.ask('POST', '/api/v1/servers', { body: { name: 'refused', config } })).text);
  seen.push((await people.newBrowser().ask('POST', '/api/v1/sign-in', { body: { email: 'op@example.com', password: CANARY } })).text);
});

afterAll(() => people.close());

test('[TN-02] [KS-04] no answer of any operation that reads has a secret in it', async () => {
  const reads = OPERATIONS.map(({ operation }) => operation).filter(({ method }) => method === 'GET');
  const names = [...Object.keys(SERVERS), 'applied'];
  for (const { path } of reads) {
    const paths = path.includes('{name}') ? names.map((name) => path.replace('{name}', name)) : [path.replace('{number}', '1').replace('{other}', '5').replaceAll(/\{\w+\}/g, 'x')];
    for (const one of paths) seen.push(`${one} ${(await people.ask('GET', one)).text}`);
  }
  for (const format of ['yaml', 'json', 'mcpServers', 'vscode', 'portable']) seen.push((await people.ask('GET', `/api/v1/config/export?format=${format}`)).text);
  expect(reads.length).toBeGreaterThan(25);
  expect(seen.filter((text) => text.includes(CANARY)).map((text) => text.slice(0, 300))).toEqual([]);
});

test('[TN-02] [KS-03] [KS-04] neither audit events nor the database nor the records of requests have a secret in them', async () => {
  const tables = ['audit_event', 'object', 'config_version', 'secret', 'key', 'idempotency', 'setting', 'upstream_grant', 'user', 'sign_in'] as const;
  for (const table of tables) {
    const rows = await people.services.storage.db.selectFrom(table).selectAll().execute();
    expect([table, JSON.stringify(rows).includes(CANARY)]).toEqual([table, false]);
  }
  expect(JSON.stringify(people.records)).not.toContain(CANARY);
  const files = ['metamcp.db', 'metamcp.db-wal'].map((file) => readFileSync(join(people.services.dataFolder, file), 'latin1'));
  for (const bytes of files) expect(bytes.includes(CANARY)).toBe(false);
});

test('[TN-03] a field that no schema names is refused by every operation, privileged ones too', async () => {
  const member = await people.join('member');
  const writes = OPERATIONS.map(({ operation }) => operation).filter(({ body }) => body !== undefined);
  for (const { id, method, path } of writes) {
    const answer = await member.ask(method, path.replaceAll(/\{number\}|\{other\}/g, '1').replaceAll(/\{\w+\}/g, 'x'), { body: { tenantId: 'x', role: 'operator', isAdmin: true, owner: 'other', permissions: ['public:write'] } });
    expect([id, answer.status >= 400 && answer.status < 500]).toEqual([id, true]);
  }
  expect((await member.ask('PATCH', '/api/v1/me', { body: { name: 'Ann', role: 'operator' } })).body).toMatchObject({ status: 400, errors: [{ path: 'body.role' }] });
  expect((await member.ask('GET', '/api/v1/me')).body).toMatchObject({ user: { role: 'member' } });
});
