/**
 * What the documents tell people to do, done: blocks marked `sh run` run in order against a gateway on its first start,
 * blocks marked `yaml check` are checked as configuration files.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS } from '../src/base/fault.ts';
import { randomKey } from './support/random-key.ts';
import { MAIN } from './support/program.ts';
import { type RunningGateway, runMetamcp, startGateway } from './support/start-gateway.ts';

const ROOT = dirname(import.meta.dirname);
const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs/guides')).map((name) => `docs/guides/${name}`)];

interface Block {
  readonly title: string;
  readonly text: string;
}

function blocksOf(page: string, mark: string): Block[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```([^\n]+)\n(.*?)^```$/gms)]
    .filter((match) => match[1] === mark)
    .map((match, index) => ({ title: `${page} ${index + 1}`, text: match[2] ?? '' }));
}

const folder = mkdtempSync(join(tmpdir(), 'metamcp-docs-'));
const environment = { LAPTOP_KEY: randomKey(), SEARCH_TOKEN: 'of-the-search-server' };
let gateway: RunningGateway;

beforeAll(async () => {
  writeFileSync(join(folder, 'metamcp'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`, { mode: 0o755 });
  const [example] = blocksOf('docs/guides/configuration.md', 'yaml check');
  writeFileSync(join(folder, 'metamcp.yaml'), example?.text ?? '');
  gateway = await startGateway({ env: environment });
});

afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(PAGES)('%s', (page) => {
  test.each(blocksOf(page, 'yaml check'))('configuration $title is valid', async ({ title, text }) => {
    const file = join(folder, `${title.replaceAll(/\W/g, '-')}.yaml`);
    writeFileSync(file, text);
    const { code, stdout, stderr } = await runMetamcp(['config', 'check', file], environment);
    expect([code, stdout + stderr]).toEqual([0, expect.not.stringContaining('expected') as unknown]);
  });

  test.each(blocksOf(page, 'sh run'))('commands $title end well', { timeout: 120_000 }, ({ text }) => {
    const env = { ...process.env, ...environment, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`, METAMCP_DATA: gateway.data, HOME: folder };
    for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
      const { status, stderr } = spawnSync('/bin/sh', ['-e', '-c', line], { cwd: folder, env, encoding: 'utf8', timeout: 60_000 });
      expect([status, status === 0 ? '' : stderr], line).toEqual([0, '']);
    }
  });

  test('has blocks that are run or are marked for nothing that is known', () => {
    const marks = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```(\S.*)$/gm)].map((match) => match[1]);
    expect(marks.filter((mark) => !['sh', 'sh run', 'yaml check', 'json', 'js', 'dockerfile'].includes(mark ?? ''))).toEqual([]);
  });
});

test('every fault code has a section in the page of failure modes, and no section is without a code', () => {
  const sections = [...readFileSync(join(ROOT, 'docs/failure-modes.md'), 'utf8').matchAll(/^### `([^`]+)`$/gm)].map((match) => match[1]);
  expect(sections.toSorted()).toEqual(Object.keys(FAULTS).toSorted());
});

test('the tree of AGENTS.md captions every room of the sources and nothing else', () => {
  const tree = readFileSync(join(ROOT, 'AGENTS.md'), 'utf8').split('```')[1] ?? '';
  const captioned = [...tree.matchAll(/^ {2}([a-z-]+)\/ /gm)].map((match) => match[1]);
  const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(captioned.toSorted()).toEqual(rooms.map(({ name }) => name).toSorted());
});
