/** Commands, templates and scripts run with the rights of the gateway: who may define one, role by role. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { permissionsOf } from '../../src/contract/roles.ts';
import type { AdminServices } from '../../src/control-plane/operation.ts';
import { ROLES } from '../../src/model/role.ts';
import { randomKey } from '../support/random-key.ts';
import { listAuditEvents } from '../../src/storage/audit-events.ts';
import { startAdmin, type TestAdmin } from '../support/start-admin.ts';
import { startGateway } from '../support/start-gateway.ts';

const template = { name: 'mine', title: 'Mine', description: 'Mine', version: '1.0.0', capabilities: [], file: 'mine.mjs', stateless: true, egress: 'none', files: 'none', parameters: {} };
/** Every way that a process can be defined. */
const DEFINITIONS = [
  ['a command', 'POST', '/servers', { name: 'x', config: { command: '/bin/true' } }],
  ['a server of a template', 'POST', '/servers', { name: 'x', config: { type: 'template', template: 'time' } }],
  ['an orchestrator', 'POST', '/servers', { name: 'x', config: { type: 'orchestrator' } }],
  ['a file of this machine as a document', 'POST', '/servers', { name: 'x', config: { type: 'openapi', document: '/etc/passwd' } }],
  ['a template', 'POST', '/templates', { template, source: 'export function createTools() { return []; }' }],
  ['a configuration with a command', 'POST', '/config/apply', { text: JSON.stringify({ servers: { x: { command: '/bin/true' } } }) }],
] as const;
const running: TestAdmin[] = [];

afterEach(async () => {
  for (const admin of running.splice(0)) await admin.close();
});

describe.each(ROLES)('[ST-01] %s', (role) => {
  test.each(DEFINITIONS)(`may ${role === 'operator' ? '' : 'not '}define %s`, async (_title, method, path, body) => {
    const permissions = new Set(permissionsOf(role));
    const admin = await startAdmin({ authenticators: [async () => ({ principal: { kind: 'user', id: 'user:u', credentialId: 'c', name: 'u' }, permissions })] });
    running.push(admin);
    const before = admin.services.objects().length;
    const { status } = await admin.ask(method, `/api/v1${path}`, { body, credential: 'Bearer u' });
    if (role === 'operator') expect(status).not.toBe(403);
    else {
      expect(status).toBe(403);
      expect((admin.services as AdminServices).objects()).toHaveLength(before);
    }
  });
});

/** What saves, imports or only shows what would be started, with the name it has in the audit log. */
const WAYS = [
  ['createServer', 'POST', '/servers', { name: 'x', config: { command: '/bin/true' } }],
  ['planConfig', 'POST', '/config/plan', { text: JSON.stringify({ servers: { x: { command: '/bin/true' } } }) }],
  ['applyConfig', 'POST', '/config/apply', { text: JSON.stringify({ servers: { x: { command: '/bin/true' } } }) }],
  ['rollbackConfig', 'POST', '/config/rollback', { number: 1 }],
  ['importTemplate', 'POST', '/templates', { template, source: 'export function createTools() { return []; }' }],
] as const;

test.each(ROLES.filter((role) => role !== 'operator'))('[ST-02] a preview or an import by %s is refused, and recorded, like saving the server itself', async (role) => {
  const permissions = new Set(permissionsOf(role));
  const admin = await startAdmin({ authenticators: [async () => ({ principal: { kind: 'user', id: 'user:u', credentialId: 'c', name: 'u' }, permissions })] });
  running.push(admin);
  for (const [action, method, path, body] of WAYS) expect([action, (await admin.ask(method, `/api/v1${path}`, { body, credential: 'Bearer u' })).status]).toEqual([action, 403]);
  const events = await listAuditEvents(admin.services.storage.db, { afterSeq: 0, limit: 100 });
  expect(events.filter(({ outcome, principal }) => outcome === 'denied' && principal === 'user:u').map(({ action }) => action)).toEqual(WAYS.map(([action]) => action));
});

