/**
 * Bridges that people put in front of a gateway: through each, a client lists and calls, and hears that a list changed
 * where the bridge passes notifications on at all.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../conformance/start-gateway.ts';
import { type MatrixServer, startMatrixServer } from './matrix-server.ts';

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
/** Installed with `pip install mcp-proxy`; there is no Python in this project. */
const MCP_PROXY = process.env['MCP_PROXY'] ?? '';
let server: MatrixServer | undefined;
let gateway: RunningGateway | undefined;

beforeAll(async () => {
  server = await startMatrixServer('2026-07-28');
  gateway = await startGateway({
    servers: { matrix: { type: 'http', url: server.url } },
    namespaces: { matrix: { servers: ['matrix'], names: { prefix: 'none' } } },
    endpoints: { matrix: { namespace: 'matrix', auth: { apiKey: false } } },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await server?.stop();
});

interface Front {
  readonly name: string;
  /** The bridge passes on what no request asked for. */
  readonly tellsNotices: boolean;
  readonly command: string;
  readonly args: (base: string) => string[];
}

const FRONTS: readonly Front[] = [
  { name: 'mcp-remote', tellsNotices: true, command: process.execPath, args: (base) => [`${MODULES}/mcp-remote/dist/proxy.js`, `${base}/mcp`, '--allow-http', '--transport', 'http-only'] },
  { name: 'supergateway over Streamable HTTP', tellsNotices: false, command: process.execPath, args: (base) => [`${MODULES}/supergateway/dist/index.js`, '--streamableHttp', `${base}/mcp`, '--logLevel', 'none'] },
  { name: 'supergateway over HTTP+SSE', tellsNotices: false, command: process.execPath, args: (base) => [`${MODULES}/supergateway/dist/index.js`, '--sse', `${base}/sse`, '--logLevel', 'none'] },
  { name: 'mcp-proxy over Streamable HTTP', tellsNotices: false, command: MCP_PROXY, args: (base) => ['--transport', 'streamablehttp', `${base}/mcp`] },
  { name: 'mcp-proxy over HTTP+SSE', tellsNotices: false, command: MCP_PROXY, args: (base) => [`${base}/sse`] },
];

for (const { name, tellsNotices, command, args } of FRONTS) {
  test.skipIf(!existsSync(command))(`through ${name} a client lists and calls${tellsNotices ? ', and hears that a list changed' : ''}`, { timeout: 60_000 }, async () => {
    const client = new Client({ name: 'front', version: '1' }, { capabilities: {} });
    let changes = 0;
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      changes++;
    });
    await client.connect(new StdioClientTransport({ command, args: args(`${gateway?.url}/metamcp/matrix`), stderr: 'ignore' }));
    try {
      const { tools } = await client.listTools();
      expect(tools.map((tool) => tool.name)).toContain('echo');
      expect(await client.callTool({ name: 'echo', arguments: { region: 'eu' } })).toMatchObject({ content: [{ type: 'text', text: expect.stringContaining('"region":"eu"') }] });
      await client.callTool({ name: 'change', arguments: {} });
      if (tellsNotices) await expect.poll(() => changes, { timeout: 10_000, interval: 50 }).toBeGreaterThan(0);
    } finally {
      await client.close();
    }
  });
}
