import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { formatTable, printJson, printLines } from '../print.ts';
import { Refusal } from '../refusal.ts';

/** `metamcp limits`: what is used of every limit and budget, and beginning one afresh. */
export async function limits(invocation: Invocation): Promise<number> {
  const { words, has, host } = invocation;
  const [verb = 'list'] = words;
  const admin = await openAdminClient(invocation);
  if (verb === 'reset') {
    const limit = getWord(invocation, 1, { name: 'limits reset', usage: 'LIMIT' });
    await admin.resetLimit({ limit });
    if (has('json')) printJson(host, { reset: limit });
    else printLines(host, [`${limit} begins afresh.`]);
    return 0;
  }
  if (verb !== 'list') throw new Refusal(`metamcp limits cannot ${JSON.stringify(verb)}.`, 'It can: list, reset LIMIT');
  const usage = await admin.listLimitUsage();
  if (has('json')) printJson(host, usage);
  else {
    const rows = usage.items.map((use) => [use.limit, use.subject, use.identity === '' ? 'everybody' : use.identity, `${round(use.used)} of ${use.max} ${use.unit}`, String(use.waiting), use.resetsAt ?? '-']);
    printLines(host, rows.length === 0 ? ['No limit is in use.'] : formatTable(['LIMIT', 'WHAT', 'WHO', 'USED', 'WAITING', 'ALL BACK AT'], rows));
    if (usage.store === 'fallback') host.stderr.write('The shared store is down: each gateway counts its share.\n');
  }
  return 0;
}

function round(amount: number): number {
  return Math.round(amount * 100) / 100;
}
