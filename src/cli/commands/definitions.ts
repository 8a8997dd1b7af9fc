import type { Definition } from '../../contract/definitions.ts';
import { DEFINITION_KINDS } from '../../model/definition.ts';
import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { cut, formatTable, plain, printJson, printLines } from '../print.ts';
import { Refusal } from '../refusal.ts';

const SERVER_NAME = /^(.+?)__(.+)$/;

/** `metamcp definitions`: what servers say of their tools, held against what was approved; approve or reject it. */
export async function definitions(invocation: Invocation): Promise<number> {
  const [verb = 'list'] = invocation.words;
  if (verb === 'list' || verb === 'diff') return await list(invocation, verb === 'diff');
  if (verb === 'approve') return await approve(invocation);
  if (verb === 'reject') return await reject(invocation);
  throw new Refusal(`metamcp definitions cannot ${JSON.stringify(verb)}.`, 'It can: list, diff, approve [SERVER__NAME], reject SERVER__NAME');
}

async function list(invocation: Invocation, isDiff: boolean): Promise<number> {
  const { flag, has, host } = invocation;
  const { items } = await (await openAdminClient(invocation)).listDefinitions({ namespace: flag('namespace'), server: flag('server'), open: !has('all') });
  const shown = isDiff ? items.filter((item) => item.changes.length > 0) : items;
  if (has('json')) printJson(host, { definitions: shown });
  else if (shown.length === 0) printLines(host, [has('all') ? 'No server told a definition yet.' : 'Nothing waits for a decision.']);
  else printLines(host, isDiff ? shown.flatMap(differenceOf) : formatTable(['NAMESPACE', 'NAME', 'KIND', 'STATE', 'SHOWN', 'WHY'], shown.map(rowOf)));
  return 0;
}

function rowOf(item: Definition): string[] {
  return [item.namespace, `${item.server}__${item.name}`, item.kind, item.state, item.isQuarantined ? 'no' : 'yes', cut(item.reasons.join('; '), 120)];
}

/** Word by word: `[-gone-]` and `{+new+}`. The gateway spelled out what cannot be seen. */
function differenceOf({ namespace, server, name, state, reasons, changes }: Definition): string[] {
  const lines = changes.map(({ at, parts }) => `  ${plain(at)}: ${parts.map(({ kind, text }) => (kind === 'same' ? plain(text) : kind === 'added' ? `{+${plain(text)}+}` : `[-${plain(text)}-]`)).join(' ')}`);
  return [`${namespace} ${server}__${plain(name)} (${state}${reasons.length === 0 ? '' : `: ${reasons.join('; ')}`})`, ...lines];
}

async function approve(invocation: Invocation): Promise<number> {
  const { flag, has, host, words } = invocation;
  const word = words[1];
  if (word === undefined && !has('all') && flag('server') === undefined) throw new Refusal('Approve which?', 'Name it as SERVER__NAME, or write --server NAME or --all.');
  const admin = await openAdminClient(invocation);
  const { approved } = await admin.approveDefinitions({ namespace: namespaceOf(invocation), ...(word === undefined ? { server: flag('server') } : targetOf(word)) });
  if (has('json')) printJson(host, { approved });
  else printLines(host, approved.length === 0 ? ['All of that was approved before.'] : approved.map(({ server, name }) => `Approved ${server}__${plain(name)}.`));
  return 0;
}

async function reject(invocation: Invocation): Promise<number> {
  const { has, flag, host } = invocation;
  const { server, name } = targetOf(getWord(invocation, 1, { name: 'definitions reject', usage: 'SERVER__NAME' }));
  const kind = DEFINITION_KINDS.find((candidate) => candidate === flag('kind')) ?? 'tool';
  const { rejected } = await (await openAdminClient(invocation)).rejectDefinition({ namespace: namespaceOf(invocation), server, name, kind });
  if (has('json')) printJson(host, { rejected });
  else printLines(host, [`Rejected ${rejected.server}__${plain(rejected.name)}: it is neither listed nor callable until it changes.`]);
  return 0;
}

function namespaceOf({ flag }: Invocation): string {
  return flag('namespace') ?? 'default';
}

function targetOf(word: string): { readonly server: string; readonly name: string } {
  const [, server, name] = SERVER_NAME.exec(word) ?? [];
  if (server === undefined || name === undefined) throw new Refusal(`${JSON.stringify(word)} names no definition.`, 'Write SERVER__NAME, as metamcp definitions lists it.');
  return { server, name };
}
