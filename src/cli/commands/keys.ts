import type { Key } from '../../contract/keys.ts';
import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { formatTable, printJson, printLines } from '../print.ts';
import { Refusal } from '../refusal.ts';

/** `metamcp keys`: list, create, rotate, revoke. A value is shown once, when it is made, alone on stdout. */
export async function keys(invocation: Invocation): Promise<number> {
  const [verb = 'list'] = invocation.words;
  if (verb === 'list') return await listKeys(invocation);
  if (verb === 'create') return await createKey(invocation);
  if (verb === 'rotate') return await rotateKey(invocation);
  if (verb === 'revoke') return await revokeKey(invocation);
  throw new Refusal(`metamcp keys cannot ${JSON.stringify(verb)}.`, 'It can: list, create NAME, rotate ID, revoke ID');
}

async function listKeys(invocation: Invocation): Promise<number> {
  const { has, host } = invocation;
  const { items } = await (await openAdminClient(invocation)).listKeys();
  if (has('json')) printJson(host, { keys: items });
  else {
    const rows = items.map((key) => [
      key.id,
      key.name,
      key.endpoints.includes('*') ? 'all' : key.endpoints.join(','),
      key.createdAt ?? '-',
      key.revokedAt === null ? (key.expiresAt ?? 'never') : `revoked ${key.revokedAt}`,
      key.lastUsedAt ?? 'never',
      key.source,
    ]);
    printLines(host, formatTable(['ID', 'NAME', 'ENDPOINTS', 'CREATED', 'EXPIRES', 'LAST USED', 'SOURCE'], rows));
  }
  return 0;
}

async function createKey(invocation: Invocation): Promise<number> {
  const { flag } = invocation;
  const name = getWord(invocation, 1, { name: 'keys create', usage: 'NAME' });
  const [endpoints, namespaces, tools] = ['endpoints', 'namespaces', 'tools'].map((list) => toList(flag(list)));
  const expires = flag('expires');
  const made = await (await openAdminClient(invocation)).createKey({
    name,
    ...(endpoints && { endpoints }),
    ...(namespaces && { namespaces }),
    ...(tools && { tools }),
    ...(expires !== undefined && { expiresAt: toMoment(expires) }),
  });
  return showMade(made, invocation);
}

async function rotateKey(invocation: Invocation): Promise<number> {
  const overlap = invocation.flag('overlap') ?? '86400';
  if (!/^\d{1,7}$/.test(overlap)) throw new Refusal(`${JSON.stringify(overlap)} is no number of seconds.`, 'Write for example --overlap 3600');
  const admin = await openAdminClient(invocation);
  const key = findKey((await admin.listKeys()).items, getWord(invocation, 1, { name: 'keys rotate', usage: 'ID' }));
  return showMade(await admin.rotateKey(key.id, Number(overlap)), invocation);
}

function showMade(made: Key & { readonly value: string }, { has, host }: Invocation): number {
  if (has('json')) printJson(host, made);
  else {
    host.stderr.write(`Key ${made.id} (${made.name}); it is shown this once:\n`);
    printLines(host, [made.value]);
  }
  return 0;
}

function toList(text: string | undefined): string[] | undefined {
  return text
    ?.split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

async function revokeKey(invocation: Invocation): Promise<number> {
  const { has, host } = invocation;
  const word = getWord(invocation, 1, { name: 'keys revoke', usage: 'ID' });
  const admin = await openAdminClient(invocation);
  const key = findKey((await admin.listKeys()).items, word);
  await admin.revokeKey(key.id);
  if (has('json')) printJson(host, { revoked: key.id });
  else printLines(host, [`Revoked ${key.id} (${key.name}).`]);
  return 0;
}

/** By its id, or by its name where that says which. */
function findKey(items: readonly Key[], word: string): Key {
  const named = items.filter((key) => key.id === word || (key.name === word && key.revokedAt === null));
  const key = named.find((candidate) => candidate.id === word) ?? (named.length === 1 ? named[0] : undefined);
  if (key === undefined)
    throw new Refusal(
      named.length > 1 ? `Several keys are named ${JSON.stringify(word)}.` : `There is no key ${JSON.stringify(word)}.`,
      'Take its id from: metamcp keys',
    );
  return key;
}

function toMoment(text: string): string {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) throw new Refusal(`${JSON.stringify(text)} is not a date.`, 'Write one like 2027-01-31 or 2027-01-31T12:00:00Z');
  return moment.toISOString();
}
