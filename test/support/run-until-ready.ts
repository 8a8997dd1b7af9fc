/** A command line that starts a gateway: run until it says that it is ready, then told to end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const READY_TIMEOUT_MS = 60_000;

export interface RunOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Resolves with its exit code and all that it said. */
export async function runUntilReady(command: string, options: RunOptions): Promise<{ readonly code: number | null; readonly words: string }> {
  // The program in place of the shell, so that the exit code is the program's: `A=b npm start` as `A=b exec npm start`.
  const replaced = command.replace(/^(?:\w+=(?:'[^']*'|\S*)\s+)*/, '$&exec ');
  const child = spawn('/bin/sh', ['-c', replaced], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: string[] = [];
  let isTold = false;
  const end = (): void => {
    if (!isTold) isTold = child.kill('SIGTERM');
  };
  const deadline = setTimeout(end, READY_TIMEOUT_MS);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      chunks.push(text);
      if (chunks.join('').includes('Stop it:')) end();
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(deadline);
  return { code, words: chunks.join('') };
}
