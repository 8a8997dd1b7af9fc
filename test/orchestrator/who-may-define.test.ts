/** Commands, templates and scripts run with the rights of the gateway: who may define one, role by role. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { permissionsOf } from '../../src/contract/roles.ts';
import type { AdminServices } from '../../src/control-plane/operation.ts';
import { ROLES } from '../../src/model/role.ts';
import { randomKey } from '../support/random-key.ts';
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
