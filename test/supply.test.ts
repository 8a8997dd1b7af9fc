/** Where the code of others comes from, and that what is known to be broken in it is not used. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = dirname(import.meta.dirname);

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
}

const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { readonly packages: Readonly<Record<string, Locked>> };
const locked = Object.entries(packages).filter(([path]) => path !== '');
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** First versions without a published hole: CVE-2025-66414, CVE-2026-0621 and CVE-2026-25536 for the first. */
const FLOORS: Readonly<Record<string, string>> = {
  '@modelcontextprotocol/sdk': '1.26.0',
  '@modelcontextprotocol/client': '2.0.0',
  '@modelcontextprotocol/server': '2.0.0',
};

function isAtLeast(version: string, floor: string): boolean {
  const [own, least] = [version, floor].map((text) => text.split('-')[0]?.split('.').map(Number) ?? []);
  const at = [0, 1, 2].find((index) => own?.[index] !== least?.[index]);
  return at === undefined || (own?.[at] ?? 0) > (least?.[at] ?? 0);
}

test.each(Object.entries(FLOORS))('[OP-01] no copy of %s is older than %s', (name, floor) => {
  const copies = locked.filter(([path]) => nameOf(path) === name);
  expect(copies.length).toBeGreaterThan(0);
  expect(copies.filter(([, { version }]) => !isAtLeast(version ?? '', floor))).toEqual([]);
});

test('[OP-02] each package is known by its digest, and installed as the lock file says, without scripts of its own', () => {
  expect(locked.filter(([, { integrity, link }]) => link !== true && integrity?.startsWith('sha512-') !== true).map(([path]) => path)).toEqual([]);
  const installs = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').split('\n').filter((line) => /\bnpm (ci|i|install|add)\b/.test(line));
  expect(installs.length).toBeGreaterThan(0);
  for (const line of installs) expect(line).toMatch(/npm ci --ignore-scripts/);
});

test('[OP-02] a bill of materials comes from the lock file alone, with every package that the program uses', () => {
  // Not with --omit dev: npm then leaves out what packages for development need as well.
  const text = execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--offline'], { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 << 20 });
  const { bomFormat, components } = JSON.parse(text) as { readonly bomFormat: string; readonly components: readonly { readonly name: string; readonly version: string; readonly hashes?: readonly object[] }[] };
  expect(bomFormat).toBe('CycloneDX');
  const own = Object.keys((JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly dependencies: object }).dependencies);
  const named = new Set(components.map(({ name }) => name));
  expect(own.filter((name) => !named.has(name))).toEqual([]);
  expect(components.filter(({ hashes }) => hashes === undefined || hashes.length === 0)).toEqual([]);
});
