import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { GATEWAY_FILE } from '../../contract/gateway-file.ts';
import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { type CliHost, variable } from '../host.ts';
import { withMcpClient } from '../mcp-client.ts';
import { printLines } from '../print.ts';
import { withProgress } from '../progress.ts';
import { Refusal } from '../refusal.ts';
import { printApplied } from './apply.ts';

/** One call that must work before a configuration goes on. */
const FlowSchema = z.strictObject({
  endpoint: z.string().optional(),
  tool: z.string(),
  arguments: z.record(z.string(), z.unknown()).default({}),
  /** A text that the result must hold. */
  expect: z.string().optional(),
});
const FlowsSchema = z.array(FlowSchema).min(1);
type Flow = z.infer<typeof FlowSchema>;

/** `metamcp promote FROM TO --test FLOWS`: the calls run at FROM; one that fails, and TO stays as it is. */
export async function promote(invocation: Invocation): Promise<number> {
  const { flag, has, host } = invocation;
  const words = { name: 'promote', usage: 'FROM TO --test FLOWS' };
  const from = environmentOf(getWord(invocation, 0, words), invocation);
  const to = environmentOf(getWord(invocation, 1, words), invocation);
  const flows = await readFlows(flag('test'), host);
  for (const flow of flows) {
    await withProgress(host, `Calling ${flow.tool}`, () => runFlow(flow, from));
    if (!has('json')) printLines(host, [`ok: ${flow.tool}${flow.endpoint === undefined ? '' : ` at ${flow.endpoint}`}`]);
  }
  const { text } = await (await openAdminClient(from)).exportConfig({ format: 'yaml' });
  const name = getWord(invocation, 0, words);
  const file = { text, name: 'metamcp.yaml', source: `promoted from ${name}`, mode: 'apply' } as const;
  const admin = await openAdminClient(to);
  const answer = has('dry-run') ? await admin.planConfig(file) : await admin.applyConfig({ ...file, reason: flag('reason') ?? `promoted from ${name}` });
  printApplied(answer, { host, isJson: has('json') });
  return 0;
}

/**
 * A gateway by address, by the name of an environment (`staging`: METAMCP_STAGING_URL, _TOKEN and _KEY), or by its data
 * folder. Returned as an invocation for that gateway alone.
 */
function environmentOf(word: string, invocation: Invocation): Invocation {
  const { host } = invocation;
  const prefix = `METAMCP_${word.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`;
  const url = /^https?:\/\//.test(word) ? word : variable(host, `${prefix}_URL`);
  const others = { ...host.env, METAMCP_URL: undefined, METAMCP_DATA: undefined };
  const env =
    url === undefined
      ? { ...others, METAMCP_TOKEN: undefined, METAMCP_KEY: undefined, API_ACCESS_TOKEN: undefined, METAMCP_DATA: folderOf(word, prefix, host) }
      : { ...others, METAMCP_URL: url, METAMCP_TOKEN: variable(host, `${prefix}_TOKEN`, 'METAMCP_TOKEN'), METAMCP_KEY: variable(host, `${prefix}_KEY`, 'METAMCP_KEY') };
  return { words: [], flag: () => undefined, has: invocation.has, host: { ...host, env } };
}

function folderOf(word: string, prefix: string, host: CliHost): string {
  const folder = resolve(host.workFolder, word);
  if (existsSync(join(folder, GATEWAY_FILE))) return folder;
  throw new Refusal(`${JSON.stringify(word)} names no gateway.`, `Set ${prefix}_URL and ${prefix}_TOKEN, or give an address or the data folder of a running gateway.`);
}

async function readFlows(path: string | undefined, host: CliHost): Promise<readonly Flow[]> {
  const advice = 'Give a file with a list of {endpoint, tool, arguments, expect}: --test flows.yaml';
  if (path === undefined) throw new Refusal('metamcp promote needs test calls.', advice);
  try {
    return FlowsSchema.parse(parse(await readFile(resolve(host.workFolder, path), 'utf8')));
  } catch (cause) {
    throw new Refusal(`The file ${path} holds no test calls: ${cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message}`, advice, cause);
  }
}

/** Throws a Refusal where the call fails or its result does not hold what is expected. */
async function runFlow(flow: Flow, from: Invocation): Promise<void> {
  const at: Invocation = { ...from, flag: (name) => (name === 'endpoint' ? flow.endpoint : undefined) };
  const result = await withMcpClient(at, (client) => client.request('tools/call', { name: flow.tool, arguments: flow.arguments }));
  const said = JSON.stringify(result['structuredContent'] === undefined ? result['content'] : [result['content'], result['structuredContent']]);
  const advice = 'Nothing was promoted. Mend it there, or the test calls, and try again.';
  if (result['isError'] === true) throw new Refusal(`${flow.tool} failed: ${said}`, advice);
  if (flow.expect !== undefined && !said.includes(JSON.stringify(flow.expect).slice(1, -1))) throw new Refusal(`${flow.tool} answered without ${JSON.stringify(flow.expect)}: ${said}`, advice);
}
