/** Servers behind the measured gateway. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { JsonObject } from '../src/protocol/messages.ts';
import { createEchoAnswers } from './echo-answers.ts';

export interface Upstream {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** In this process, which has the other core. A call is answered with its message, or with so many bytes of text. */
export function startEcho({ tools = 1, resultBytes }: { readonly tools?: number; readonly resultBytes?: number } = {}): Promise<Upstream> {
  const answer = createEchoAnswers(tools);
  const large = resultBytes === undefined ? undefined : 'x'.repeat(resultBytes);
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(request.method === 'DELETE' ? 200 : 405).end();
    void text(request).then((body) => reply(JSON.parse(body) as JsonObject, response));
  });
  const reply = (message: JsonObject, response: ServerResponse): void => {
    const isLarge = large !== undefined && message['method'] === 'tools/call';
    const said = isLarge ? `{"jsonrpc":"2.0","id":${JSON.stringify(message['id'])},"result":{"content":[{"type":"text","text":"${large}"}],"resultType":"complete"}}` : answer(message);
    if (said === undefined) response.writeHead(202).end();
    else response.writeHead(said.includes('"error":{"code":-32601') ? 404 : 200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(said) }).end(said);
  };
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
        stop: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      }),
    );
  });
}
