/** Servers whose package, image or program is pinned by its hash; packages come from a registry on loopback. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { findCommand } from './find-command.ts';
import { pinnedArguments, type PinnedLaunch } from './pinned-launch.ts';

const ENVIRONMENT = { PATH: process.env['PATH'] ?? '' };
const npx = findCommand('npx', { platform: process.platform, environment: ENVIRONMENT, cwd: undefined });
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinned-launch-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sri = (bytes: string | Uint8Array): string => `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
const hex = (bytes: string | Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function launch(changes: Partial<PinnedLaunch>): PinnedLaunch {
  const watcher = { add: () => undefined, remove: () => undefined };
  return { server: 'files', integrity: hex(''), command: process.execPath, args: [], environment: ENVIRONMENT, cwd: folder, platform: process.platform, packagesFolder: join(folder, 'packages'), timeoutMs: 60_000, clock: systemClock, watcher, ...changes };
}

test('[ST-07] a script or program is started as long as it is what was pinned', async () => {
  const file = join(folder, 'server.mjs');
  writeFileSync(file, 'one');
  const args = ['server.mjs', '--verbose'];
  expect(await pinnedArguments(launch({ args, integrity: hex('one') }))).toEqual(args);
  expect(await pinnedArguments(launch({ args, integrity: sri('one') }))).toEqual(args);
  writeFileSync(file, 'two');
  await expect(pinnedArguments(launch({ args, integrity: hex('one') }))).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'package_changed', server: 'files', detail: expect.stringContaining(hex('two')) as string });
  const program = join(folder, 'program');
  writeFileSync(program, 'three', { mode: 0o755 });
  expect(await pinnedArguments(launch({ command: program, args: ['x'], integrity: hex('three') }))).toEqual(['x']);
  await expect(pinnedArguments(launch({ command: program, integrity: hex('four') }))).rejects.toMatchObject({ reason: 'package_changed' });
});

test('[ST-07] an image is named by the digest that is pinned', async () => {
  const integrity = hex('image');
  const args = ['run', '-i', '--rm', `registry.example/tool@${integrity}`];
  expect(await pinnedArguments(launch({ command: '/usr/bin/docker', args, integrity }))).toBe(args);
  await expect(pinnedArguments(launch({ command: '/usr/bin/docker', args: ['run', '-i', '--rm', 'registry.example/tool:1'], integrity }))).rejects.toMatchObject({ reason: 'package_unchecked' });
});

test.each([
  ['npx without an exact version', '/usr/bin/npx', ['-y', 'tool@latest']],
  ['npx with options that say something else', '/usr/bin/npx', ['--package', 'other@1.0.0', 'tool@1.0.0']],
  ['an interpreter with a text to run', process.execPath, ['-e', '1']],
  ['an interpreter without a file', process.execPath, ['nothing.mjs']],
  ['a runner that cannot be told what to run', '/usr/bin/uvx', ['tool==1.0.0']],
])('[ST-07] %s is not started where a hash is pinned', async (_title, command, args) => {
  await expect(pinnedArguments(launch({ command, args }))).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'package_unchecked' });
});

test.runIf(npx !== undefined)('[ST-07] a package is started from the tarball that was checked; another one under its version is not, and nothing of it runs', async () => {
  const command = npx ?? '';
  const registry = await startRegistry();
  const environment = (home: string) => ({ ...ENVIRONMENT, HOME: join(folder, home), npm_config_registry: registry.url, npm_config_update_notifier: 'false' });
  const args = ['-y', 'pinned-tool@1.0.0', 'hello'];
  try {
    registry.publish(`console.log('started with', process.argv[2])`);
    const pin = { command, args, integrity: sri(registry.tarball()), environment: environment('a') };
    const checked = await pinnedArguments(launch(pin));
    expect(checked).toEqual(['-y', expect.stringMatching(/^file:.*packages\/[0-9a-f]{64}\.tgz$/), 'hello']);
    expect(await pinnedArguments(launch({ ...pin, integrity: hex(registry.tarball()) }))).toHaveLength(3);
    const ran = await promisify(execFile)(command, [...checked], { cwd: folder, env: pin.environment });
    expect(ran.stdout).toBe('started with hello\n');

    const trap = join(folder, 'trap');
    registry.publish(`require('node:fs').writeFileSync(${JSON.stringify(trap)}, '')`, { preinstall: `node -e "require('node:fs').writeFileSync('${trap}', '')"` });
    const afresh = { ...pin, environment: environment('b'), packagesFolder: join(folder, 'afresh') };
    await expect(pinnedArguments(launch(afresh))).rejects.toMatchObject({ reason: 'package_changed', detail: expect.stringContaining(pin.integrity) as string });
    expect([existsSync(trap), readdirSync(afresh.packagesFolder)]).toEqual([false, []]);
    // What was checked before is there without the registry, and checked again.
    registry.close();
    expect(await pinnedArguments(launch(pin))).toEqual(checked);
    writeFileSync((checked[1] ?? '').slice('file:'.length), 'changed');
    await expect(pinnedArguments(launch(pin))).rejects.toMatchObject({ reason: 'package_changed' });
  } finally {
    registry.close();
  }
}, 60_000);

/** A registry of one package. */
async function startRegistry() {
  let tarball: Buffer = Buffer.alloc(0);
  const server = createServer((http, response) => {
    if (http.url?.endsWith('.tgz') === true) {
      response.end(tarball);
      return;
    }
    if (http.url !== '/pinned-tool') {
      response.writeHead(404).end();
      return;
    }
    const dist = { tarball: `${url}/pinned-tool.tgz`, integrity: sri(tarball) };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name: 'pinned-tool', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': { name: 'pinned-tool', version: '1.0.0', bin: { 'pinned-tool': 'tool.js' }, dist } } }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    tarball: () => tarball,
    publish: (source: string, scripts: object = {}) => {
      const manifest = JSON.stringify({ name: 'pinned-tool', version: '1.0.0', bin: { 'pinned-tool': 'tool.js' }, scripts });
      tarball = gzipSync(Buffer.concat([tarEntry('package/package.json', manifest), tarEntry('package/tool.js', `#!/usr/bin/env node\n${source}\n`), Buffer.alloc(1024)]));
    },
    close: () => server.close(),
  };
}

/** One file of a tar archive (POSIX ustar). */
function tarEntry(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  for (const [at, text] of [[100, '0000755'], [108, '0000000'], [116, '0000000'], [124, Buffer.byteLength(content).toString(8).padStart(11, '0')], [136, '00000000000'], [148, '        '], [156, '0'], [257, 'ustar'], [263, '00']] as const) header.write(text, at);
  header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc((512 - (Buffer.byteLength(content) % 512)) % 512)]);
}
