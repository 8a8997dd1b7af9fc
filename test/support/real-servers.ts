/** The reference servers of the protocol, started as their packages say. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';

const PACKAGES = new URL('../../node_modules/@modelcontextprotocol/', import.meta.url);

/** The command of a reference server, e.g. `everything`, to be started by whoever speaks stdio to it. */
export function referenceServer(
  name: 'everything' | 'filesystem' | 'memory' | 'sequential-thinking',
  ...args: readonly string[]
): { command: string; args: string[] } {
  return { command: process.execPath, args: [fileURLToPath(new URL(`server-${name}/dist/index.js`, PACKAGES)), ...args] };
}

export interface RunningServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** `server-everything` over HTTP, of either kind, on a free port. */
export async function startEverything(kind: 'streamableHttp' | 'sse'): Promise<RunningServer> {
  const port = await freePort();
  const { command, args } = referenceServer('everything', kind);
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PORT: String(port) } });
  await said(child, /(listening|running) on port/);
  const exited = once(child, 'exit');
  return {
    url: `http://127.0.0.1:${port}/${kind === 'sse' ? 'sse' : 'mcp'}`,
    stop: async () => {
      // It waits for open streams after SIGTERM; nothing here is worth waiting for.
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function said(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (pattern.test(text)) resolve();
    });
    child.once('exit', () => reject(new Error(`the server ended: ${text}`)));
  });
}
