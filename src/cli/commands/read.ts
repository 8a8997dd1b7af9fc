import type { Invocation } from '../command.ts';
import { describeResource } from '../content.ts';
import { withMcpClient } from '../mcp-client.ts';
import { cut, formatTable, plain, printJson, printLines } from '../print.ts';
import { withProgress } from '../progress.ts';
import { isRecord } from '../stdio/message.ts';

/** `metamcp read`: the list, or one resource. A single binary one goes to a pipe as its bytes. */
export async function read(invocation: Invocation): Promise<number> {
  const { words, has, host } = invocation;
  const [uri] = words;
  if (uri === undefined) {
    const all = await withProgress(host, 'Listing resources', () => withMcpClient(invocation, (client) => client.list('resources/list', 'resources')));
    if (has('json')) printJson(host, { resources: all });
    else
      printLines(
        host,
        formatTable(
          ['URI', 'NAME', 'TYPE'],
          all.map((one) => [String(one['uri']), cut(plain(String(one['title'] ?? one['name'] ?? '')), 60), String(one['mimeType'] ?? '')]),
        ),
      );
    return 0;
  }
  const result = await withProgress(host, `Reading ${uri}`, () => withMcpClient(invocation, (client) => client.request('resources/read', { uri })));
  const contents: readonly unknown[] = Array.isArray(result['contents']) ? result['contents'] : [];
  const [only] = contents;
  const isTerminal = 'isTTY' in host.stdout && host.stdout.isTTY === true;
  if (has('json')) printJson(host, result);
  else if (contents.length === 1 && isRecord(only) && typeof only['blob'] === 'string' && !isTerminal) host.stdout.write(Buffer.from(only['blob'], 'base64'));
  else printLines(host, contents.map(describeResource));
  return 0;
}
