import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

/** The bridge as a process of its own, as a client starts it. */
const ENTRY = `
  import { createProcessHost } from ${JSON.stringify(new URL('../process-host.ts', import.meta.url).href)};
  import { systemClock } from ${JSON.stringify(new URL('../../base/clock.ts', import.meta.url).href)};
  import { runStdio } from ${JSON.stringify(new URL('./run-stdio.ts', import.meta.url).href)};
  const host = createProcessHost({ env: process.env, clock: systemClock, selfCommand: [process.execPath], version: '0', serve: async () => 1, checkConfigFile: async () => [] }, process);
  process.exitCode = await runStdio({ url: process.argv[1] }, host);
`;
const bridgeArgs = (url: string): string[] => ['--input-type=module', '-e', ENTRY, url];

let everything: ChildProcess;
let everythingUrl: string;
const modern = createServer();

beforeAll(async () => {
  const port = await freePort();
  const entry = join(dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/package.json')), 'dist/index.js');
  everything = spawn(process.execPath, [entry, 'streamableHttp'], { env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'ignore', 'pipe'] });
  everythingUrl = `http://127.0.0.1:${port}/mcp`;
  await once(everything.stderr as NodeJS.ReadableStream, 'data');
  await untilAnswers(everythingUrl);
  const handler = createMcpHandler(makeModernServer);
  modern.on(
    'request',
    getRequestListener((request) => handler.fetch(request)),
  );
  await listen(modern);
});

afterAll(async () => {
  everything.kill();
  modern.closeAllConnections();
  await new Promise((resolve) => modern.close(resolve));
});

test('a client of SDK 1 lists and calls the tools of a sessionful server through the bridge', async () => {
  const client = new ClientV1({ name: 'test', version: '1' }, { capabilities: { sampling: {} } });
  client.setRequestHandler(CreateMessageRequestSchema, () => ({ model: 'm', role: 'assistant', content: { type: 'text', text: 'sampled words' } }));
  const progress: number[] = [];
  await client.connect(new StdioV1({ command: process.execPath, args: bridgeArgs(everythingUrl), stderr: 'ignore' }));
  try {
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toContain('echo');
    const echo = await client.callTool({ name: 'echo', arguments: { message: 'grüße' } });
    expect(echo.content).toEqual([{ type: 'text', text: 'Echo: grüße' }]);
    const long = await client.callTool({ name: 'trigger-long-running-operation', arguments: { duration: 0.3, steps: 3 } }, undefined, {
      onprogress: (step) => progress.push(step.progress),
    });
    expect(JSON.stringify(long.content)).toContain('completed');
    // The client itself drops a step that arrives in one piece with the answer.
    expect(progress.slice(0, 2)).toEqual([1, 2]);
    const sampled = await client.callTool({ name: 'trigger-sampling-request', arguments: { prompt: 'say', maxTokens: 5 } });
    expect(JSON.stringify(sampled.content)).toContain('sampled words');
  } finally {
    await client.close();
  }
});

test('a client of SDK 2 speaks legacy through the bridge, with many calls at once', async () => {
  const client = new ClientV2({ name: 'test', version: '1' });
  await client.connect(new StdioV2({ command: process.execPath, args: bridgeArgs(everythingUrl), stderr: 'ignore' }));
  try {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => client.callTool({ name: 'get-sum', arguments: { a: index, b: 1 } })));
    expect(answers.map((answer) => JSON.stringify(answer.content).includes('The sum of'))).toEqual(Array.from({ length: 40 }, () => true));
  } finally {
    await client.close();
  }
});

test('a client of SDK 2 negotiates 2026-07-28 through the bridge and its parameter headers are made for it', async () => {
  const client = new ClientV2({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StdioV2({ command: process.execPath, args: bridgeArgs(urlOf(modern)), stderr: 'ignore' }));
  try {
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
    // Not listed before: the refusal for the missing header makes the bridge read the list itself.
    const query = await client.callTool({ name: 'query', arguments: { region: 'Zürich ', text: 'x' } });
    expect(query.content).toEqual([{ type: 'text', text: 'Zürich :x' }]);
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name).toSorted()).toEqual(['query', 'slow']);
  } finally {
    await client.close();
  }
});

test('a cancelled stateless call closes its request at the server', async () => {
  const client = new ClientV2({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new StdioV2({ command: process.execPath, args: bridgeArgs(urlOf(modern)), stderr: 'ignore' }));
  try {
    const abort = new AbortController();
    const started = new Promise<void>((resolve) => slowCalls.push(resolve));
    const cancelled = new Promise<void>((resolve) => slowCancels.push(resolve));
    const call = client.callTool({ name: 'slow', arguments: {} }, { signal: abort.signal });
    await started;
    abort.abort('enough');
    await expect(call).rejects.toThrow(/enough/);
    await cancelled;
  } finally {
    await client.close();
  }
});

test('everything asked on a pipe is answered before the bridge ends, and stdout holds JSON-RPC only', async () => {
  const child = spawn(process.execPath, bridgeArgs(everythingUrl), { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.end(
    [
      '{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}',
      'not json',
      '{"jsonrpc":"2.0","method":"notifications/initialized"}',
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"trigger-long-running-operation","arguments":{"duration":0.2,"steps":4},"_meta":{"progressToken":"p"}}}',
    ].join('\r\n'),
  );
  const [lines, [code]] = await Promise.all([collectLines(child), once(child, 'exit')]);
  const messages = lines.map(
    (line) => JSON.parse(line) as { id?: unknown; method?: string; params?: { progress: number }; result?: unknown; error?: { code: number } },
  );
  expect(new Set(messages.filter((message) => message.method === undefined).map((message) => message.id))).toEqual(new Set(['a', null, 7]));
  expect(messages.filter((message) => message.method === 'notifications/progress').map((message) => message.params?.progress)).toEqual([1, 2, 3, 4]);
  expect(messages.at(-1)).toMatchObject({ id: 7, result: {} });
  expect(messages.find((message) => message.id === null)?.error?.code).toBe(-32700);
  expect(code).toBe(0);
});

test('a connection lost in mid-call is an error answer for that id, and the call is not sent again', async () => {
  let calls = 0;
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const message = JSON.parse(body) as { id: number; method: string };
      if (message.method !== 'tools/call')
        return answerJson(response, {
          jsonrpc: '2.0',
          id: message.id,
          result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 's', version: '1' } },
        });
      calls++;
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n', () => response.destroy());
    });
  });
  await listen(server);
  const child = spawn(process.execPath, bridgeArgs(urlOf(server)), { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.end('{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"x"}}\n');
  const [line] = await collectLines(child);
  server.close();
  expect(JSON.parse(line ?? '')).toEqual({
    jsonrpc: '2.0',
    id: 5,
    error: {
      code: -31003,
      message: 'The connection to the gateway ended before it answered.',
      data: { source: 'gateway', reason: 'upstream.closed', retryable: false, outcome: 'unknown' },
    },
  });
  expect(calls).toBe(1);
});

