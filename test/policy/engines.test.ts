/**
 * The embedded engine and a real Open Policy Agent decide one table alike. OPA is taken from OPA_BINARY, TEST_OPA or the PATH; where
 * there is none its part is skipped, visibly.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { PolicyConfigSchema } from '../../src/model/policy-config.ts';
import { compilePolicy } from '../../src/policy/compile-policy.ts';
import { createEmbeddedEngine } from '../../src/policy/engine.ts';
import { createOpaEngine, type PostJson } from '../../src/policy/opa-engine.ts';
import { PolicyCasesSchema, toFacts } from '../../src/model/policy-case.ts';
import { testPolicy } from '../../src/policy/replay.ts';

const read = (name: string): unknown => parse(readFileSync(new URL(name, import.meta.url), 'utf8'));
const { cases } = PolicyCasesSchema.parse(read('cases.yaml'));
const compiled = compilePolicy({ policies: [{ name: 'policy', config: PolicyConfigSchema.parse(read('policy.yaml')) }], fallback: 'allow', risks: {} });
if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
const { policy } = compiled;

test('the table has 60 cases and the embedded engine decides each as it says', () => {
  expect(cases).toHaveLength(60);
  const report = testPolicy(policy, cases);
  expect(report.outcomes.filter((outcome) => !outcome.isPassed)).toEqual([]);
  expect(report.rulesUntried).toEqual([]);
});

const command = process.env['OPA_BINARY'] ?? process.env['TEST_OPA'] ?? 'opa';
const hasOpa = spawnSync(command, ['version']).status === 0;
if (!hasOpa) process.stderr.write('skipped: no opa (OPA_BINARY, TEST_OPA or PATH)\n');

describe.skipIf(!hasOpa)('Open Policy Agent', () => {
  const folder = mkdtempSync(join(tmpdir(), 'opa-'));
  const socketPath = join(folder, 'opa.sock');
  let server: ChildProcess | undefined;
  const post: PostJson = (url, body, timeoutMs) => postOver(socketPath, { url, body, timeoutMs });

  beforeAll(async () => {
    server = spawn(
      command,
      ['run', '--server', '--addr', `unix://${socketPath}`, '--log-level', 'error', '--skip-version-check', new URL('decision.rego', import.meta.url).pathname],
      { stdio: 'inherit' },
    );
    await vi.waitFor(() => post('http://opa/v1/data/metamcp/decision', '{}', 1_000), { timeout: 20_000 });
  });

  afterAll(() => {
    server?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  // The deadline in use is 50 ms; a machine that runs many tests at once may need more.
  const opa = createOpaEngine({ url: 'http://opa', path: 'metamcp/decision', post, timeoutMs: 10_000 });

  test('decides all 60 cases like the embedded engine', async () => {
    const embedded = createEmbeddedEngine(policy);
    for (const tried of cases) {
      const facts = toFacts(tried);
      const [own, other] = await Promise.all([embedded.decide(facts), opa.decide(facts)]);
      expect({ name: tried.name, effect: other.effect }).toEqual({ name: tried.name, effect: own.effect });
    }
  });

  test('claimed labels narrow there too', async () => {
    const facts = { ...toFacts(cases.find((tried) => tried.name === 'staff delete') ?? (cases[0] as never)), claimed: { agent: 'coder' } };
    expect((await opa.decide(facts)).effect).toBe('deny');
  });

  test('once it is gone, everything is denied', async () => {
    server?.kill('SIGKILL');
    await expect.poll(() => server?.signalCode, { timeout: 5_000 }).toBe('SIGKILL');
    for (const tried of cases) expect((await opa.decide(toFacts(tried))).isAllowed).toBe(false);
  });
});

function postOver(
  socketPath: string,
  { url, body, timeoutMs }: { readonly url: string; readonly body: string; readonly timeoutMs: number },
): ReturnType<PostJson> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath, path: new URL(url).pathname, method: 'POST', headers: { 'content-type': 'application/json' }, timeout: timeoutMs },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('timeout'))).on('error', reject);
    sent.end(body);
  });
}
