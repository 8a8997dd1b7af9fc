import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import type { PolicyExplanation, PolicyReplay, PolicyTest } from '../../contract/policies.ts';
import { parseCallArguments } from '../call-arguments.ts';
import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { formatTable, plain, printJson, printLines } from '../print.ts';
import { Refusal } from '../refusal.ts';
import { isRecord } from '../stdio/message.ts';

type Verb = (invocation: Invocation) => Promise<number>;

const VERBS: Readonly<Record<string, Verb>> = { test: testFile, replay, explain, templates, shadow };
const DAY_MS = 86_400_000;
const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS };

/** `metamcp policy`: try policies before they count. */
export async function policy(invocation: Invocation): Promise<number> {
  const verb = getWord(invocation, 0, { name: 'policy', usage: 'test FILE | replay | explain TOOL | templates | shadow' });
  const run = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (run === undefined) throw new Refusal(`metamcp policy cannot ${JSON.stringify(verb)}.`, `It can: ${Object.keys(VERBS).join(', ')}`);
  return run(invocation);
}

/** Exit code 1 where a case got another decision than it should. */
async function testFile(invocation: Invocation): Promise<number> {
  const { host, has, flag } = invocation;
  const file = await readYaml(getWord(invocation, 1, { name: 'policy test', usage: 'FILE' }), invocation);
  const namespace = flag('namespace');
  const report = await (await openAdminClient(invocation)).testPolicies({ ...file, ...(namespace !== undefined && { namespace }) });
  if (has('json')) printJson(host, report);
  else printLines(host, [...report.outcomes.filter((outcome) => !outcome.isPassed).map(failureLine), ...report.rulesUntried.map((rule) => `not tried: ${rule}`), `${report.passed} passed, ${report.failed} failed`]);
  return report.failed === 0 ? 0 : 1;
}

function failureLine({ name, expected, actual }: PolicyTest['outcomes'][number]): string {
  const wanted = expected.rule === undefined ? expected.effect : `${expected.effect} by ${expected.rule}`;
  return plain(`FAILED ${name}: expected ${wanted}, got ${actual.effect} by ${actual.rule}`);
}

async function replay(invocation: Invocation): Promise<number> {
  const { host, has, flag } = invocation;
  const since = new Date(host.clock.nowMs() - spanOf(flag('since') ?? '7d')).toISOString();
  const draft = flag('policy');
  const policies = draft === undefined ? {} : policiesOf(await readYaml(draft, invocation), draft);
  const namespace = flag('namespace');
  const report = await (await openAdminClient(invocation)).replayPolicy({ since, policies, ...(namespace !== undefined && { namespace }) });
  if (has('json')) printJson(host, report);
  else printReplay(invocation, report);
  return 0;
}

function printReplay({ host }: Invocation, { total, inexact, isWhole, changes, differences }: PolicyReplay): void {
  const rows = differences.map(({ at, principal, server, name, before, after }) => [at, principal, `${server}/${name}`, `${before.effect} (${before.rule})`, `${after.effect} (${after.rule})`]);
  if (rows.length > 0) printLines(host, formatTable(['AT', 'PRINCIPAL', 'CALL', 'THEN', 'NOW'], rows));
  const counts = Object.entries(changes).map(([change, count]) => `${count} ${change}`);
  if (inexact > 0) printLines(host, [`Of ${inexact} calls the arguments were not kept whole: rules about arguments may have decided them otherwise.`]);
  printLines(host, [`${total} calls${isWhole ? '' : ' (there are more)'}, ${counts.length === 0 ? 'nothing would change' : counts.join(', ')}`]);
}

async function explain(invocation: Invocation): Promise<number> {
  const { host, has, flag, words } = invocation;
  const name = getWord(invocation, 1, { name: 'policy explain', usage: 'SERVER__TOOL [ARGUMENTS | NAME=VALUE …]' });
  const given = await parseCallArguments(words.slice(2), undefined, host);
  const key = flag('as');
  const explanation = await (await openAdminClient(invocation)).explainPolicy({ endpoint: flag('endpoint') ?? 'default', name, arguments: given, ...(key !== undefined && { key }) });
  if (has('json')) printJson(host, explanation);
  else printLines(host, explanationLines(explanation));
  return 0;
}

function explanationLines({ effect, rule, reason, isHidden, risk, shadow, engine, rules }: PolicyExplanation): string[] {
  const rows = rules.map((one) => [one.outcome === 'matched' ? '*' : '', one.rule, one.effect, String(one.priority), one.isShadow ? 'shadow' : '', one.because ?? 'all of it holds']);
  return [
    plain(`${effect} by ${rule}${reason === null ? '' : `: ${reason}`}${isHidden ? ' (hidden: lists leave it out)' : ''}; risk ${risk}`),
    ...(shadow === null ? [] : [plain(`with policies in shadow mode: ${shadow.effect} by ${shadow.rule}`)]),
    ...(engine === null ? [] : [plain(`engine: ${engine.effect} by ${engine.rule}${engine.decisionId === null ? '' : `, decision ${engine.decisionId}`}`)]),
    ...(rows.length === 0 ? [] : formatTable(['', 'RULE', 'EFFECT', 'PRIORITY', 'MODE', 'WHY'], rows)),
  ];
}

async function templates(invocation: Invocation): Promise<number> {
  const { host, has } = invocation;
  const { items } = await (await openAdminClient(invocation)).listPolicyTemplates();
  if (has('json')) printJson(host, { templates: items });
  else printLines(host, formatTable(['TEMPLATE', 'WHAT IT DOES'], items.map(({ name, description }) => [name, description])));
  return 0;
}

async function shadow(invocation: Invocation): Promise<number> {
  const { host, has } = invocation;
  const report = await (await openAdminClient(invocation)).listShadowResults();
  if (has('json')) printJson(host, report);
  else {
    const rows = report.differences.map(({ namespace, before, after, count }) => [namespace, `${before.effect} (${before.rule})`, `${after.effect} (${after.rule})`, String(count)]);
    if (rows.length > 0) printLines(host, formatTable(['NAMESPACE', 'NOW', 'WOULD BE', 'CALLS'], rows));
    printLines(host, [`${report.asked} calls were decided by policies in shadow mode too`]);
  }
  return 0;
}

async function readYaml(path: string, { host }: Invocation): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = parse(await readFile(resolve(host.workFolder, path), 'utf8'));
    if (isRecord(value)) return value;
  } catch (cause) {
    throw new Refusal(`The file ${path} cannot be read: ${(cause as Error).message}`, 'Give a file in YAML or JSON.', cause);
  }
  throw new Refusal(`The file ${path} holds no object.`, 'See: metamcp help policy');
}

/** `policies` of a configuration file, or one policy that is named after the file. */
function policiesOf(file: Readonly<Record<string, unknown>>, path: string): Readonly<Record<string, unknown>> {
  if (isRecord(file['policies'])) return file['policies'];
  const name = path.split(/[\\/]/).at(-1)?.replace(/\.\w+$/, '') ?? 'draft';
  return { [name]: file };
}

/** `90m`, `12h`, `7d` or `2w`, as milliseconds. */
function spanOf(text: string): number {
  const [, count, unit = ''] = /^(\d{1,4})([mhdw])$/.exec(text) ?? [];
  const unitMs = UNITS_MS[unit];
  if (count === undefined || unitMs === undefined) throw new Refusal(`${JSON.stringify(text)} is no time.`, 'Write one like 90m, 12h, 7d or 2w');
  return Number(count) * unitMs;
}
