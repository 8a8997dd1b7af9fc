import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { formatTable, printJson, printLines } from '../print.ts';
import { Refusal } from '../refusal.ts';

/** `metamcp keys`: list, create, revoke. A value is shown once, on creation, alone on stdout. */
export async function keys(invocation: Invocation): Promise<number> {
  const [verb = 'list'] = invocation.words;
  if (verb === 'list') return await listKeys(invocation);
  if (verb === 'create') return await createKey(invocation);
  if (verb === 'revoke') return await revokeKey(invocation);
  throw new Refusal(`metamcp keys cannot ${JSON.stringify(verb)}.`, 'It can: list, create NAME, revoke ID');
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
  const { has, flag, host } = invocation;
  const name = getWord(invocation, 1, { name: 'keys create', usage: 'NAME' });
  const endpoints = flag('endpoints')
    ?.split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  const expires = flag('expires');
  const made = await (await openAdminClient(invocation)).createKey({
    name,
    ...(endpoints && { endpoints }),
    ...(expires !== undefined && { expiresAt: toMoment(expires) }),
  });
  if (has('json')) printJson(host, made);
  else {
    host.stderr.write(`Key ${made.id} (${made.name}); it is shown this once:\n`);
    printLines(host, [made.value]);
  }
  return 0;
}

async function revokeKey(invocation: Invocation): Promise<number> {
  const { has, host } = invocation;
  const word = getWord(invocation, 1, { name: 'keys revoke', usage: 'ID' });
  const admin = await openAdminClient(invocation);
  const { items } = await admin.listKeys();
  const named = items.filter((key) => key.id === word || (key.name === word && key.revokedAt === null));
  const key = named.find((candidate) => candidate.id === word) ?? (named.length === 1 ? named[0] : undefined);
  if (key === undefined)
    throw new Refusal(
      named.length > 1 ? `Several keys are named ${JSON.stringify(word)}.` : `There is no key ${JSON.stringify(word)}.`,
      'Take its id from: metamcp keys',
    );
  await admin.revokeKey(key.id);
  if (has('json')) printJson(host, { revoked: key.id });
  else printLines(host, [`Revoked ${key.id} (${key.name}).`]);
  return 0;
}

function toMoment(text: string): string {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) throw new Refusal(`${JSON.stringify(text)} is not a date.`, 'Write one like 2027-01-31 or 2027-01-31T12:00:00Z');
  return moment.toISOString();
}
