import { EXPORT_FORMATS } from '../../contract/config.ts';
import type { Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { nearest } from '../nearest.ts';
import { printJson } from '../print.ts';
import { Refusal } from '../refusal.ts';

/** `metamcp export`: the file alone on stdout; which secrets it needs elsewhere on stderr. */
export async function exportFile(invocation: Invocation): Promise<number> {
  const { flag, has, host } = invocation;
  const format = flag('format') ?? 'yaml';
  if (!(EXPORT_FORMATS as readonly string[]).includes(format)) {
    throw new Refusal(`There is no format ${JSON.stringify(format)}.`, `Did you mean ${nearest(format, EXPORT_FORMATS) ?? 'yaml'}? There are: ${EXPORT_FORMATS.join(', ')}`);
  }
  const answer = await (await openAdminClient(invocation)).exportConfig({ format, namespace: flag('namespace') });
  if (has('json')) {
    printJson(host, answer);
    return 0;
  }
  host.stdout.write(answer.text);
  if (answer.variables.length > 0) host.stderr.write(`Set these where it is used, they stand for secrets: ${answer.variables.join(', ')}\n`);
  return 0;
}
