/** The package as it would be published: packed, unpacked below a `node_modules`, and run from there. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = dirname(dirname(fileURLToPath(import.meta.url)));
let folder: string;
let installed: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metamcp-package-'));
  await run(process.execPath, [join(root, 'scripts', 'build-program.ts')]);
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--silent', '--pack-destination', folder], { cwd: root, shell: process.platform === 'win32' });
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  if (packed === undefined) throw new Error(stdout);
  expect(packed.files.filter(({ path }) => path.endsWith('.ts') || path.includes('.test.')).map(({ path }) => path)).toEqual([]);
  await run('tar', ['-xzf', join(folder, packed.filename), '-C', folder]);
  // Its packages are those of the checkout: nothing is fetched.
  const modules = join(folder, 'node_modules');
  await mkdir(modules);
  for (const entry of await readdir(join(root, 'node_modules'))) if (entry !== '.bin' && entry !== '.cache') await symlink(join(root, 'node_modules', entry), join(modules, entry), 'junction');
  installed = join(modules, 'metamcp');
  await cp(join(folder, 'package'), installed, { recursive: true });
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the package brings the command, the program without types, and no sources', () => {
  expect(existsSync(join(installed, 'lib', 'main.js'))).toBe(true);
  expect(existsSync(join(installed, 'src'))).toBe(false);
});

test('the package brings the orchestrator: meta-mcp-server says its version, and a server of a template adds 15 and 27', async () => {
  const bin = join(installed, 'bin', 'meta-mcp-server.js');
  expect((await run(process.execPath, [bin, '--version'])).stdout).toMatch(/^meta-mcp-server \d+\.\d+\.\d+\n$/);
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [bin], cwd: folder, env: { PATH: process.env['PATH'] ?? '' }, stderr: 'ignore' }));
  try {
    const { structuredContent } = await client.callTool({ name: 'create_server', arguments: { name: 'calc', template: 'basic_calculator' } });
    const { server_id } = structuredContent as { server_id: string };
    const added = await client.callTool({ name: 'execute_on_server', arguments: { server_id, tool_name: 'add', arguments: { a: 15, b: 27 } } });
    expect(added.structuredContent).toEqual({ result: 42, status: 'success' });
  } finally {
    await client.close();
  }
}, 60_000);

test('the command of the package serves a first call', async () => {
  const child = spawn(process.execPath, [join(installed, 'bin', 'metamcp.js'), 'serve', '--port', '0', '--data', join(folder, 'data'), '--print-json'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { url } = JSON.parse(line) as { url: string };
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const { stdout } = await run(process.execPath, [join(installed, 'bin', 'metamcp.js'), 'smoke', '--data', join(folder, 'data')]);
    expect(stdout).toMatch(/^ok: \d+ tools/);
  } finally {
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    await ended;
  }
}, 60_000);
