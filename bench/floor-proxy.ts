/**
 * The floor: a reverse proxy on node:http and undici that knows nothing of MCP. A gateway on the same parts cannot
 * cost much less, so what it costs more is the price of its own work. Prints its URL.
 *
 *     node bench/floor-proxy.ts UPSTREAM_URL
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Dispatcher, Pool } from 'undici';

const IDLE_MS = 120_000;
const CONNECTIONS_MAX = 64;
const OWN_TO_EACH_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host']);

const upstream = new URL(process.argv[2] ?? '');
const pool = new Pool(upstream.origin, { connections: CONNECTIONS_MAX, pipelining: 1 });

const server = createServer({ keepAliveTimeout: IDLE_MS }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !OWN_TO_EACH_HOP.has(name)));
    const method = (request.method ?? 'POST') as Dispatcher.HttpMethod;
    pool.dispatch({ path: upstream.pathname, method, headers, body: Buffer.concat(chunks) }, passOn(response));
  });
});

function passOn(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart: () => undefined,
    onResponseStart(_controller, status, headers) {
      for (const name of OWN_TO_EACH_HOP) delete headers[name];
      response.writeHead(status, headers as Record<string, string>);
    },
    onResponseData: (_controller, chunk) => void response.write(chunk),
    onResponseEnd: () => void response.end(),
    onResponseError: () => void response.writeHead(502, { 'content-length': 0 }).end(),
  };
}

server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp\n`));
