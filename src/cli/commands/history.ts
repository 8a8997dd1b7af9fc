import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { formatTable, plainBlock, printJson, printLines } from '../print.ts';
import { Refusal } from '../refusal.ts';
import { printApplied } from './apply.ts';

const LIMIT = 20;

/** `metamcp history`: newest first. */
export async function history(invocation: Invocation): Promise<number> {
  const { flag, has, host } = invocation;
  const limit = flag('limit');
  const { items } = await (await openAdminClient(invocation)).listConfigVersions(limit === undefined ? LIMIT : toNumber(limit));
  if (has('json')) printJson(host, { versions: items });
  else
    printLines(
      host,
      formatTable(
        ['VERSION', 'WHEN', 'WHO', 'WHY'],
        items.map((version) => [String(version.number), version.at, version.author, version.reason]),
      ),
    );
  return 0;
}

/** `metamcp diff N M`. */
export async function diff(invocation: Invocation): Promise<number> {
  const { has, host } = invocation;
  const words = { name: 'diff', usage: 'N M' };
  const plan = await (await openAdminClient(invocation)).diffConfig(toNumber(getWord(invocation, 0, words)), toNumber(getWord(invocation, 1, words)));
  if (has('json')) printJson(host, plan);
  else printLines(host, [plainBlock(plan.text)]);
  return 0;
}

/** `metamcp rollback N`. */
export async function rollback(invocation: Invocation): Promise<number> {
  const { flag, has, host } = invocation;
  const number = toNumber(getWord(invocation, 0, { name: 'rollback', usage: 'N' }));
  const dryRun = has('dry-run');
  const { version, keys, ...plan } = await (await openAdminClient(invocation)).rollbackConfig({ number, reason: flag('reason') ?? '', dryRun });
  printApplied(dryRun ? plan : { ...plan, version, keys }, { host, isJson: has('json') });
  return 0;
}

function toNumber(word: string): number {
  if (/^[1-9]\d{0,8}$/.test(word)) return Number(word);
  throw new Refusal(`${JSON.stringify(word)} is no number of a version.`, 'Take one from: metamcp history');
}
