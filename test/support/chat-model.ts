/** A model that speaks OpenAI's chat completions over real HTTP and answers what the test says, in chunks or whole. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ChatBody {
  readonly model: string;
  readonly stream: boolean;
  readonly messages: readonly { readonly role: string; readonly content: string | null; readonly tool_call_id?: string }[];
  readonly tools?: readonly { readonly function: { readonly name: string; readonly parameters: object } }[];
}

/** Text in pieces, calls of tools, or an HTTP status with its message. */
export type ChatAnswer = { readonly text: readonly string[] } | { readonly calls: readonly { readonly name: string; readonly arguments: object }[] } | { readonly status: number; readonly message: string };

export interface TestChatModel {
  /** Base address, as people type it. */
  readonly url: string;
  readonly asked: { readonly body: ChatBody; readonly authorization: string | undefined }[];
  readonly stop: () => Promise<void>;
}

export async function startChatModel(answer: (body: ChatBody) => ChatAnswer): Promise<TestChatModel> {
  const asked: TestChatModel['asked'] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as ChatBody;
      asked.push({ body, authorization: request.headers.authorization });
      if (request.url !== '/v1/chat/completions') response.writeHead(404).end();
      else reply(response, answer(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}/v1`, asked, stop };
}

function reply(response: ServerResponse, answer: ChatAnswer): void {
  if ('status' in answer) {
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message: answer.message, type: 'test' } }));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (delta: object, finish: string | null = null): void => void response.write(`data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`);
  if ('text' in answer) {
    for (const content of answer.text) send({ content });
    send({}, 'stop');
  } else {
    for (const [index, call] of answer.calls.entries()) {
      const text = JSON.stringify(call.arguments);
      send({ tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name: call.name, arguments: '' } }] });
      // As models do: arguments come in pieces.
      for (const piece of [text.slice(0, 3), text.slice(3)]) send({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
    send({}, 'tool_calls');
  }
  response.end('data: {"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":5}}\n\ndata: [DONE]\n\n');
}
