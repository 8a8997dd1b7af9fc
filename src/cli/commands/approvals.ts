import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { cut, formatTable, plain, printJson, printLines } from '../print.ts';
import { Refusal } from '../refusal.ts';

const ARGUMENTS_SHOWN_CHARS = 60;

/** `metamcp approvals`: calls that wait for a person, and deciding them. */
export async function approvals(invocation: Invocation): Promise<number> {
  const { words, has, flag, host } = invocation;
  const [verb = 'list'] = words;
  if (verb === 'list') return list(invocation);
  if (verb !== 'approve' && verb !== 'deny') throw new Refusal(`metamcp approvals cannot ${JSON.stringify(verb)}.`, 'It can: list, approve ID, deny ID --reason TEXT');
  const id = getWord(invocation, 1, { name: `approvals ${verb}`, usage: 'ID' });
  const reason = flag('reason');
  if (verb === 'deny' && reason === undefined) throw new Refusal('metamcp approvals deny needs --reason TEXT.', 'Whoever called is told it.');
  const admin = await openAdminClient(invocation);
  const decided = verb === 'approve' ? await admin.approveCall(id, reason === undefined ? {} : { note: reason }) : await admin.denyCall(id, { reason: reason ?? '' });
  if (has('json')) printJson(host, decided);
  else printLines(host, [plain(`${decided.state}: ${decided.server}/${decided.name} for ${decided.principal.name}, until ${decided.expiresAt}`)]);
  return 0;
}

async function list(invocation: Invocation): Promise<number> {
  const { has, flag, host } = invocation;
  const { items } = await (await openAdminClient(invocation)).listApprovals(flag('state') ?? 'pending');
  if (has('json')) printJson(host, { approvals: items });
  else if (items.length === 0) printLines(host, ['Nothing waits for a decision.']);
  else {
    const rows = items.map(({ id, state, principal, server, name, arguments: given, expiresAt }) => [id, state, principal.name, `${server}/${name}`, cut(JSON.stringify(given), ARGUMENTS_SHOWN_CHARS), expiresAt]);
    printLines(host, formatTable(['ID', 'STATE', 'WHO', 'CALL', 'ARGUMENTS', 'UNTIL'], rows));
  }
  return 0;
}
