/**
 * The floor for a server over stdio: node:http in front of one child, whose messages get ids of their own, and that is
 * all it knows of MCP. Prints its URL.
 *
 *     node bench/floor-multiplexer.ts SCRIPT [ARGUMENT…]
 */
import { spawn } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../src/protocol/messages.ts';

const IDLE_MS = 120_000;

interface Asked {
  readonly id: unknown;
  readonly response: ServerResponse;
}

const child = spawn(process.execPath, process.argv.slice(2), { stdio: ['pipe', 'pipe', 'inherit'] });
const asked = new Map<number, Asked>();
let last = 0;
let pending = '';

child.stdout.setEncoding('utf8');
child.stdout.on('data', (chunk: string) => {
  const lines = (pending + chunk).split('\n');
  pending = lines.pop() ?? '';
  for (const line of lines) answer(JSON.parse(line) as JsonObject);
});
// It ends with whoever started it, and its child with it.
process.on('SIGTERM', () => {
  child.kill();
  process.exit(0);
});

function answer(message: JsonObject): void {
  const found = asked.get(Number(message['id']));
  if (found === undefined) return;
  asked.delete(Number(message['id']));
  const text = JSON.stringify({ ...message, id: found.id });
  found.response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

const server = createServer({ keepAliveTimeout: IDLE_MS }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const message = request.method === 'POST' ? (JSON.parse(Buffer.concat(chunks).toString('utf8')) as JsonObject) : {};
    if (message['id'] === undefined) {
      response.writeHead(request.method === 'POST' ? 202 : 200, { 'content-length': 0 }).end();
      return;
    }
    const id = ++last;
    asked.set(id, { id: message['id'], response });
    child.stdin.write(`${JSON.stringify({ ...message, id })}\n`);
  });
});

server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp\n`));
