/** Real servers behind the gateway, real clients in front of it: each client does what clients do. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modernRequest, openSession, type RawAnswer } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningServer, referenceServer, startEverything } from '../support/real-servers.ts';
import { MAIN } from '../support/program.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const PACKAGES = new URL('../../node_modules/', import.meta.url);
const KEY = randomKey();
const DOCUMENT = 'demo://resource/static/document/architecture.md';
let folder: string;
let gateway: RunningGateway;
let servers: RunningServer[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metamcp-real-'));
  const [left, right] = await Promise.all([mkdtemp(join(folder, 'left-')), mkdtemp(join(folder, 'right-'))]);
  await Promise.all([writeFile(join(left, 'left.txt'), 'on the left'), writeFile(join(right, 'right.txt'), 'on the right')]);
  servers = await Promise.all([startEverything('streamableHttp'), startEverything('sse')]);
  const config = {
    servers: {
      pipe: referenceServer('everything', 'stdio'),
      web: { type: 'http', url: servers[0]?.url },
      events: { type: 'sse', url: servers[1]?.url },
      left: referenceServer('filesystem', left),
      right: referenceServer('filesystem', right),
      memory: { ...referenceServer('memory'), env: { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') } },
      thinking: referenceServer('sequential-thinking'),
    },
    namespaces: { all: { servers: ['pipe', 'web', 'events', 'left', 'right', 'memory', 'thinking'] } },
    endpoints: { all: { namespace: 'all' } },
    keys: { test: { value: KEY } },
  };
  gateway = await startGateway({ config });
}, 60_000);

afterAll(async () => {
  await gateway.stop();
  await Promise.all(servers.map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

/** What every client can do, in the words of none of them. Results are plain JSON. */
interface Peer {
  readonly tools: () => Promise<readonly string[]>;
  readonly call: (name: string, args: Record<string, unknown>) => Promise<unknown>;
  readonly read: (uri: string) => Promise<unknown>;
  readonly templates: () => Promise<unknown>;
  readonly prompt: (name: string, args: Record<string, string>) => Promise<unknown>;
  /** Not every client can. */
  readonly complete?: (ref: Record<string, string>, argument: { name: string; value: string }) => Promise<unknown>;
  readonly close: () => Promise<unknown>;
}

function ofSdk(client: ClientV1 | ClientV2): Peer {
  return {
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    call: (name, args) => client.callTool({ name, arguments: args }),
    read: (uri) => client.readResource({ uri }),
    templates: () => client.listResourceTemplates(),
    prompt: (name, args) => client.getPrompt({ name, arguments: args }),
    complete: (ref, argument) => client.complete({ ref: ref as { type: 'ref/prompt'; name: string }, argument }),
    close: () => client.close(),
  };
}

const HEADERS = { Authorization: `Bearer ${KEY}` };

async function sdk1(): Promise<Peer> {
  const client = new ClientV1({ name: 'test', version: '1' });
  await client.connect(new HttpV1(new URL(gateway.mcp('all')), { requestInit: { headers: HEADERS } }));
  return ofSdk(client);
}

