/** `npm run dev`: the gateway comes up anew after a change, and ends with the program that watches. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

test('a source that was written starts the gateway anew; the signal that ends the watching ends the gateway', { timeout: 60_000 }, async () => {
  const data = mkdtempSync(join(tmpdir(), 'metamcp-dev-'));
  const child = spawn(process.execPath, ['scripts/dev.ts', '--no-pages', '--port', '0', '--data', data, '--print-json'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = async () => JSON.parse((await lines.next()).value ?? '{}') as { pid: number; url: string };
  try {
    const first = await ready();
    expect((await fetch(`${first.url}/health`)).status).toBe(200);
    // Its content stays; that it was written is what counts.
    const now = new Date();
    utimesSync(join(ROOT, 'src/main.ts'), now, now);
    const second = await ready();
    expect(second.pid).not.toBe(first.pid);
    expect((await fetch(`${second.url}/health`)).status).toBe(200);
    expect(() => process.kill(first.pid, 0)).toThrow('ESRCH');
    child.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
    expect(() => process.kill(second.pid, 0)).toThrow('ESRCH');
  } finally {
    child.kill('SIGKILL');
    await ended;
    rmSync(data, { recursive: true, force: true });
  }
});
