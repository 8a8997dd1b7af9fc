/**
 * The rules of the house bite: the matrix of imports is proven by planting violations in a copy, sizes hold, and the
 * list of faults agrees with its document.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findLies, listDocuments } from '../scripts/check-docs.ts';
import { FAULTS } from '../src/base/fault.ts';

const ROOT = dirname(import.meta.dirname);
const CRUISER = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');

interface Cruise {
  readonly violations: readonly { readonly from: string; readonly rule: string }[];
  readonly sources: readonly string[];
}

function cruise(folder: string): Cruise {
  const ended = spawnSync(process.execPath, [CRUISER, '--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'src'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const { modules, summary } = JSON.parse(ended.stdout) as {
    modules: { source: string }[];
    summary: { violations: { from: string; rule: { name: string } }[] };
  };
  return {
    sources: modules.map((module) => module.source).filter((source) => /^src\/.*\.ts$/.test(source)),
    violations: summary.violations.map((violation) => ({ from: violation.from, rule: violation.rule.name })),
  };
}

function listSources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`);
}

/** Each plant: the file it makes, what stands in it, and the rule that must name it. */
const PLANTS: readonly (readonly [file: string, text: string, rule: string])[] = [
  ['src/base/planted.ts', "import '../protocol/messages.ts';", 'base-imports'],
  ['src/protocol/planted.ts', "import '../model/server.ts';", 'protocol-imports'],
  ['src/policy/planted.ts', "import '../snapshot/snapshot.ts';", 'policy-imports'],
  ['src/upstream/planted.ts', "import '../snapshot/snapshot.ts';", 'upstream-imports'],
  ['src/data-plane/planted.ts', "import '../storage/planted.ts';", 'data-plane-imports'],
  ['src/storage/planted.ts', "import '../upstream/upstream.ts';", 'storage-imports'],
  ['src/control-plane/planted.ts', "import '../upstream/link.ts';", 'control-plane-imports'],
  ['src/cli/planted.ts', "import '../data-plane/planted.ts';", 'cli-imports'],
  ['src/model/planted.ts', "import 'node:fs';", 'pure'],
  ['src/snapshot/planted.ts', "import 'node:http';", 'pure'],
  ['src/base/planted-cycle.ts', "import './planted-other.ts';", 'no-cycle'],
  ['src/data-plane/admit.ts', "import './decode.ts';", 'stages-are-strangers'],
  ['src/upstream/stdio/planted.ts', "import '../http/planted.ts';", 'siblings-are-strangers'],
  ['src/upstream/http/planted.ts', "import 'node:child_process';", 'only-node:child_process'],
  ['src/auth/planted.ts', "import 'undici';", 'only-undici'],
  ['src/audit/planted.ts', "import '../gateway.ts';", 'wiring-is-the-top'],
  ['src/observability/planted.ts', "import '../../test/planted.ts';", 'no-test-code-in-source'],
  ['src/middleware/planted.ts', "import 'fast-check';", 'no-dev-package-in-source'],
  ['src/search/planted.ts', "import './is-not-there.ts';", 'resolvable'],
  ['src/workflows/planted.ts', "import '../sample/planted.ts';", 'sample-is-a-process'],
  ['src/planted-room/planted.ts', "import '../base/clock.ts';", 'known-room'],
  ['src/base/planted-orphan.ts', 'export const nobody = 1;', 'no-orphan'],
];

/** What the plants import, where the tree does not hold it yet. */
const SOIL: readonly (readonly [file: string, text: string])[] = [
  ['src/gateway.ts', 'export const soil = 1;'],
  ['src/sample/planted.ts', 'export const soil = 1;'],
  ['test/planted.ts', 'export const soil = 1;'],
  ['src/base/planted-other.ts', "import './planted-cycle.ts';"],
];

describe('the import matrix', () => {
  let copy: string;
  let planted: Cruise;

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'metamcp-matrix-'));
    cpSync(join(ROOT, 'src'), join(copy, 'src'), { recursive: true });
    for (const file of ['package.json', 'tsconfig.json', '.dependency-cruiser.mjs']) cpSync(join(ROOT, file), join(copy, file));
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    for (const [file, text] of SOIL) if (!existsSync(join(copy, file))) write(join(copy, file), `${text}\n`);
    for (const [file, text] of PLANTS) {
      const path = join(copy, file);
      write(path, existsSync(path) ? `${text}\n${readFileSync(path, 'utf8')}` : `${text}\nexport {};\n`);
    }
    planted = cruise(copy);
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  test.each(PLANTS)('catches what is planted in %s', (file, _text, rule) => {
    expect(planted.violations).toContainEqual({ from: file, rule });
  });

  test('reads every source file, so that its silence means something', () => {
    const { sources } = cruise(ROOT);
    expect(sources.toSorted()).toEqual(listSources('src').toSorted());
  });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

describe('sizes', () => {
  const lengths = listSources('src')
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => ({ path, lines: readFileSync(join(ROOT, path), 'utf8').split('\n').length }));

  test('no source file is longer than 450 lines with its comments', () => {
    expect(lengths.filter(({ lines }) => lines > 450)).toEqual([]);
  });

  test('base holds at most 800 lines, since everything stands on it', () => {
    const total = lengths.filter(({ path }) => path.startsWith('src/base/')).reduce((sum, { lines }) => sum + lines, 0);
    expect(total).toBeLessThanOrEqual(800);
  });

  test('no file is a barrel or has a name that says nothing', () => {
    const empty = lengths.filter(({ path }) => /\/(?:index|utils?|helpers?|common|types|misc|shared)\.ts$/.test(path));
    expect(empty).toEqual([]);
  });
});

describe('documents', () => {
  test('have one section for each fault code and none for another', () => {
    const sections = [...readFileSync(join(ROOT, 'docs/failure-modes.md'), 'utf8').matchAll(/^### `([a-z_.]+)`$/gm)].map((match) => match[1]);
    expect(sections.toSorted()).toEqual(Object.keys(FAULTS).toSorted());
  });

  test('name only paths, codes, scripts and commands that exist', () => {
    expect(findLies(listDocuments())).toEqual([]);
  });
});

test('[ST-13] nothing here unpacks an archive: packages come through npm and image runtimes, which do', () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: Readonly<Record<string, string>> };
  expect(Object.keys(dependencies).filter((name) => /\b(?:tar|zip|unzip\w*|yauzl|fflate|pako|decompress|archiver)\b/.test(name))).toEqual([]);
  const unpacking = listSources('src').filter((path) => !path.endsWith('.test.ts') && /\b(?:create)?(?:gunzip|unzip|inflate|inflateRaw|brotliDecompress|zstdDecompress)(?:Sync)?\b|\bDecompressionStream\b/i.test(readFileSync(join(ROOT, path), 'utf8')));
  expect(unpacking).toEqual([]);
});
