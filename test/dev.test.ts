/** `npm run dev`: the gateway comes up anew after a change, and ends with the program that watches. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

test('a source that was written starts the gateway anew; the signal that ends the watching ends the gateway', { timeout: 120_000 }, async () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const [program, ...words] = (scripts['dev'] ?? '').split(' ');
  expect(program).toBe('node');
  const data = mkdtempSync(join(tmpdir(), 'metamcp-dev-'));
  const child = spawn(process.execPath, [...words, '--port', '0', '--data', data, '--print-json'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = async (): Promise<{ readonly pid: number; readonly url: string }> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('it ended before it was ready');
      // Node says a line of its own at each start.
      if (value.startsWith('{')) return JSON.parse(value) as { pid: number; url: string };
    }
  };
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
    await ended;
    expect(() => process.kill(second.pid, 0)).toThrow('ESRCH');
  } finally {
    child.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true });
  }
});
