/**
 * One result with a block, a member and metadata that no revision knows, in all four combinations of families: what
 * arrives is pinned byte for byte. Towards 2026-07-28 exactly two members are added: what kind of result it is, and who
 * answers.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Revision } from '../../src/protocol/messages.ts';
import { type RunningGateway, startGateway } from '../conformance/start-gateway.ts';
import { openMatrixClient } from './matrix-client.ts';
import { type MatrixServer, startMatrixServer } from './matrix-server.ts';

const SERVED: readonly Revision[] = ['2025-11-25', '2026-07-28'];
const PLAIN = '{"content":[{"type":"future_block","x":1}],"extra":{"deep":[1]},"_meta":{"vendor/x":1}}';
const MODERN = /^\{"resultType":"complete","_meta":\{"io\.modelcontextprotocol\/serverInfo":\{[^{}]*\},"vendor\/x":1\},"content":\[\{"type":"future_block","x":1\}\],"extra":\{"deep":\[1\]\}\}$/;
const servers: MatrixServer[] = [];
let gateway: RunningGateway | undefined;

beforeAll(async () => {
  for (const revision of SERVED) servers.push(await startMatrixServer(revision));
  const named = SERVED.map((revision, index) => [`s${revision}`, { type: 'http', url: servers[index]?.url }] as const);
  gateway = await startGateway({
    servers: Object.fromEntries(named),
    namespaces: Object.fromEntries(named.map(([name]) => [name, { servers: [name], names: { prefix: 'none' } }])),
    endpoints: Object.fromEntries(named.map(([name]) => [name, { namespace: name, auth: { apiKey: false } }])),
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  for (const server of servers) await server.stop();
});

const COMBINATIONS = SERVED.flatMap((server) => SERVED.map((client) => ({ client, server })));

test.each(COMBINATIONS)('what a server of $server says reaches a client of $client unchanged', async ({ client: revision, server }) => {
  const client = await openMatrixClient(`${gateway?.url}/metamcp/s${server}/mcp`, revision);
  const { text } = await client.call('vendor');
  await client.close();
  const [, result] = /^\{"jsonrpc":"2\.0","id":\d+,"result":(.*)\}$/.exec(text) ?? [];
  if (revision === '2025-11-25') expect(result).toBe(PLAIN);
  else expect(result).toMatch(MODERN);
});
