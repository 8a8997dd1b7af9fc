/**
 * `npm run dev -- [OPTIONS OF serve]`: the gateway, started anew whenever a source or a built page changed, and the pages,
 * built anew whenever one of theirs did. `--no-pages` leaves the pages as they are.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, watch } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Editors and builds write several files at once. */
const SETTLED_MS = 300;
const PAGES = 'dist/ui';

const given = process.argv.slice(2);
const hasPages = !given.includes('--no-pages');
const args = given.filter((word) => word !== '--no-pages');
const stopping = new AbortController();
/** Counts changes; a start is up to date with the count it saw. */
let changes = 0;
let changed = Promise.withResolvers<void>();
let gateway: ChildProcess | undefined;

mkdirSync(PAGES, { recursive: true });
for (const folder of ['src', ...(hasPages ? [PAGES] : [])]) watch(folder, { recursive: true, signal: stopping.signal }, (_event, file) => noteChange(file ?? ''));
const builder = hasPages ? spawn(process.execPath, ['node_modules/vite/bin/vite.js', 'build', '--watch', '--logLevel', 'warn', '--config', 'ui/vite.config.ts', 'ui'], { stdio: ['ignore', 'inherit', 'inherit'] }) : undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
stopping.signal.addEventListener('abort', () => {
  builder?.kill('SIGTERM');
  changed.resolve();
});

while (!stopping.signal.aborted) {
  const seen = changes;
  gateway = spawn(process.execPath, ['src/main.ts', 'serve', ...args], { stdio: 'inherit' });
  // One that ended by itself, over a mistake for example, waits for the next change.
  if (seen === changes) await changed.promise;
  await settle();
  await end(gateway);
}

function noteChange(file: string): void {
  if (file.endsWith('.test.ts')) return;
  changes += 1;
  changed.resolve();
}

async function settle(): Promise<void> {
  for (let seen = -1; seen !== changes && !stopping.signal.aborted; ) {
    seen = changes;
    await wait(SETTLED_MS);
  }
  changed = Promise.withResolvers();
  if (stopping.signal.aborted) changed.resolve();
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
