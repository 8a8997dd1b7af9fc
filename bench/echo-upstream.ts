/**
 * The upstream of the benchmark: an echo server by hand, over HTTP (prints its URL) or stdio, both families.
 *
 *     node bench/echo-upstream.ts [--stdio] [--tools N]
 */
import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import type { JsonObject } from '../src/protocol/messages.ts';
import { type Answer, createEchoAnswers } from './echo-answers.ts';

const IDLE_MS = 120_000;

function serveHttp(answer: Answer): void {
  const server = createServer({ keepAliveTimeout: IDLE_MS }, (request, response) => {
    if (request.method !== 'POST') {
      response.writeHead(request.method === 'DELETE' ? 200 : 405, { 'content-length': 0 }).end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => reply(JSON.parse(Buffer.concat(chunks).toString('utf8')) as JsonObject, answer, response));
  });
  server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp\n`));
}

function reply(message: JsonObject, answer: Answer, response: ServerResponse): void {
  const text = answer(message);
  if (text === undefined) {
    response.writeHead(202, { 'content-length': 0 }).end();
    return;
  }
  const status = text.includes('"error":{"code":-32601') ? 404 : 200;
  const session = message['method'] === 'initialize' ? { 'mcp-session-id': randomUUID() } : {};
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...session }).end(text);
}

/** One write for all answers to what arrived together. */
function serveStdio(answer: Answer): void {
  let pending = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (chunk: string) => {
    const lines = (pending + chunk).split('\n');
    pending = lines.pop() ?? '';
    let answers = '';
    for (const line of lines) {
      const text = line === '' ? undefined : answer(JSON.parse(line) as JsonObject);
      if (text !== undefined) answers += `${text}\n`;
    }
    if (answers !== '') process.stdout.write(answers);
  });
}

const { values } = parseArgs({ options: { stdio: { type: 'boolean', default: false }, tools: { type: 'string', default: '1' } } });
const answers = createEchoAnswers(Number(values.tools));
if (values.stdio) serveStdio(answers);
else serveHttp(answers);