test('a session the gateway forgot is opened anew without the client noticing, log level and subscriptions included', async () => {
  const seen: string[] = [];
  let session = 0;
  let isForgotten = false;
  const server = createServer((request, response) => {
    if (request.method !== 'POST') return void response.writeHead(request.method === 'GET' ? 405 : 200).end();
    void readBody(request).then((body) => {
      const message = JSON.parse(body) as { id: number; method: string };
      const id = request.headers['mcp-session-id'];
      seen.push(`${message.method} ${String(id)}`);
      if (message.method === 'initialize') {
        session++;
        isForgotten = false;
        response.setHeader('mcp-session-id', `s${session}`);
        return answerJson(response, {
          jsonrpc: '2.0',
          id: message.id,
          result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 's', version: '1' } },
        });
      }
      if (isForgotten || id !== `s${session}`) return void response.writeHead(404).end();
      if (message.id === undefined) return void response.writeHead(202).end();
      return answerJson(response, { jsonrpc: '2.0', id: message.id, result: { n: session } });
    });
  });
  await listen(server);
  const child = spawn(process.execPath, bridgeArgs(urlOf(server)), { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = collectLines(child);
  const ask = async (line: string): Promise<void> => {
    const answered = once(child.stdout, 'data');
    child.stdin.write(`${line}\n`);
    await answered;
  };
  await ask(
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}',
  );
  child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  await ask('{"jsonrpc":"2.0","id":2,"method":"logging/setLevel","params":{"level":"info"}}');
  isForgotten = true;
  await ask('{"jsonrpc":"2.0","id":3,"method":"tools/list"}');
  child.stdin.end();
  expect((await lines).map((line) => (JSON.parse(line) as { id: number; result: { n?: number } }).result.n)).toEqual([undefined, 1, 2]);
  server.close();
  expect(seen).toEqual([
    'initialize undefined',
    'notifications/initialized s1',
    'logging/setLevel s1',
    'tools/list s1',
    'initialize undefined',
    'notifications/initialized s2',
    'logging/setLevel s2',
    'tools/list s2',
  ]);
});

test('SIGTERM answers what waits, closes the session and ends with code 0', async () => {
  const deleted = Promise.withResolvers<string>();
  const called = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    if (request.method === 'DELETE') {
      deleted.resolve(String(request.headers['mcp-session-id']));
      return void response.writeHead(200).end();
    }
    void readBody(request).then((body) => {
      const message = JSON.parse(body) as { id: number; method: string };
      if (message.method === 'tools/call') return called.resolve();
      response.setHeader('mcp-session-id', 'abc');
      answerJson(response, {
        jsonrpc: '2.0',
        id: message.id,
        result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 's', version: '1' } },
      });
    });
  });
  await listen(server);
  const child = spawn(process.execPath, bridgeArgs(urlOf(server)), { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = collectLines(child);
  const first = once(child.stdout, 'data');
  child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}\n');
  await first;
  child.stdin.write('{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"x"}}\n');
  await called.promise;
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  expect(await deleted.promise).toBe('abc');
  const last = JSON.parse((await lines).at(-1) ?? '') as { id: number; error: { code: number } };
  expect([last.id, last.error.code]).toEqual([2, -31012]);
  server.closeAllConnections();
  server.close();
});

const slowCalls: (() => void)[] = [];
const slowCancels: (() => void)[] = [];

function makeModernServer(): McpServer {
  const server = new McpServer({ name: 'modern', version: '1' });
  server.registerTool('query', { inputSchema: z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }), text: z.string() }) }, ({ region, text }) => ({
    content: [{ type: 'text', text: `${region}:${text}` }],
  }));
  server.registerTool('slow', { inputSchema: z.object({}) }, async (_arguments, context) => {
    slowCalls.shift()?.();
    await once(context.mcpReq.signal, 'abort');
    slowCancels.shift()?.();
    return { content: [] };
  });
  return server;
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await listen(server);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilAnswers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const isUp = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} does not answer`);
}

async function collectLines(child: ChildProcess): Promise<string[]> {
  const pieces: Buffer[] = [];
  child.stdout?.on('data', (piece: Buffer) => pieces.push(piece));
  await once(child, 'close');
  return Buffer.concat(pieces)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

function answerJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
