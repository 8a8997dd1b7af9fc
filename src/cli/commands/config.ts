import { resolve } from 'node:path';
import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { formatTable, plainBlock, printJson, printLines } from '../print.ts';
import { Refusal } from '../refusal.ts';

/** `metamcp config`: what the running gateway goes by; `config check FILE` needs no gateway. */
export async function config(invocation: Invocation): Promise<number> {
  const [verb] = invocation.words;
  if (verb === 'check') return await checkFile(invocation);
  if (verb !== undefined) throw new Refusal(`metamcp config cannot ${JSON.stringify(verb)}.`, 'It can: check FILE; without a word it prints the settings');
  const { has, host } = invocation;
  const answer = await (await openAdminClient(invocation)).getConfig();
  if (has('json')) printJson(host, answer);
  else
    printLines(
      host,
      formatTable(
        ['SETTING', 'VALUE', 'SOURCE'],
        answer.settings.map((one) => [one.name, one.value ?? '-', one.source]),
      ),
    );
  for (const warning of answer.warnings) host.stderr.write(`warning: ${plainBlock(warning)}\n`);
  return 0;
}

async function checkFile(invocation: Invocation): Promise<number> {
  const { has, host } = invocation;
  const file = getWord(invocation, 1, { name: 'config check', usage: 'FILE' });
  const problems = await host.checkConfigFile(resolve(host.workFolder, file));
  if (has('json')) printJson(host, { file, ok: problems.length === 0, problems });
  else if (problems.length === 0) printLines(host, [`${file}: ok`]);
  else
    printLines(host, [
      ...problems.map(plainBlock),
      '',
      `${file}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}. Change them as said above; nothing was applied.`,
    ]);
  return problems.length === 0 ? 0 : 1;
}
