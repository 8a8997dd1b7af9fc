import type { ServerState } from '../../contract/servers.ts';
import type { AdminClient } from '../admin-client.ts';
import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { nearest } from '../nearest.ts';
import { cut, formatTable, plain, printJson, printLines } from '../print.ts';
import { withProgress } from '../progress.ts';
import { Refusal } from '../refusal.ts';
import { stderrLines } from '../server-stderr.ts';

const VERBS = { restart: 'Restarting', resync: 'Reading the lists of' } as const;

/** `metamcp servers`: all, one with its stderr, or one restarted or resynced. */
export async function servers(invocation: Invocation): Promise<number> {
  const { words, has, host } = invocation;
  const admin = await openAdminClient(invocation);
  const [first] = words;
  if (first === 'restart' || first === 'resync') {
    const name = getWord(invocation, 1, { name: `servers ${first}`, usage: 'NAME' });
    await withProgress(host, `${VERBS[first]} ${name}`, () => (first === 'restart' ? admin.restartServer(name) : admin.resyncServer(name)));
    const state = await getServer(admin, name);
    if (has('json')) printJson(host, state);
    else printLines(host, [`${name}: ${state.status}`]);
    return state.status === 'failed' ? 1 : 0;
  }
  if (first !== undefined) {
    const state = await getServer(admin, first);
    if (has('json')) printJson(host, state);
    else printLines(host, describe(state));
    return 0;
  }
  const { items } = await admin.listServers();
  if (has('json')) printJson(host, { servers: items });
  else
    printLines(
      host,
      formatTable(['SERVER', 'TYPE', 'STATUS', 'TOOLS', 'PROMPTS', 'RESOURCES', 'HANDSHAKE', 'REVISION', 'RESTARTS', 'LAST ERROR'], items.map(toRow)),
    );
  return 0;
}

function toRow(state: ServerState): readonly string[] {
  const handshake = state.handshakeMs === null ? '' : `${Math.round(state.handshakeMs)} ms`;
  const counts = [state.tools, state.prompts, state.resources].map((count) => String(count ?? '?'));
  return [state.name, state.type, state.status, ...counts, handshake, state.revision ?? '', String(state.restarts), cut(plain(state.lastError ?? ''), 60)];
}

function describe(state: ServerState): readonly string[] {
  const facts: readonly (readonly [string, unknown])[] = [
    ['type', state.type],
    ['status', `${state.status} since ${state.since}`],
    ['process', state.pid],
    ['revision', state.revision],
    ['isolation', `${state.isolation.effective} (${state.isolation.reason})`],
    ['connections', state.connections],
    ['restarts', state.restarts],
    ['offers', `${state.tools ?? '?'} tools, ${state.prompts ?? '?'} prompts, ${state.resources ?? '?'} resources`],
    ['last error', state.lastError],
  ];
  const shown = facts.filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => `${name.padEnd(12)} ${plain(String(value))}`);
  const tail = stderrLines(state);
  return [state.name, ...shown, ...state.warnings.map((warning) => `warning      ${plain(warning)}`), ...(tail.length === 0 ? [] : ['', 'stderr:', ...tail])];
}

async function getServer(admin: AdminClient, name: string): Promise<ServerState> {
  const { items } = await admin.listServers();
  const state = items.find((candidate) => candidate.name === name);
  if (state !== undefined) return state;
  const near = nearest(
    name,
    items.map((candidate) => candidate.name),
  );
  throw new Refusal(
    `There is no server ${JSON.stringify(name)}.`,
    near === undefined ? 'See what there is with: metamcp servers' : `Did you mean: metamcp servers ${near}?`,
  );
}
