/**
 * Bridges that people put in front of a gateway: through each, a client lists and calls with a key, and hears that a
 * list changed where the bridge passes such notices on at all. Where it does not, it does not either right in front of a
 * server, so nothing is lost here.
 *
 * The Python bridge is no dependency of this project: it runs as `uvx mcp-proxy` where `uvx` is, or by its path in
 * `MCP_PROXY` (`pip install mcp-proxy`), and its tests are skipped by name elsewhere.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../conformance/start-gateway.ts';
import { type MatrixServer, startMatrixServer } from './matrix-server.ts';
import { startSdk1Server } from './sdk-servers.ts';

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
const KEY = `sk_mt_${'c3'.repeat(32)}`;
/** A bridge passes a notice on within milliseconds, or never. */
const SILENT_MS = 500;
const servers: MatrixServer[] = [];
let gateway: RunningGateway | undefined;

interface Address {
  readonly mcp: string;
  readonly sse: string;
}

interface Front {
  readonly name: string;
  /** The bridge passes on what no request asked for. */
  readonly tellsNotices: boolean;
  readonly command: string | undefined;
  readonly args: (address: Address) => string[];
  /** How it takes a key, where not by its arguments. */
  readonly environment?: Readonly<Record<string, string>>;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Command and first arguments of the Python bridge; its Node namesake on the path is another program. */
function findMcpProxy(): readonly string[] {
  const own = process.env['MCP_PROXY'];
  if (own !== undefined && isExecutable(own)) return [own];
  const uvx = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'uvx')).find(isExecutable);
  return uvx === undefined ? [] : [uvx, 'mcp-proxy'];
}

const [MCP_PROXY, ...MCP_PROXY_ARGS] = findMcpProxy();
const NODE = process.execPath;
const SUPERGATEWAY = [`${MODULES}/supergateway/dist/index.js`, '--logLevel', 'none', '--oauth2Bearer', KEY];

const FRONTS: readonly Front[] = [
  { name: 'mcp-remote', tellsNotices: true, command: NODE, args: ({ mcp }) => [`${MODULES}/mcp-remote/dist/proxy.js`, mcp, '--allow-http', '--transport', 'http-only', '--header', `Authorization:Bearer ${KEY}`] },
  { name: 'mcp-remote over HTTP+SSE', tellsNotices: true, command: NODE, args: ({ sse }) => [`${MODULES}/mcp-remote/dist/proxy.js`, sse, '--allow-http', '--transport', 'sse-only', '--header', `Authorization:Bearer ${KEY}`] },
  { name: 'supergateway over Streamable HTTP', tellsNotices: false, command: NODE, args: ({ mcp }) => [...SUPERGATEWAY, '--streamableHttp', mcp] },
  { name: 'supergateway over HTTP+SSE', tellsNotices: false, command: NODE, args: ({ sse }) => [...SUPERGATEWAY, '--sse', sse] },
  { name: 'mcp-proxy over Streamable HTTP', tellsNotices: false, command: MCP_PROXY, args: ({ mcp }) => [...MCP_PROXY_ARGS, '--transport', 'streamablehttp', mcp], environment: { API_ACCESS_TOKEN: KEY } },
  { name: 'mcp-proxy over HTTP+SSE', tellsNotices: false, command: MCP_PROXY, args: ({ sse }) => [...MCP_PROXY_ARGS, sse], environment: { API_ACCESS_TOKEN: KEY } },
];

beforeAll(async () => {
  servers.push(await startMatrixServer('2026-07-28'), await startSdk1Server(), await startMatrixServer('2024-11-05'));
  gateway = await startGateway({
    servers: { matrix: { type: 'http', url: servers[0]?.url } },
    namespaces: { matrix: { servers: ['matrix'], names: { prefix: 'none' } } },
    endpoints: { matrix: { namespace: 'matrix' } },
    keys: { front: { value: KEY } },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  for (const server of servers) await server.stop();
});

/** Lists, calls, and makes the list change; returns how often the client heard of that. */
async function talkThrough({ command = '', args, environment }: Front, address: Address): Promise<() => number> {
  const client = new Client({ name: 'front', version: '1' }, { capabilities: {} });
  let changes = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    changes++;
  });
  opened.push(client);
  await client.connect(new StdioClientTransport({ command, args: args(address), stderr: 'ignore', env: { ...(process.env as Record<string, string>), ...environment } }));
  const { tools } = await client.listTools();
  expect(tools.map((tool) => tool.name)).toContain('echo');
  expect(await client.callTool({ name: 'echo', arguments: { region: 'eu' } })).toMatchObject({ content: [{ type: 'text', text: expect.stringContaining('"region":"eu"') }] });
  await client.callTool({ name: 'change', arguments: {} });
  return () => changes;
}

const opened: Client[] = [];
async function closeAll(): Promise<void> {
  for (const client of opened.splice(0)) await client.close();
}

/** For so long nothing may come. */
async function staysSilent(heard: () => number): Promise<void> {
  await expect(expect.poll(heard, { timeout: SILENT_MS, interval: 20 }).toBeGreaterThan(0)).rejects.toThrow();
}

for (const front of FRONTS) {
  const { name, tellsNotices, command } = front;
  test.skipIf(command === undefined)(`through ${name} a client lists and calls with its key${tellsNotices ? ', and hears that a list changed' : ''}`, { timeout: 120_000 }, async () => {
    const base = `${gateway?.url}/metamcp/matrix`;
    try {
      const heard = await talkThrough(front, { mcp: `${base}/mcp`, sse: `${base}/sse` });
      if (tellsNotices) await expect.poll(heard, { timeout: 10_000, interval: 50 }).toBeGreaterThan(0);
      else await staysSilent(heard);
    } finally {
      await closeAll();
    }
  });
  if (!tellsNotices)
    test.skipIf(command === undefined)(`${name} passes no list changes on, right in front of a server either`, { timeout: 120_000 }, async () => {
      try {
        await staysSilent(await talkThrough(front, { mcp: servers[1]?.url ?? '', sse: servers[2]?.url ?? '' }));
      } finally {
        await closeAll();
      }
    });
}
