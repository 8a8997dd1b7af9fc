/** Runs the official conformance suite, against a server's address or around a client, and says what passes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A frozen list of scenarios that a revision requires, run on the wire of that revision. */
export type Requirements = '2025-11-25' | '2026-07-28';

export interface SuiteOptions {
  readonly url: string;
  readonly requirements: Requirements;
  /** Of one scenario. */
  readonly timeoutMs: number;
}

export interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'INFO' | 'SKIPPED';
  readonly errorMessage?: string;
}

export interface SuiteOutcome {
  /** Scored scenarios, in the suite's order. */
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** Scenarios that are run but not required: extensions, and what is too new. */
  readonly notScored: { readonly passed: readonly string[]; readonly failed: readonly string[] };
  /** What each scenario checked, by scenario. */
  readonly checks: ReadonlyMap<string, readonly Check[]>;
}

const SUITE = fileURLToPath(new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url));
const OUTPUT_CHARS_MAX = 1 << 20;

/** Rejects when the suite itself could not run: an unknown scenario list, an address nobody answers at. */
export async function runServerSuite(options: SuiteOptions): Promise<SuiteOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'));
  try {
    const { url, requirements, timeoutMs } = options;
    const output = await run(['server', '--url', url, '--requirements', requirements, '--timeout', String(timeoutMs), '-o', folder]);
    return readSummary(output, await readChecks(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface ClientScenario {
  /** Started by the suite, with the address of its server as last argument. */
  readonly command: string;
  readonly scenario: string;
  readonly revision: string;
}

/** Lets the suite judge a client; resolves with what it checked. Rejects when the suite could not run. */
export async function runClientScenario({ command, scenario, revision }: ClientScenario): Promise<readonly Check[]> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'));
  try {
    const output = await run(['client', '--command', command, '--scenario', scenario, '--spec-version', revision, '-o', folder]);
    for (const name of await readdir(folder, { recursive: true })) {
      if (name.endsWith('checks.json')) return JSON.parse(await readFile(join(folder, name), 'utf8')) as Check[];
    }
    throw new Error(`The conformance suite did not run: ${output.slice(-2000)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [SUITE, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-OUTPUT_CHARS_MAX);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  await once(child, 'close');
  return output;
}

function readSummary(output: string, checks: ReadonlyMap<string, readonly Check[]>): SuiteOutcome {
  const summary = output.slice(Math.max(0, output.lastIndexOf('=== SUMMARY ===')));
  const rows = [...summary.matchAll(/^([✓✗]) ([\w./-]+): \d+ passed, \d+ failed/gmu)];
  if (rows.length === 0) throw new Error(`The conformance suite did not run: ${output.slice(-2000)}`);
  const optional = new Set([...summary.matchAll(/^ {2}[✓✗] ([\w./-]+) \(/gmu)].map((match) => match[1]));
  const names = (mark: string, isOptional: boolean): string[] =>
    rows.flatMap(([, sign, name]) => (sign === mark && name !== undefined && optional.has(name) === isOptional ? [name] : []));
  return {
    passed: names('✓', false),
    failed: names('✗', false),
    notScored: { passed: names('✓', true), failed: names('✗', true) },
    checks,
  };
}

/** A scenario's folder is called `server-<scenario>-<time>`. */
async function readChecks(folder: string): Promise<Map<string, readonly Check[]>> {
  const checks = new Map<string, readonly Check[]>();
  for (const name of (await readdir(folder)).toSorted()) {
    const scenario = /^server-(.+?)-\d{4}-\d\d-\d\dT/.exec(name)?.[1];
    if (scenario === undefined) continue;
    checks.set(scenario, JSON.parse(await readFile(join(folder, name, 'checks.json'), 'utf8')) as Check[]);
  }
  return checks;
}
