/** A real nginx with the configuration that is shipped for replicas; only addresses, ports and TLS are the test's. Undefined, with a line that says so, where there is none. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, untilListening } from './free-port.ts';

export interface TestNginx {
  readonly url: string;
  /** Other gateways, in a new configuration; connections that are open stay with the old one. */
  readonly reload: (ports: readonly number[]) => void;
  readonly stop: () => Promise<void>;
}

const SHIPPED = fileURLToPath(new URL('../../deploy/proxies/nginx-replicas.conf', import.meta.url));
const READY_TIMEOUT_MS = 10_000;

export async function startNginx(ports: readonly number[]): Promise<TestNginx | undefined> {
  const command = ['nginx', '/usr/sbin/nginx'].find((name) => spawnSync(name, ['-v']).status === 0);
  if (command === undefined) {
    process.stderr.write('skipped: no nginx\n');
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'metamcp-nginx-'));
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, configurationOf(folder, port, ports));
  const server = spawn(command, ['-p', folder, '-c', file, '-e', join(folder, 'error.log')], { stdio: 'ignore' });
  await untilListening(port, 'nginx', READY_TIMEOUT_MS);
  return {
    url: `http://127.0.0.1:${port}`,
    reload: (changed) => {
      writeFileSync(file, configurationOf(folder, port, changed));
      server.kill('SIGHUP');
    },
    stop: async () => {
      const ended = once(server, 'close');
      server.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configurationOf(folder: string, port: number, ports: readonly number[]): string {
  const shipped = readFileSync(SHIPPED, 'utf8')
    .replaceAll(/^ *server 10\.0\.0\.\d+:12008;\n/gm, '')
    .replace('upstream metamcp {', `upstream metamcp {\n${ports.map((one) => `  server 127.0.0.1:${one};`).join('\n')}`)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    .replaceAll(/^ *ssl_.*\n/gm, '');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n');
  return `daemon off;\nworker_processes 1;\npid ${folder}/pid;\nerror_log ${folder}/error.log;\nevents { worker_connections 8192; }\nhttp {\naccess_log off;\n${temporary}\n${shipped}}\n`;
}
