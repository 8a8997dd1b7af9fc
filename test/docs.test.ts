/**
 * What the documents tell people to do, done, in the order of the page. The word behind the language of a block says how:
 * `sh run` against a gateway on its first start, `sh start` as programs that come up and are ended again, `sh env` as the
 * settings of an identity provider, `yaml check` as a configuration file, `yaml policy` as cases of a policy, `json import`
 * as another program's file, with what is said of it in the `text warnings` below. Pages of clients and of identity
 * providers have tests of their own for the rest.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { FAULTS } from '../src/base/fault.ts';
import { checkConfigFile } from '../src/serve-command.ts';
import { blocksOf, type DocumentBlock, marksOf } from './support/document-blocks.ts';
import { randomKey } from './support/random-key.ts';
import { MAIN } from './support/program.ts';
import { runUntilReady } from './support/run-until-ready.ts';
import { type RunningGateway, runMetamcp, startGateway } from './support/start-gateway.ts';

const ROOT = dirname(import.meta.dirname);
const GUIDES = readdirSync(join(ROOT, 'docs/guides'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
const PAGES = ['README.md', 'docs/scaling.md', ...GUIDES.toSorted().map((name) => `docs/guides/${name}`)];
/** `json`, `js`, `yaml` and `dockerfile` alone show what stands in files of clients, of other programs and of users. */
const MARKS = ['sh run', 'sh start', 'sh env', 'sh snippet', 'yaml check', 'yaml policy', 'yaml snippet', 'yaml', 'json', 'json snippet', 'json claims', 'json import', 'text snippet', 'text warnings', 'js', 'dockerfile'];
/** A line of a block that is the run which this test is part of. */
const THIS_RUN = /^npm test\b/;

const folder = mkdtempSync(join(tmpdir(), 'metamcp-docs-'));
const environment = { LAPTOP_KEY: randomKey(), SEARCH_TOKEN: 'of-the-search-server' };
let gateway: RunningGateway;

beforeAll(async () => {
  const program = `exec "${process.execPath}" "${MAIN}"`;
  writeFileSync(join(folder, 'metamcp'), `#!/bin/sh\n${program} "$@"\n`, { mode: 0o755 });
  // What `npm start` is, with the Node of this run and without building pages: package.json says the same.
  writeFileSync(join(folder, 'npm'), `#!/bin/sh\n[ "$1" = start ] || { echo "npm $1 is not run here" >&2; exit 1; }\nshift; [ "$1" = -- ] && shift\n${program} serve "$@"\n`, { mode: 0o755 });
  const [example] = blocksOf('docs/guides/configuration.md', 'yaml check');
  writeFileSync(join(folder, 'metamcp.yaml'), example?.text ?? '');
  writeFileSync(join(folder, 'claude_desktop_config.json'), JSON.stringify({ mcpServers: { notes: { command: process.execPath, args: [join(ROOT, 'src/sample/server.ts')] } } }));
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  gateway = await startGateway({ env: environment });
  // Where a gateway that was started in this folder would have it.
  symlinkSync(gateway.data, join(folder, '.metamcp'));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

function environmentOf(more: Readonly<Record<string, string>> = {}): Record<string, string | undefined> {
  return { ...process.env, ...environment, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`, HOME: folder, XDG_CONFIG_HOME: undefined, ...more };
}

function write(title: string, ending: string, text: string): string {
  const file = join(folder, `${title.replaceAll(/\W/g, '-')}.${ending}`);
  writeFileSync(file, text);
  return file;
}

/** The commands of a block: comments gone, continued lines joined. */
function commandsOf({ text }: DocumentBlock): string[] {
  return text.replaceAll(/\\\n\s*/g, ' ').split('\n').map((line) => line.replace(/\s+#.*$/, '').trim()).filter((line) => line !== '' && !THIS_RUN.test(line));
}

describe.each(PAGES)('%s', (page) => {
  // What `metamcp config check FILE` does, without a process for each; the commands of the pages run that too.
  test.each(blocksOf(page, 'yaml check'))('configuration $title is valid', async ({ title, text }) => {
    expect(await checkConfigFile(write(title, 'yaml', text))).toEqual([]);
  });

  test.each(blocksOf(page, 'yaml policy'))('the policy $title decides as its cases say, each of its rules in one of them', async ({ title, text }) => {
    const { code, stdout, stderr } = await runMetamcp(['policy', 'test', write(title, 'yaml', text), '--data', gateway.data]);
    expect([code, stdout, stderr]).toEqual([0, expect.stringMatching(/^[1-9]\d* passed, 0 failed\n$/), '']);
  });

  test.each(blocksOf(page, 'json import'))('the file $title of another program is read, with what is said of it', async ({ text, rest, next }) => {
    const file = join(mkdtempSync(join(folder, 'import-')), rest);
    writeFileSync(file, text);
    const { code, stdout, stderr } = await runMetamcp(['import', file, '--dry-run', '--data', gateway.data]);
    const warnings = stderr.split('\n').filter((line) => line.startsWith('warning: ')).map((line) => line.slice('warning: '.length));
    expect([code, stdout]).toEqual([0, expect.stringContaining('servers')]);
    expect(warnings).toEqual(next?.mark === 'text warnings' ? next.text.trimEnd().split('\n') : []);
  });

  test.each(blocksOf(page, 'sh run'))('commands $title end well', { timeout: 120_000 }, (block) => {
    for (const line of commandsOf(block)) {
      const { status, stderr } = spawnSync('/bin/sh', ['-e', '-c', line], { cwd: folder, env: environmentOf({ METAMCP_DATA: gateway.data }), encoding: 'utf8', timeout: 60_000 });
      expect([status, status === 0 ? '' : stderr], line).toEqual([0, '']);
    }
  });

  test.each(blocksOf(page, 'sh start'))('what $title starts comes up and ends when it is told to', { timeout: 120_000 }, async (block) => {
    for (const line of commandsOf(block)) {
      // Nothing is sent to services of others.
      const command = line.replaceAll(/https:\/\/[^/\s]+/g, 'http://127.0.0.1:9');
      const { code, words } = await runUntilReady(command, { cwd: folder, env: environmentOf({ METAMCP_PORT: '0', METAMCP_DATA: mkdtempSync(join(folder, 'data-')) }) });
      expect([code, words], line).toEqual([0, expect.stringContaining('MetaMCP is ready')]);
    }
  });

  test('has no block of which nobody knows whether it is right', () => {
    expect(marksOf(page).filter((mark) => !MARKS.includes(mark))).toEqual([]);
  });
});

test('what stands for npm start in these tests is what npm start does', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  expect(scripts['start']).toBe('node bin/metamcp.js serve');
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
