/**
 * What is shipped for machines without an engine of containers, and for editors: the proxies, the unit of systemd, the dev
 * container. Each is read by the program that it is for; where that is not here, its test skips with a line.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { selfSigned } from './support/certificate.ts';
import { findTool, runTool } from './support/find-tool.ts';
import { freePort, untilListening } from './support/free-port.ts';

const ROOT = join(import.meta.dirname, '..');
const PROXIES = join(ROOT, 'deploy/proxies');
const folder = mkdtempSync(join(tmpdir(), 'metamcp-hosts-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file as nginx includes it in `http`; only names that resolve elsewhere, ports and certificates are the test's. */
async function nginxFile(name: string, change: (text: string) => string = (text) => text): Promise<string> {
  const { key, cert } = selfSigned({ dns: ['mcp.example'] });
  writeFileSync(join(folder, 'mcp.example.pem'), cert);
  writeFileSync(join(folder, 'mcp.example.key'), key);
  const shipped = change(readFileSync(join(PROXIES, name), 'utf8'))
    .replaceAll('/etc/ssl/', `${folder}/`)
    .replaceAll(/server gateway-\d:/g, 'server 127.0.0.1:')
    .replace(/listen (?:443|12008)/, `listen 127.0.0.1:${await freePort()}`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join('\n');
  const file = join(folder, name);
  writeFileSync(file, `pid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${temporary}\n${shipped}}\n`);
  return file;
}

describe.each(['nginx.conf', 'nginx-replicas.conf', 'nginx-compose.conf'])('%s', (name) => {
  test('nginx takes it, and not with a word that it does not know', async ({ skip }) => {
    const nginx = findTool('nginx', 'the Debian package is nginx-light');
    if (nginx === undefined) return skip();
    const check = (file: string) => runTool(nginx, ['-t', '-p', folder, '-e', 'stderr', '-c', file]);
    expect(check(await nginxFile(name))).toMatchObject({ status: 0, said: expect.stringContaining('test is successful') });
    expect(check(await nginxFile(name, (text) => text.replace('proxy_buffering', 'proxy_buffers_none')))).toMatchObject({ status: 1, said: expect.stringContaining('unknown directive') });
  });
});

test('Caddy takes its file, and makes of it a proxy that neither buffers nor tries again', ({ skip }) => {
  const caddy = findTool('caddy');
  if (caddy === undefined) return skip();
  const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const file = join(PROXIES, 'Caddyfile');
  expect(runTool(caddy, ['validate', '--adapter', 'caddyfile', '--config', file], env)).toMatchObject({ status: 0, said: expect.stringContaining('Valid configuration') });
  const { stdout } = runTool(caddy, ['adapt', '--adapter', 'caddyfile', '--config', file], env);
  expect(stdout).toContain('"flush_interval":-1');
  expect(stdout).not.toMatch(/"retries":[1-9]|"try_duration"/);
  const broken = join(folder, 'Caddyfile');
  writeFileSync(broken, readFileSync(file, 'utf8').replace('flush_interval', 'flush_never'));
  expect(runTool(caddy, ['validate', '--adapter', 'caddyfile', '--config', broken], env).status).toBe(1);
});

test('Caddy passes an event on while the answer goes on, and does not send a request again that was cut off', async ({ skip }) => {
  const caddy = findTool('caddy');
  if (caddy === undefined) return skip();
  const asked: string[] = [];
  const held: ServerResponse[] = [];
  const upstream = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/cut') request.socket.destroy();
    else held.push(response.writeHead(200, { 'content-type': 'text/event-stream' }));
    held.at(-1)?.write('data: first\n\n');
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const port = await freePort();
  const file = join(folder, 'Caddyfile.stream');
  const shipped = readFileSync(join(PROXIES, 'Caddyfile'), 'utf8');
  writeFileSync(file, `{\n\tadmin off\n\tauto_https off\n}\n${shipped.replace('mcp.example {', `http://127.0.0.1:${port} {`).replace('127.0.0.1:12008', `127.0.0.1:${(upstream.address() as AddressInfo).port}`)}`);
  const server = spawn(caddy, ['run', '--adapter', 'caddyfile', '--config', file], { stdio: 'ignore', env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } });
  try {
    await untilListening(port, 'Caddy', 20_000);
    const answer = await fetch(`http://127.0.0.1:${port}/metamcp/dev/mcp`, { method: 'POST', body: '{}' });
    const reader = answer.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: first\n\n');
    held[0]?.end('data: last\n\n');
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: last\n\n');
    expect((await fetch(`http://127.0.0.1:${port}/cut`, { method: 'POST', body: '{}' })).status).toBe(502);
    expect(asked).toEqual(['/metamcp/dev/mcp', '/cut']);
  } finally {
    const ended = once(server, 'close');
    server.kill('SIGKILL');
    await ended;
    upstream.closeAllConnections();
    upstream.close();
  }
}, 60_000);

test('Traefik’s file names a service that it has, gives answers on at once, and has no middleware that tries again', () => {
  process.stderr.write('not run: Traefik has no command that checks a dynamic configuration, so its file is held against what is documented\n');
  const { http, ...others } = parse(readFileSync(join(PROXIES, 'traefik.yaml'), 'utf8')) as { http: { routers: Record<string, object>; services: Record<string, object> } };
  expect(others).toEqual({});
  expect(Object.keys(http).toSorted()).toEqual(['routers', 'services']);
  expect(http.routers).toEqual({ metamcp: { rule: 'Host(`mcp.example`)', entryPoints: ['websecure'], service: 'metamcp', tls: {} } });
  expect(http.services).toEqual({ metamcp: { loadBalancer: { servers: [{ url: 'http://127.0.0.1:12008' }], responseForwarding: { flushInterval: '1ms' } } } });
});

test('systemd finds nothing to complain of in the unit, and does in one with a word that it does not know', ({ skip }) => {
  const analyze = findTool('systemd-analyze', 'the Debian package is systemd');
  if (analyze === undefined) return skip();
  const unit = readFileSync(join(ROOT, 'deploy/systemd/metamcp.service'), 'utf8');
  expect(unit).toContain('ExecStart=/usr/bin/node /opt/metamcp/bin/metamcp.js serve\n');
  // The program must be there for the check.
  const check = (name: string, text: string) => {
    mkdirSync(join(folder, name));
    const file = join(folder, name, 'metamcp.service');
    writeFileSync(file, text.replace('/usr/bin/node', process.execPath));
    return runTool(analyze, ['verify', '--man=no', '--recursive-errors=no', file]);
  };
  expect(check('unit', unit)).toMatchObject({ status: 0, said: '' });
  expect(check('broken', unit.replace('NoNewPrivileges=', 'NoNewPriviledges='))).toMatchObject({ said: expect.stringContaining("Unknown key 'NoNewPriviledges'") });
});

test('the dev container is one by its own command line, and has the Node that the gateway needs', ({ skip }) => {
  const devcontainer = findTool('devcontainer');
  if (devcontainer === undefined) return skip();
  // It asks an engine which containers there are; there are none.
  const { status, stdout, said } = runTool(devcontainer, ['read-configuration', '--workspace-folder', ROOT, '--docker-path', '/bin/true']);
  expect([status, status === 0 ? '' : said]).toEqual([0, '']);
  const { configuration } = JSON.parse(stdout) as { configuration: { image: string; forwardPorts: readonly number[]; postCreateCommand: string } };
  expect(configuration).toMatchObject({ image: expect.stringMatching(/javascript-node:24-bookworm$/), forwardPorts: [12_008], postCreateCommand: 'npm ci --ignore-scripts' });
});
