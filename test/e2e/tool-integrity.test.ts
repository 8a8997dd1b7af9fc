/** A server that changes what it says of its tools: who approved it is told, and a namespace that quarantines shows none of it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listen, modernRequest, type RawAnswer, toolNamesOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { json, startScriptedServer } from '../support/scripted-server.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';

const KEY = randomKey();
/** "secretly" as tag characters: nobody sees them, models read them. */
const HIDDEN = Array.from('secretly', (letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join('');

interface Tool {
  readonly name: string;
  readonly description: string;
}

let tools: Tool[];
let gateway: RunningGateway;
let token: string;

beforeEach(async () => {
  tools = [{ name: 'read', description: 'Reads a file.' }];
  const server = await startScriptedServer(({ body }, response) => {
    const { id, method } = JSON.parse(body) as { id?: number; method: string };
    const answers: Record<string, object> = {
      'server/discover': { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
      'tools/list': { tools: tools.map((tool) => ({ ...tool, inputSchema: { type: 'object' } })) },
      'tools/call': { content: [{ type: 'text', text: 'done' }] },
    };
    json(response, { jsonrpc: '2.0', id, result: { resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...answers[method] } });
  });
  gateway = await startGateway({
    config: {
      servers: { files: { type: 'http', url: server.url } },
      namespaces: { lax: { servers: ['files'] }, strict: { servers: ['files'], integrity: 'quarantine' }, off: { servers: ['files'], integrity: 'off' } },
      endpoints: { lax: { namespace: 'lax' }, strict: { namespace: 'strict' }, off: { namespace: 'off' } },
      keys: { test: { value: KEY } },
    },
  });
  token = (JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string }).token;
});

afterEach(async () => {
  await gateway.stop();
});

interface Shown {
  readonly name: string;
  readonly state: string;
  readonly hash: string;
  readonly isQuarantined: boolean;
  readonly isFlagged: boolean;
  readonly reasons: readonly string[];
  readonly changes: readonly { readonly at: string; readonly parts: readonly { readonly kind: string; readonly text: string }[] }[];
}

async function admin(method: string, path: string, body?: object): Promise<Record<string, unknown> & { readonly status: number }> {
  const response = await fetch(`${gateway.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { ...((await response.json()) as Record<string, unknown>), status: response.status };
}

async function definitions(namespace: string): Promise<Shown[]> {
  return (await admin('GET', `/definitions?namespace=${namespace}`))['items'] as Shown[];
}

async function offer(...changed: Tool[]): Promise<void> {
  tools = changed;
  await admin('POST', '/servers/files/resync');
}

function ask(endpoint: string, method: string, params: Record<string, unknown> = {}): Promise<RawAnswer> {
  return modernRequest({ url: gateway.mcp(endpoint), key: KEY }, method, params);
}

async function toolsAt(endpoint: string): Promise<string[]> {
  return toolNamesOf(await ask(endpoint, 'tools/list'));
}

function pinned(namespace: string) {
  return expect.poll(async () => (await definitions(namespace)).map(({ state }) => state), { timeout: 10_000 });
}

test('[TL-02] a namespace that flags pins what it first sees; a change is told word by word and stays in sight', async () => {
  await pinned('lax').toEqual(['pinned']);
  await offer({ name: 'read', description: 'Reads a big file.' }, { name: 'write', description: 'Writes a file.' });
  expect(await toolsAt('lax')).toEqual(['files__read', 'files__write']);
  const [read, write] = await definitions('lax');
  expect(read).toMatchObject({ state: 'changed', isFlagged: true, isQuarantined: false, reasons: ['changed since it was approved'] });
  expect(read?.changes).toEqual([
    {
      at: '/description',
      parts: [
        { kind: 'same', text: 'Reads a ' },
        { kind: 'added', text: 'big ' },
        { kind: 'same', text: 'file.' },
      ],
    },
  ]);
  expect(write).toMatchObject({ state: 'new', isFlagged: true });
  await expect.poll(async () => (await gateway.log()).some((line) => line['msg'] === 'definition flagged' && line['state'] === 'changed'), { timeout: 10_000 }).toBe(true);
});

test('[TL-02] a namespace that quarantines neither lists nor calls what nobody approved, and open sessions hear of approval', async () => {
  expect(await toolsAt('strict')).toEqual([]);
  const refused = await ask('strict', 'tools/call', { name: 'files__read', arguments: {} });
  const unknown = await ask('strict', 'tools/call', { name: 'files__none', arguments: {} });
  const shape = (answer: RawAnswer): string => JSON.stringify(answer.message.error).replace('files__none', 'files__read').replace(/"correlationId":"[^"]*"/, '');
  expect(shape(refused)).toBe(shape(unknown));
  expect((await modernRequest({ url: gateway.mcp('strict'), key: token }, 'tools/call', { name: 'files__read', arguments: {} })).message.error?.code).toBe(-31009);

  const stream = await listen({ url: gateway.mcp('strict'), key: KEY }, { toolsListChanged: true });
  expect(await admin('POST', '/definitions/approve', { namespace: 'strict' })).toMatchObject({ status: 200, approved: [{ server: 'files', kind: 'tool', name: 'read' }] });
  await expect.poll(() => stream.messages().map(({ method }) => method), { timeout: 10_000 }).toContain('notifications/tools/list_changed');
  expect(await toolsAt('strict')).toEqual(['files__read']);
  const audit = await admin('GET', '/audit?action=approveDefinitions');
  expect(audit['items']).toMatchObject([{ subject: 'strict', outcome: 'done' }]);

  await offer({ name: 'read', description: 'Reads a file, and another.' });
  expect(await toolsAt('strict')).toEqual([]);
  expect((await ask('strict', 'tools/call', { name: 'files__read', arguments: {} })).message.error?.code).toBe(-32602);
  await offer({ name: 'read', description: 'Reads a file.' });
  expect(await toolsAt('strict')).toEqual(['files__read']);
});

test('[TL-06] hidden text keeps a definition from clients in every mode but off, and is shown to people in plain sight', async () => {
  await pinned('lax').toEqual(['pinned']);
  await offer({ name: 'read', description: `Reads a file.${HIDDEN}` });
  expect(await toolsAt('lax')).toEqual([]);
  expect(await toolsAt('off')).toEqual(['files__read']);
  const [read] = await definitions('lax');
  expect(read).toMatchObject({ isQuarantined: true, reasons: expect.arrayContaining(['hidden text: tag']) as string[] });
  expect(JSON.stringify(read?.changes)).toContain('[U+E0073]');
  expect(JSON.stringify(read?.changes)).not.toContain(HIDDEN);
});

test('what is approved must be what was looked at, and what is rejected stays away until it changes', async () => {
  await pinned('lax').toEqual(['pinned']);
  const [before] = await definitions('lax');
  await offer({ name: 'read', description: 'Reads anything.' });
  const choice = { namespace: 'lax', server: 'files', kind: 'tool', name: 'read' };
  expect((await admin('POST', '/definitions/approve', { ...choice, hash: before?.hash })).status).toBe(409);
  expect((await admin('POST', '/definitions/reject', choice)).status).toBe(200);
  expect(await toolsAt('lax')).toEqual([]);
  await offer({ name: 'read', description: 'Reads a file.' });
  expect(await toolsAt('lax')).toEqual(['files__read']);
  expect((await definitions('lax'))[0]?.state).toBe('pinned');
});

test('the lock that one gateway exports is what another accepts', async () => {
  await pinned('lax').toEqual(['pinned']);
  const { stdout } = await runMetamcp(['export', '--format', 'lock', '--namespace', 'lax', '--data', gateway.data]);
  const lock = JSON.parse(stdout) as { lock: Record<string, Record<string, Record<string, string>>> };
  expect(Object.keys(lock.lock['lax']?.['files'] ?? {})).toEqual(['tool:read']);
  const other = { lock: { strict: lock.lock['lax'] ?? {} } };
  const applied = await admin('POST', '/config/apply', { text: JSON.stringify(other), name: 'mcp.lock' });
  expect(applied).toMatchObject({ status: 200, text: 'No changes.', warnings: ['the lock decides 1 definitions otherwise than before'] });
  expect(await toolsAt('strict')).toEqual(['files__read']);
  await offer({ name: 'read', description: 'Reads more.' });
  expect(await toolsAt('strict')).toEqual([]);
});

test('the command line lists what waits, shows the difference and approves it', async () => {
  const { stdout: waiting } = await runMetamcp(['definitions', '--namespace', 'strict', '--data', gateway.data]);
  expect(waiting).toMatch(/strict\s+files__read\s+tool\s+new\s+no/);
  const { stdout: difference } = await runMetamcp(['definitions', 'diff', '--namespace', 'strict', '--data', gateway.data]);
  expect(difference).toContain('/description: {+Reads a file.+}');
  const { stdout } = await runMetamcp(['definitions', 'approve', 'files__read', '--namespace', 'strict', '--data', gateway.data]);
  expect(stdout).toBe('Approved files__read.\n');
  expect(await toolsAt('strict')).toEqual(['files__read']);
});
