/** The tools of one endpoint, over the path that clients take: as oneself, with every policy, limit and record. */
import { ask } from '../../api/ask.ts';
import { toProblem } from '../../api/problem.ts';
import type { McpClient } from '../../mcp/mcp-client.ts';
import { connectModern } from '../../mcp/modern-client.ts';
import { isObject, type JsonObject, objectsIn, textIn } from '../../mcp/protocol.ts';

/** A tool with the name that the model is given: services take letters, digits, `_` and `-`, at most 64. */
export interface OfferedTool {
  readonly name: string;
  readonly modelName: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  /** As its server says; nobody vouches for it. */
  readonly isReadOnly: boolean;
}

export interface ToolOutcome {
  readonly isError: boolean;
  readonly text: string;
}

const CLIENT_INFO = { name: 'metamcp-playground', title: 'MetaMCP Playground', version: '1' } as const;
const NAME_CHARS_MAX = 64;
/** A model reads no more of one result. */
const RESULT_CHARS_MAX = 100_000;

export class ToolSession {
  readonly #client: McpClient;
  readonly #id: string;

  private constructor(client: McpClient, id: string) {
    this.#client = client;
    this.#id = id;
  }

  /** Rejects with `ApiProblem` or `RpcError`. */
  static async open(endpoint: string): Promise<ToolSession> {
    const { id, path, token } = await ask('POST /api/v1/inspections', { body: { target: { kind: 'endpoint', name: endpoint } } });
    const ignore = (): void => undefined;
    try {
      const events = { message: ignore, notice: ignore, asked: () => Promise.reject(new Error('The playground answers no questions of servers.')) };
      return new ToolSession(await connectModern({ url: window.location.origin + path, token, clientInfo: CLIENT_INFO, capabilities: {}, events }), id);
    } catch (thrown) {
      await end(id);
      throw thrown;
    }
  }

  async tools(): Promise<readonly OfferedTool[]> {
    const found: JsonObject[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#client.request('tools/list', cursor === undefined ? {} : { cursor });
      found.push(...objectsIn(page['tools']));
      cursor = textIn(page, 'nextCursor');
    } while (cursor !== undefined);
    return withModelNames(found);
  }

  async call({ name, inputSchema }: OfferedTool, args: JsonObject, signal: AbortSignal): Promise<ToolOutcome> {
    const result = await this.#client.request('tools/call', { name, arguments: args }, { signal, inputSchema });
    return { isError: result['isError'] === true, text: textOf(result) };
  }

  async close(): Promise<void> {
    await this.#client.close().catch(() => undefined);
    await end(this.#id);
  }
}

async function end(id: string): Promise<void> {
  await ask('DELETE /api/v1/inspections/{id}', { params: { id } }).catch(toProblem);
}

/** Names that services refuse are changed, and stay different from each other. */
export function withModelNames(tools: readonly JsonObject[]): readonly OfferedTool[] {
  const taken = new Set<string>();
  return tools.map((tool) => {
    const name = textIn(tool, 'name') ?? '';
    const plain = name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, NAME_CHARS_MAX) || 'tool';
    let modelName = plain;
    for (let count = 2; taken.has(modelName); count++) modelName = `${plain.slice(0, NAME_CHARS_MAX - String(count).length - 1)}_${count}`;
    taken.add(modelName);
    const { inputSchema, annotations } = tool;
    return { name, modelName, description: textIn(tool, 'description') ?? textIn(tool, 'title') ?? '', inputSchema: isObject(inputSchema) ? inputSchema : { type: 'object' }, isReadOnly: isObject(annotations) && annotations['readOnlyHint'] === true };
  });
}

/** What of a result a model can read. */
function textOf(result: JsonObject): string {
  const blocks = objectsIn(result['content']);
  const texts = blocks.map((block) => textIn(block, 'text') ?? (isObject(block['resource']) ? textIn(block['resource'], 'text') : undefined) ?? `[${textIn(block, 'type') ?? 'content'}]`);
  const text = texts.length === 0 && result['structuredContent'] !== undefined ? JSON.stringify(result['structuredContent']) : texts.join('\n');
  return text.length > RESULT_CHARS_MAX ? `${text.slice(0, RESULT_CHARS_MAX)}\n[cut: ${text.length - RESULT_CHARS_MAX} characters left out]` : text;
}