test('[ST-02] [ST-06] [ST-16] what is only looked at is shown whole and starts nothing; saving the same starts it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'who-may-define-'));
  const trap = join(folder, 'started');
  const long = `${'x'.repeat(10_000)}-the-end`;
  const gateway = await startGateway({ config: {} });
  try {
    const { token } = JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string };
    const ask = async (path: string, body: object): Promise<string> => (await fetch(`${gateway.url}/api/v1${path}`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })).text();
    const config = { command: process.execPath, args: ['-e', `require('node:fs').writeFileSync(${JSON.stringify(trap)}, '')`, long, 'line\nbreak\u202eand\u200bmore'], env: { MY_TOKEN: '${NOT_SAID}' } };
    const plan = await ask('/config/plan', { text: JSON.stringify({ servers: { looked: config } }) });
    const { text } = JSON.parse(plan) as { text: string };
    for (const shown of [process.execPath, long, 'MY_TOKEN', 'line\\nbreak', JSON.stringify(trap).slice(1, -1)]) expect(text).toContain(shown);
    // What a person cannot see is spelled out.
    expect(text).not.toMatch(/[\u202e\u200b]/u);
    const resolved = await ask('/registry/resolve', { server: { name: 'io.example/looked', packages: [{ registryType: 'npm', identifier: 'looked', version: '1.0.0', packageArguments: [{ type: 'positional', value: long }], environmentVariables: [{ name: 'MY_TOKEN', isRequired: true }] }] } });
    for (const shown of ['npx', 'looked@1.0.0', long, 'MY_TOKEN']) expect(resolved).toContain(shown);
    expect(existsSync(trap)).toBe(false);
    await ask('/servers', { name: 'looked', config: { ...config, env: {} } });
    await expect.poll(() => existsSync(trap), { timeout: 10_000 }).toBe(true);
    // [ST-06] An image is started with what was approved, and never asked for labels of its own.
    const [docker, asked] = [join(folder, 'docker'), join(folder, 'asked')];
    await writeFile(docker, `#!/bin/sh\necho "$@" >> ${asked}\n`, { mode: 0o755 });
    await ask('/servers', { name: 'image', config: { command: docker, args: ['run', '-i', '--rm', 'example/tool:1'] } });
    await expect.poll(() => existsSync(asked), { timeout: 10_000 }).toBe(true);
    expect(new Set((await readFile(asked, 'utf8')).trimEnd().split('\n'))).toEqual(new Set(['run -i --rm example/tool:1']));
  } finally {
    await gateway.stop();
    await rm(folder, { recursive: true });
  }
}, 60_000);

test('[ST-06] a template names no command, environment, folder or mount of its own', async () => {
  const admin = await startAdmin();
  running.push(admin);
  for (const own of [{ command: '/bin/sh' }, { args: ['-c', 'id'] }, { env: { LD_PRELOAD: '/tmp/x.so' } }, { cwd: '/' }, { mounts: ['/:/host'] }, { user: 'root' }]) {
    const { status, body } = await admin.ask('POST', '/api/v1/templates', { body: { template: { ...template, ...own }, source: 'export function createTools() { return []; }' } });
    expect([own, status, body['errors']]).toEqual([own, 400, [expect.objectContaining({ path: `body.template.${Object.keys(own)[0] ?? ''}` })]]);
  }
});

test('[ST-01] no API key, however far it reaches, and no other token opens the API by which processes are defined', async () => {
  const key = randomKey();
  const gateway = await startGateway({ config: { servers: { meta: { type: 'orchestrator' } }, namespaces: { all: { servers: ['meta'] } }, endpoints: { all: { namespace: 'all' } }, keys: { one: { value: key } } } });
  try {
    const ask = (credential: string, method: string, path: string, body: object): Promise<Response> => fetch(`${gateway.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
    for (const credential of [key, randomKey(), 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJvcGVyYXRvciJ9.']) for (const [title, method, path, body] of DEFINITIONS) expect([title, [401, 429].includes((await ask(credential, method, path, body)).status)]).toEqual([title, true]);
    const { token } = JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string };
    const listed = await fetch(`${gateway.url}/api/v1/templates`, { headers: { authorization: `Bearer ${token}` } });
    expect(listed.status === 429 || !JSON.stringify(await listed.json()).includes('"mine"')).toBe(true);
  } finally {
    await gateway.stop();
  }
}, 60_000);
