import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { AuditRecord } from '../../contract/audit.ts';
import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { cut, formatTable, printJson, printLines } from '../print.ts';
import { Refusal } from '../refusal.ts';

const FILTERS = ['principal', 'key', 'endpoint', 'server', 'tool', 'outcome', 'decision', 'kind', 'call'] as const;
const LIMIT = '20';

/** `metamcp audit`: search, export, verify. `verify` succeeds only where nothing is wrong. */
export async function audit(invocation: Invocation): Promise<number> {
  const verb = getWord(invocation, 0, { name: 'audit', usage: 'search | export | verify' });
  if (verb === 'search') return await search(invocation);
  if (verb === 'export') return await exportRecords(invocation);
  if (verb === 'verify') return await verify(invocation);
  throw new Refusal(`metamcp audit cannot ${JSON.stringify(verb)}.`, 'It can: search, export, verify');
}

async function search(invocation: Invocation): Promise<number> {
  const { flag, has, host } = invocation;
  const found = await (await openAdminClient(invocation)).listAudit({ ...filterOf(invocation), limit: flag('limit') ?? LIMIT });
  if (has('json')) printJson(host, found);
  else printLines(host, formatTable(['AT', 'KIND', 'PRINCIPAL', 'ENDPOINT', 'WHAT', 'OUTCOME', 'MS', 'ID'], found.items.map(toRow)));
  return 0;
}

function toRow(record: AuditRecord): string[] {
  const called = record.server === null ? (record.method ?? '') : `${record.server}: ${record.tool ?? record.method ?? ''}`;
  const what = record.action === null ? called : `${record.action} ${record.subject ?? ''}`;
  const outcome = [record.outcome ?? '', record.decision?.effect === 'deny' ? `(${record.decision.rule})` : ''].filter((part) => part !== '').join(' ');
  return [record.at, record.kind, record.principal?.name ?? '-', record.endpoint ?? '-', cut(what, 60), outcome, record.durationMs === null ? '' : record.durationMs.toFixed(1), record.callId ?? ''];
}

async function exportRecords(invocation: Invocation): Promise<number> {
  const { flag, host } = invocation;
  const chunks = await (await openAdminClient(invocation)).exportAudit({ ...filterOf(invocation), format: flag('format') ?? 'jsonl' });
  for await (const chunk of chunks) if (!host.stdout.write(chunk)) await new Promise((drained) => host.stdout.once('drain', drained));
  return 0;
}

async function verify(invocation: Invocation): Promise<number> {
  const { flag, has, host } = invocation;
  const file = flag('public-key');
  const publicKey = file === undefined ? undefined : await readKey(resolve(host.workFolder, file));
  const { from, to } = filterOf(invocation);
  const report = await (await openAdminClient(invocation)).verifyAudit({ from, to, publicKey });
  if (has('json')) printJson(host, report);
  else {
    const span = report.firstAt === null ? '' : `, from ${report.firstAt} to ${report.lastAt ?? report.firstAt}`;
    printLines(host, [
      `${report.records} records and ${report.checkpoints} checkpoints checked${span}`,
      `${report.intents} calls sent: ${report.outcomes} with outcome, ${report.unknown} unknown`,
      ...(report.unverifiedWriters === 0 ? [] : [`The signatures of ${report.unverifiedWriters} gateways were not checked: their keys are not known here.`]),
      ...(report.isIntact ? ['The record is intact.'] : [`THE RECORD IS NOT INTACT (${report.findings.length} findings):`]),
      ...report.findings.map(({ kind, writer, seq, message }) => `  ${kind}${seq === null ? '' : ` at ${writer ?? ''}#${seq}`}: ${message}`),
    ]);
  }
  return report.isIntact ? 0 : 1;
}

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Refusal(`${path} cannot be read.`, 'Give the file of the public key: --public-key FILE', cause);
  }
}

function filterOf({ flag }: Invocation): Readonly<Record<string, string>> {
  const given: Record<string, string> = {};
  for (const name of FILTERS) {
    const value = flag(name);
    if (value !== undefined) given[name] = value;
  }
  for (const name of ['from', 'to']) {
    const value = flag(name);
    if (value !== undefined) given[name] = toMoment(value);
  }
  return given;
}

function toMoment(text: string): string {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) throw new Refusal(`${JSON.stringify(text)} is not a date.`, 'Write one like 2027-01-31 or 2027-01-31T12:00:00Z');
  return moment.toISOString();
}
