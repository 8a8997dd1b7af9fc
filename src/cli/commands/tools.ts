import type { Invocation } from '../command.ts';
import { withMcpClient } from '../mcp-client.ts';
import { nearest } from '../nearest.ts';
import { cut, formatTable, plain, plainBlock, printJson, printLines } from '../print.ts';
import { withProgress } from '../progress.ts';
import { Refusal } from '../refusal.ts';

/** `metamcp tools`: the list, or one tool with its schema. */
export async function tools(invocation: Invocation): Promise<number> {
  const { words, has, host } = invocation;
  const all = await withProgress(host, 'Listing tools', () => withMcpClient(invocation, (client) => client.list('tools/list', 'tools')));
  const [name] = words;
  if (name === undefined) {
    if (has('json')) printJson(host, { tools: all });
    else if (all.length === 0) host.stderr.write('The endpoint offers no tools. See why with: metamcp doctor\n');
    else
      printLines(
        host,
        formatTable(
          ['TOOL', 'DESCRIPTION'],
          all.map((tool) => [String(tool['name']), cut(plain(String(tool['description'] ?? '')), 100)]),
        ),
      );
    return 0;
  }
  const tool = all.find((candidate) => candidate['name'] === name);
  if (tool === undefined)
    throw unknownTool(
      name,
      all.map((candidate) => String(candidate['name'])),
    );
  if (has('json')) printJson(host, tool);
  else printLines(host, [plain(name), '', plainBlock(String(tool['description'] ?? '')), '', 'Arguments:', JSON.stringify(tool['inputSchema'], null, 2)]);
  return 0;
}

export function unknownTool(name: string, known: readonly string[]): Refusal {
  const near = nearest(name, known) ?? known.find((candidate) => candidate.endsWith(`__${name}`));
  return new Refusal(
    `The endpoint has no tool ${JSON.stringify(name)}.`,
    near === undefined ? 'See what there is with: metamcp tools' : `Did you mean ${near}? See all with: metamcp tools`,
  );
}
