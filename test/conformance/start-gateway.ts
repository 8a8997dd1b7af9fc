/** Starts the real gateway as a child process with a configuration of the test's, on a free port and in a folder of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MAIN } from '../support/program.ts';

export interface RunningGateway {
  /** Without a slash at the end. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}


/** Resolves once the gateway says that it is ready; rejects with its last words when it ends before. */
export async function startGateway(config: object): Promise<RunningGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'metamcp-test-'));
  const path = join(folder, 'metamcp.json');
  await writeFile(path, JSON.stringify(config));
  const args = [MAIN, 'serve', '--config', path, '--data', join(folder, 'data'), '--port', '0', '--print-json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(-4000);
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  const failed = exited.then(async () => {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`The gateway ended before it was ready: ${words}`);
  });
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), failed])) as [string];
  failed.catch(() => undefined);
  const { url, pid } = JSON.parse(line) as { url: string; pid: number };
  return { url: url.replace(/\/$/, ''), pid, stop };
}
