import { needsSchema, parseCallArguments } from '../call-arguments.ts';
import { getWord, type Invocation } from '../command.ts';
import { describeContent } from '../content.ts';
import { type McpClient, type Result, withMcpClient } from '../mcp-client.ts';
import { printJson, printLines } from '../print.ts';
import { withProgress } from '../progress.ts';
import { Refusal } from '../refusal.ts';
import { unknownTool } from './tools.ts';

/** `metamcp call`: 1 as exit code where the tool itself says that it failed. */
export async function call(invocation: Invocation): Promise<number> {
  const { words, has, host } = invocation;
  const name = getWord(invocation, 0, { name: 'call', usage: 'TOOL [ARGUMENTS]' });
  const result = await withProgress(host, `Calling ${name}`, () =>
    withMcpClient(invocation, (client) => callTool(client, { name, words: words.slice(1), invocation })),
  );
  if (result['resultType'] === 'input_required')
    throw new Refusal(`${name} asks for input, which the command line cannot give.`, 'Call it from a client that supports elicitation.');
  if (has('json')) printJson(host, result);
  else {
    const said = describeContent(result['content']);
    printLines(host, said.length > 0 || result['structuredContent'] === undefined ? said : [JSON.stringify(result['structuredContent'], null, 2)]);
  }
  if (result['isError'] === true) host.stderr.write(`error: ${name} failed; what it said is above.\n  Check its arguments with: metamcp tools ${name}\n`);
  return result['isError'] === true ? 1 : 0;
}

async function callTool(
  client: McpClient,
  wish: { readonly name: string; readonly words: readonly string[]; readonly invocation: Invocation },
): Promise<Result> {
  const { name, words, invocation } = wish;
  let inputSchema: unknown;
  if (needsSchema(words)) {
    const all = await client.list('tools/list', 'tools');
    const tool = all.find((candidate) => candidate['name'] === name);
    if (tool === undefined)
      throw unknownTool(
        name,
        all.map((candidate) => String(candidate['name'])),
      );
    inputSchema = tool['inputSchema'];
  }
  return await client.request('tools/call', { name, arguments: await parseCallArguments(words, inputSchema, invocation.host) });
}
