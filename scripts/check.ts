/**
 * `npm run check [-- PART…]`: everything that can be said about the sources without running them. Without a part, all
 * that belong to every change. Parts run side by side; each prints its output only where it fails.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

interface Part {
  readonly says: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Sources without which the part has nothing to look at. */
  readonly needs?: string;
  /** Only where it is named: `npm run format` mends it. */
  readonly isOnDemand?: true;
}

// Folders are always named: without paths, oxlint walks everything below the current folder.
const SOURCES = ['src', 'ui', 'test', 'scripts', 'bin', 'bench', 'vitest.config.ts'].filter((path) => existsSync(path));
const CRUISED = ['src', 'ui', 'test'].filter((path) => existsSync(path));

const PARTS: Readonly<Record<string, Part>> = {
  types: { says: 'types hold', file: 'node_modules/typescript/bin/tsc', args: ['--noEmit', '-p', '.'] },
  pages: { says: 'types of the web pages hold', file: 'node_modules/typescript/bin/tsc', args: ['--noEmit', '-p', 'ui'], needs: 'ui/tsconfig.json' },
  texts: { says: 'texts are in every language, and all of them are said', file: 'scripts/check-texts.ts', args: [], needs: 'ui/texts/en.ts' },
  imports: {
    says: 'imports follow the matrix',
    file: 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    args: ['--config', '.dependency-cruiser.mjs', ...CRUISED],
  },
  lint: { says: 'lint finds nothing', file: 'node_modules/oxlint/bin/oxlint', args: ['--type-aware', '--deny-warnings', ...SOURCES] },
  dead: { says: 'no dead file, export or package', file: 'node_modules/knip/bin/knip.js', args: ['--no-config-hints'], needs: 'src/main.ts' },
  docs: { says: 'documents name only what exists', file: 'scripts/check-docs.ts', args: [] },
  format: {
    says: 'formatted',
    file: 'node_modules/@biomejs/biome/bin/biome',
    args: ['check', '--diagnostic-level=error', '--max-diagnostics=20', ...SOURCES],
    isOnDemand: true,
  },
};

interface Ended {
  readonly name: string;
  readonly isGood: boolean;
  readonly output: string;
  readonly seconds: string;
}

function run(name: string, part: Part): Promise<Ended> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(process.cwd(), part.file), ...part.args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const end = (isGood: boolean, output: string): void => resolve({ name, isGood, output, seconds: ((performance.now() - startedMs) / 1000).toFixed(1) });
    child.once('error', (error) => end(false, error.message));
    child.once('close', (code) => end(code === 0, plain(Buffer.concat(chunks).toString('utf8'))));
  });
}

/** Not every tool heeds NO_COLOR. */
function plain(text: string): string {
  return process.env['NO_COLOR'] === undefined && process.stdout.isTTY ? text : stripVTControlCharacters(text);
}

async function main(names: readonly string[]): Promise<boolean> {
  const unknown = names.filter((name) => PARTS[name] === undefined);
  if (unknown.length > 0) {
    console.error(`unknown part: ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);
    return false;
  }
  const chosen = Object.entries(PARTS).filter(([name, part]) => (names.length === 0 ? part.isOnDemand !== true : names.includes(name)));
  const runs = chosen.map(async ([name, part]) => {
    if (part.needs !== undefined && !existsSync(part.needs)) {
      console.log(`skipped  ${name}: there is no ${part.needs}`);
      return true;
    }
    const ended = await run(name, part);
    if (!ended.isGood) console.log(ended.output.trimEnd());
    console.log(`${ended.isGood ? 'ok' : 'FAILED'}  ${name}: ${part.says} (${ended.seconds} s)`);
    return ended.isGood;
  });
  return (await Promise.all(runs)).every(Boolean);
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
