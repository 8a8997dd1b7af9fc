import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Load, runLoad } from './load.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** An upstream whose answers to tool calls are made by `call`. */
async function serve(call: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    if (request.headers['mcp-method'] === 'tools/call') return call(request, response);
    return response.writeHead(500).end();
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

const load: Load = { family: 'modern', method: 'tools/call', connections: 2 };
const echo: RequestListener = async (request, response) => {
  const { params } = JSON.parse(String(await request.toArray())) as { params: { arguments: { message: string } } };
  const text = `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"${params.arguments.message}"}]}}`;
  if (request.url === '/mcp?chunked') {
    response.write(text.slice(0, 20));
    response.end(text.slice(20));
  } else response.writeHead(200, { 'content-length': text.length }).end(text);
};

test.each(['', '?chunked'])('every connection makes one call at least, whatever the framing (%s)', async (query) => {
  const url = (await serve(echo)) + query;
  const outcome = await runLoad(load, { url, tool: 'echo', key: undefined, pid: process.pid }, 0);
  expect(outcome.calls).toBe(2);
  expect(outcome.p50Ms).toBeGreaterThan(0);
});

test('a load goes on for as long as it is told', async () => {
  const outcome = await runLoad(load, { url: await serve(echo), tool: 'echo', key: undefined, pid: process.pid }, 50);
  expect(outcome.calls).toBeGreaterThan(2);
  expect(outcome.callsPerSecond).toBeGreaterThan(outcome.calls);
});

test('a wrong answer ends the load: a fast error is no speed', async () => {
  const url = await serve((_request, response) => response.writeHead(200, { 'content-length': 2 }).end('{}'));
  await expect(runLoad(load, { url, tool: 'echo', key: undefined, pid: process.pid }, 50)).rejects.toThrow('Unexpected answer 200: {}');
});

test('a broken connection ends the load', async () => {
  const url = await serve((request) => request.socket.destroy());
  await expect(runLoad(load, { url, tool: 'echo', key: undefined, pid: process.pid }, 50)).rejects.toThrow('closed');
});