async function sdk2(mode: 'legacy' | 'auto' | { pin: '2026-07-28' }): Promise<Peer> {
  const client = new ClientV2({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(new HttpV2(new URL(gateway.mcp('all')), { requestInit: { headers: HEADERS } }));
  return ofSdk(client);
}

async function overStdio1(command: string, args: string[]): Promise<Peer> {
  const client = new ClientV1({ name: 'test', version: '1' });
  await client.connect(new StdioV1({ command, args, stderr: 'ignore', env: { ...process.env, METAMCP_KEY: KEY } as Record<string, string> }));
  return ofSdk(client);
}

async function overStdio2(command: string, args: string[], mode: 'auto' | { pin: '2026-07-28' }): Promise<Peer> {
  const client = new ClientV2({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(new StdioV2({ command, args, stderr: 'ignore', env: { ...process.env, METAMCP_KEY: KEY } as Record<string, string> }));
  return ofSdk(client);
}

function remoteArgs(): string[] {
  return [fileURLToPath(new URL('mcp-remote/dist/proxy.js', PACKAGES)), gateway.mcp('all'), '--allow-http', '--header', `Authorization:Bearer ${KEY}`];
}

function stdioArgs(): string[] {
  return [MAIN, 'stdio', '--data', gateway.data, '--endpoint', 'all'];
}

function ofRaw(request: (method: string, params: Record<string, unknown>) => Promise<RawAnswer>, close: () => Promise<unknown>): Peer {
  const ask = async (method: string, params: Record<string, unknown>): Promise<Readonly<Record<string, unknown>>> => {
    const { status, message } = await request(method, params);
    if (status !== 200 || message.result === undefined) throw new Error(`${status} ${JSON.stringify(message)}`);
    return message.result;
  };
  return {
    tools: async () => ((await ask('tools/list', {}))['tools'] as { name: string }[]).map((tool) => tool.name),
    call: (name, args) => ask('tools/call', { name, arguments: args }),
    read: (uri) => ask('resources/read', { uri }),
    templates: () => ask('resources/templates/list', {}),
    prompt: (name, args) => ask('prompts/get', { name, arguments: args }),
    complete: (ref, argument) => ask('completion/complete', { ref, argument }),
    close,
  };
}

async function rawLegacy(): Promise<Peer> {
  const session = await openSession({ url: gateway.mcp('all'), key: KEY });
  return ofRaw(session.request, session.end);
}

async function rawModern(): Promise<Peer> {
  return ofRaw(
    (method, params) => modernRequest({ url: gateway.mcp('all'), key: KEY }, method, params),
    async () => undefined,
  );
}

const run = promisify(execFile);

/** A process a request; it has no method for completion. */
async function inspector(era: 'legacy' | 'modern'): Promise<Peer> {
  const program = fileURLToPath(new URL('@modelcontextprotocol/inspector/clients/launcher/build/index.js', PACKAGES));
  const env = { ...process.env, MCP_CATALOG_PATH: join(folder, `inspector-${era}.json`) };
  const ask = async (...args: string[]): Promise<Record<string, unknown>> => {
    const all = [program, '--cli', gateway.mcp('all'), '--header', `Authorization: Bearer ${KEY}`, '--protocol-era', era, '--format', 'json', '-q', ...args];
    const { stdout } = await run(process.execPath, all, { env, maxBuffer: 8 << 20 });
    return (JSON.parse(stdout) as { result: Record<string, unknown> }).result;
  };
  const pairs = (args: Record<string, unknown>): string[] => Object.entries(args).map(([name, value]) => `${name}=${String(value)}`);
  return {
    tools: async () => ((await ask('--method', 'tools/list'))['tools'] as { name: string }[]).map((tool) => tool.name),
    call: (name, args) => ask('--method', 'tools/call', '--tool-name', name, ...pairs(args).flatMap((pair) => ['--tool-arg', pair])),
    read: (uri) => ask('--method', 'resources/read', '--uri', uri),
    templates: () => ask('--method', 'resources/templates/list'),
    prompt: (name, args) => ask('--method', 'prompts/get', '--prompt-name', name, '--prompt-args', ...pairs(args)),
    close: async () => undefined,
  };
}

const CLIENTS: readonly [name: string, connect: () => Promise<Peer>][] = [
  ['SDK 1', sdk1],
  ['SDK 2, legacy', () => sdk2('legacy')],
  ['SDK 2, auto', () => sdk2('auto')],
  ['SDK 2, pinned to 2026-07-28', () => sdk2({ pin: '2026-07-28' })],
  ['Inspector, legacy', () => inspector('legacy')],
  ['Inspector, modern', () => inspector('modern')],
  ['mcp-remote under SDK 1', () => overStdio1(process.execPath, remoteArgs())],
  ['mcp-remote under SDK 2', () => overStdio2(process.execPath, remoteArgs(), 'auto')],
  ['metamcp stdio under SDK 1', () => overStdio1(process.execPath, stdioArgs())],
  ['metamcp stdio under SDK 2, pinned to 2026-07-28', () => overStdio2(process.execPath, stdioArgs(), { pin: '2026-07-28' })],
  ['raw HTTP, 2025-11-25', rawLegacy],
  ['raw HTTP, 2026-07-28', rawModern],
];

async function withClient<T>(connect: () => Promise<Peer>, use: (peer: Peer) => Promise<T>): Promise<T> {
  const peer = await connect();
  try {
    return await use(peer);
  } finally {
    await peer.close();
  }
}

test('all seven servers are there when the gateway says that it is ready', async () => {
  expect(gateway.stderr()).toContain('servers ready (7 of 7)');
});

describe.each(CLIENTS)('%s', (_name, connect) => {
  test('lists the tools of every server, calls, reads a resource and a template, gets a prompt, completes', { timeout: 90_000 }, async () => {
    await withClient(connect, async (peer) => {
      const tools = await peer.tools();
      const prefixes = new Set(tools.map((name) => name.split('__')[0]));
      expect([...prefixes]).toEqual(['pipe', 'web', 'events', 'left', 'right', 'memory', 'thinking']);
      for (const server of ['pipe', 'web', 'events']) {
        expect(await peer.call(`${server}__echo`, { message: 'hello' })).toMatchObject({ content: [{ type: 'text', text: 'Echo: hello' }] });
      }
      expect(JSON.stringify(await peer.read(DOCUMENT))).toContain('Everything Server');
      expect(JSON.stringify(await peer.templates())).toContain('demo://resource/dynamic/text/{resourceId}');
      expect(JSON.stringify(await peer.read('demo://resource/dynamic/text/7'))).toContain('Resource 7');
      expect(JSON.stringify(await peer.prompt('web__args-prompt', { city: 'Rome' }))).toContain('Rome');
      const completed = await peer.complete?.({ type: 'ref/prompt', name: 'pipe__completable-prompt' }, { name: 'department', value: 'E' });
      if (peer.complete !== undefined) expect(completed).toMatchObject({ completion: { values: ['Engineering'] } });
    });
  });
});

test('two servers of one package keep to their own folders', async () => {
  await withClient(sdk1, async (peer) => {
    const left = JSON.stringify(await peer.call('left__list_allowed_directories', {}));
    const right = JSON.stringify(await peer.call('right__list_allowed_directories', {}));
    expect(left).toContain(join(folder, 'left-'));
    expect(left).not.toContain(join(folder, 'right-'));
    expect(right).toContain(join(folder, 'right-'));
  });
});

test('what one client wrote into the memory server, another finds there', async () => {
  const entities = [{ name: 'Ada', entityType: 'person', observations: ['wrote the first program'] }];
  await withClient(rawModern, (peer) => peer.call('memory__create_entities', { entities }));
  const graph = await withClient(sdk1, (peer) => peer.call('memory__read_graph', {}));
  expect(JSON.stringify(graph)).toContain('wrote the first program');
});

test('a thought is counted by the sequential-thinking server', async () => {
  const thought = { thought: 'one', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 };
  await withClient(rawLegacy, async (peer) => {
    expect(JSON.stringify(await peer.call('thinking__sequentialthinking', thought))).toContain('thoughtHistoryLength');
  });
});

test('progress of a long call reaches the client that asked for it', async () => {
  const client = new ClientV1({ name: 'test', version: '1' });
  await client.connect(new HttpV1(new URL(gateway.mcp('all')), { requestInit: { headers: HEADERS } }));
  const seen: number[] = [];
  try {
    const args = { duration: 0.4, steps: 4 };
    await client.callTool({ name: 'web__trigger-long-running-operation', arguments: args }, undefined, { onprogress: ({ progress }) => seen.push(progress) });
    expect(seen).toEqual([1, 2, 3, 4]);
  } finally {
    await client.close();
  }
});
