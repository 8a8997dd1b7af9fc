import type { Endpoint } from '../../contract/endpoints.ts';
import type { ServerState } from '../../contract/servers.ts';
import type { Invocation } from '../command.ts';
import { type Diagnosis, diagnose } from '../diagnosis.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { cut, formatTable, plain, printJson, printLines } from '../print.ts';
import { withProgress } from '../progress.ts';
import { Refusal } from '../refusal.ts';
import { stderrLines } from '../server-stderr.ts';

const STDERR_LINES_SHOWN = 5;

/** `metamcp doctor`: every server, what is wrong and what to do; exit code 0 only when nothing is. */
export async function doctor(invocation: Invocation): Promise<number> {
  const { words, host } = invocation;
  if (words[0] === 'call') return await (await import('./doctor-call.ts')).doctorCall(invocation);
  if (words[0] !== undefined)
    throw new Refusal(`metamcp doctor cannot ${JSON.stringify(words[0])}.`, 'It can: call TOOL; without a word it checks every server');
  const admin = await openAdminClient(invocation);
  const startMs = host.clock.monotonicMs();
  const { items } = await withProgress(host, 'Asking the gateway', () => admin.listServers());
  const adminMs = Math.round(host.clock.monotonicMs() - startMs);
  const collisions = (await admin.listEndpoints()).items.flatMap((endpoint) => endpoint.collisions.map((collision) => ({ endpoint: endpoint.name, ...collision })));
  const checked = items.map((state) => ({ state, diagnosis: diagnose(state, host.env) }));
  const isWell = checked.every(({ diagnosis }) => diagnosis.isHealthy);
  if (invocation.has('json')) printJson(host, { ok: isWell, adminMs, collisions, servers: checked.map(({ state, diagnosis }) => ({ ...state, ...diagnosis })) });
  else {
    printReport(invocation, checked, adminMs);
    printLines(host, collisions.flatMap(collisionLines));
  }
  return isWell ? 0 : 1;
}

/** Nothing is broken by a collision, so it leaves the exit code alone; but somebody may be looking for what it hides. */
function collisionLines({ endpoint, kind, exposed, kept, hidden }: Endpoint['collisions'][number] & { readonly endpoint: string }): readonly string[] {
  const isReachable = kind === 'resource';
  const advice = isReachable ? `That of ${hidden} has an address of ours in the list.` : `Prefix the names of its namespace, or rename one of them there.`;
  return ['', `endpoint ${endpoint}: the ${kind} ${plain(exposed)} of ${kept} hides that of ${hidden}`, `  → ${advice}`];
}

interface Checked {
  readonly state: ServerState;
  readonly diagnosis: Diagnosis;
}

function printReport({ host }: Invocation, checked: readonly Checked[], adminMs: number): void {
  printLines(host, [
    `gateway: answers in ${adminMs} ms, ${checked.length} servers`,
    '',
    ...formatTable(
      ['SERVER', 'START', 'HANDSHAKE', 'LIST', 'LATENCY'],
      checked.map(({ state }) => toRow(state)),
    ),
  ]);
  const ill = checked.filter(({ diagnosis }) => !diagnosis.isHealthy);
  for (const { state, diagnosis } of ill) {
    const tail = stderrLines(state)
      .slice(-STDERR_LINES_SHOWN)
      .map((line) => `    | ${cut(line, 160)}`);
    printLines(host, ['', `${state.name}: ${plain(diagnosis.problem ?? state.status)}`, ...tail, ...diagnosis.advice.map((advice) => `  → ${advice}`)]);
  }
  printLines(host, ['', ill.length === 0 ? 'Everything is well.' : `${ill.length} of ${checked.length} servers need attention.`]);
}

/** How far each came: a step that was not reached is a dash. */
function toRow(state: ServerState): readonly string[] {
  const isUp = state.status === 'ready' || state.status === 'degraded';
  const hasStarted = isUp || state.pid !== null;
  const mark = (isDone: boolean): string => (isDone ? 'ok' : state.status === 'connecting' ? '…' : 'failed');
  const lists = `${state.tools ?? '?'} tools, ${state.prompts ?? '?'} prompts, ${state.resources ?? '?'} resources`;
  return [
    state.name,
    mark(hasStarted),
    hasStarted ? mark(isUp) : '-',
    isUp ? lists : '-',
    state.handshakeMs === null ? '-' : `${Math.round(state.handshakeMs)} ms`,
  ];
}
