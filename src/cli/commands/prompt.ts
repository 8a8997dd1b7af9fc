import { parseCallArguments } from '../call-arguments.ts';
import type { Invocation } from '../command.ts';
import { describeContent } from '../content.ts';
import { type Result, withMcpClient } from '../mcp-client.ts';
import { cut, formatTable, plain, printJson, printLines } from '../print.ts';
import { withProgress } from '../progress.ts';
import { isRecord } from '../stdio/message.ts';

/** `metamcp prompt`: the list, or one prompt's messages. Arguments of prompts are texts. */
export async function prompt(invocation: Invocation): Promise<number> {
  const { words, has, host } = invocation;
  const [name, ...rest] = words;
  if (name === undefined) {
    const all = await withProgress(host, 'Listing prompts', () => withMcpClient(invocation, (client) => client.list('prompts/list', 'prompts')));
    if (has('json')) printJson(host, { prompts: all });
    else printLines(host, formatTable(['PROMPT', 'ARGUMENTS', 'DESCRIPTION'], all.map(toRow)));
    return 0;
  }
  const textOnly = { properties: Object.fromEntries(rest.map((word) => [word.split('=', 1)[0], { type: 'string' }])) };
  const given = await parseCallArguments(rest, textOnly, host);
  const result = await withProgress(host, `Getting ${name}`, () =>
    withMcpClient(invocation, (client) => client.request('prompts/get', { name, arguments: given })),
  );
  if (has('json')) printJson(host, result);
  else printLines(host, toLines(result));
  return 0;
}

function toRow(one: Result): readonly string[] {
  const given = Array.isArray(one['arguments']) ? one['arguments'].filter(isRecord) : [];
  const words = given.map((argument) => (argument['required'] === true ? String(argument['name']) : `[${String(argument['name'])}]`));
  return [String(one['name']), words.join(' '), cut(plain(String(one['description'] ?? '')), 80)];
}

function toLines(result: Result): readonly string[] {
  const messages: readonly unknown[] = Array.isArray(result['messages']) ? result['messages'] : [];
  return messages.filter(isRecord).flatMap((message) => [`${plain(String(message['role']))}:`, ...describeContent([message['content']])]);
}
