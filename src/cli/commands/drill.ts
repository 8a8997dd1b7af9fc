import type { DrillReport } from '../../contract/servers.ts';
import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { formatTable, plain, printJson, printLines } from '../print.ts';
import { withProgress } from '../progress.ts';
import { Refusal } from '../refusal.ts';

/** `metamcp drill`: a server goes away on purpose. Succeeds where it came back and nobody else was harmed. */
export async function drill(invocation: Invocation): Promise<number> {
  const { flag, has, host } = invocation;
  const name = getWord(invocation, 0, { name: 'drill', usage: 'SERVER' });
  const seconds = Number(flag('seconds') ?? '10');
  if (!(seconds >= 1 && seconds <= 300)) throw new Refusal(`${JSON.stringify(flag('seconds'))} is no time for a drill.`, 'Write a number of seconds from 1 to 300.');
  const admin = await openAdminClient(invocation);
  const report = await withProgress(host, `${name} is out for ${seconds} s`, () => admin.drillServer(name, seconds));
  if (has('json')) printJson(host, report);
  else printLines(host, describe(report));
  return report.recoveredAfterMs === null || report.others.failed > 0 ? 1 : 0;
}

function describe({ server, outSeconds, recoveredAfterMs, calls, outcomes, clients, others }: DrillReport): readonly string[] {
  const back = recoveredAfterMs === null ? 'It is NOT back.' : `It was back after ${Math.round(recoveredAfterMs)} ms.`;
  return [
    `${server} was out for ${outSeconds} s. ${back}`,
    calls === 0 ? 'No client asked for it meanwhile.' : `${calls} requests for it ended meanwhile:`,
    ...(calls === 0 ? [] : formatTable(['OUTCOME', 'CALLS', 'SLOWEST'], outcomes.map((one) => [one.outcome, String(one.calls), `${Math.round(one.slowestMs)} ms`]))),
    ...(clients.length === 0 ? [] : ['', ...formatTable(['CLIENT', 'ENDPOINT', 'CALLS', 'FAILED'], clients.map((one) => [plain(one.principal), one.endpoint, String(one.calls), String(one.failed)]))]),
    '',
    `Other servers: ${others.calls} requests, ${others.failed} failed, the slowest took ${Math.round(others.slowestMs)} ms.`,
  ];
}
