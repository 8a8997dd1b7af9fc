/** A backup made while the gateway runs, and the way back from a newer version. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, expect, test } from 'vitest';
import { GATEWAY_FILE } from '../../src/contract/gateway-file.ts';
import { modernRequest } from '../support/http-peer.ts';
import { failingStart, runMetamcp, startGateway } from '../support/start-gateway.ts';

const folder = mkdtempSync(join(tmpdir(), 'metamcp-backup-'));
const [backup, restored] = [join(folder, 'backup'), join(folder, 'restored')];
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('[UP-01] what is backed up while the gateway runs comes back whole, also after a newer version changed the database', async () => {
  const gateway = await startGateway({ data: join(folder, 'data') });
  const { token } = JSON.parse(readFileSync(join(gateway.data, GATEWAY_FILE), 'utf8')) as { token: string };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const made = (await (await fetch(`${gateway.url}/api/v1/keys`, { method: 'POST', headers, body: JSON.stringify({ name: 'laptop' }) })).json()) as { value: string };
  const copied = await runMetamcp(['backup', backup, '--data', gateway.data, '--json']);
  expect([copied.code, copied.stderr]).toEqual([0, '']);
  expect(JSON.parse(copied.stdout)).toMatchObject({ hasDatabase: true });
  for (const file of [GATEWAY_FILE, 'gateway.lock', 'logs', 'metamcp.db-wal']) expect(existsSync(join(backup, file))).toBe(false);
  expect((await runMetamcp(['backup', backup, '--data', gateway.data])).code).toBe(1);
  const after = (await (await fetch(`${gateway.url}/api/v1/keys`, { method: 'POST', headers, body: JSON.stringify({ name: 'later' }) })).json()) as { value: string };
  await gateway.stop();

  // A newer version was here: this one must not touch what it made.
  const database = new Sqlite(join(gateway.data, 'metamcp.db'));
  database.prepare('insert into migration (name, timestamp) values (?, ?)').run('9999-of-a-newer-version', '2030-01-01T00:00:00.000Z');
  database.close();
  const refused = await failingStart(['--data', gateway.data]);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('9999-of-a-newer-version')]);
  expect((await runMetamcp(['restore', backup, '--data', gateway.data])).stderr).toContain('is not empty');

  expect((await runMetamcp(['restore', backup, '--data', restored])).code).toBe(0);
  const back = await startGateway({ data: restored });
  const status = async (value: string): Promise<number> => (await modernRequest({ url: back.mcpUrl ?? '', key: value }, 'tools/list')).status;
  expect([await status(made.value), await status(after.value)]).toEqual([200, 401]);
  const verified = await runMetamcp(['audit', 'verify', '--data', restored]);
  expect([verified.code, verified.stderr]).toEqual([0, expect.any(String)]);
  await back.stop();
}, 120_000);

test('[UP-01] a backup with a byte changed, or that was not finished, is not restored', async () => {
  appendFileSync(join(backup, 'metamcp.db'), 'x');
  const target = join(folder, 'never');
  expect(await runMetamcp(['restore', backup, '--data', target])).toMatchObject({ code: 1, stderr: expect.stringContaining('not as it was') });
  rmSync(join(backup, 'backup.json'));
  expect(await runMetamcp(['restore', backup, '--data', target])).toMatchObject({ code: 1, stderr: expect.stringContaining('is no backup') });
  expect(existsSync(target)).toBe(false);
});
