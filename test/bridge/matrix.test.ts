/**
 * Five revisions of clients × five of servers × every feature, over real HTTP, through the real gateway. What is said to
 * work must work; what is said to be impossible must not, so that nothing is given up that could be kept. The table that
 * people read, `docs/compatibility.md`, is written from what happened here: `vitest run test/bridge/matrix.test.ts -u`.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REVISIONS, type Revision } from '../../src/protocol/messages.ts';
import { type RunningGateway, startGateway } from '../conformance/start-gateway.ts';
import { toMarkdown } from './compatibility.ts';
import { FEATURES } from './features.ts';
import { openMatrixClient } from './matrix-client.ts';
import { type MatrixServer, startMatrixServer } from './matrix-server.ts';

const servers = new Map<Revision, MatrixServer>();
let gateway: RunningGateway | undefined;
/** What is said to be impossible is given so long to happen after all. */
const IMPOSSIBLE_MS = 150;

/** `feature|client|server` of everything that worked. */
const worked = new Set<string>();

beforeAll(async () => {
  for (const revision of REVISIONS) servers.set(revision, await startMatrixServer(revision));
  const named = [...servers].map(([revision, { url }]) => [`s${revision}`, { type: revision === '2024-11-05' ? 'sse' : 'http', url }] as const);
  gateway = await startGateway({
    servers: Object.fromEntries(named),
    namespaces: Object.fromEntries(named.map(([name]) => [name, { servers: [name], names: { prefix: 'none' } }])),
    endpoints: Object.fromEntries(named.map(([name]) => [name, { namespace: name, auth: { apiKey: false } }])),
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  for (const server of servers.values()) await server.stop();
});

const PAIRS = REVISIONS.flatMap((client) => REVISIONS.map((server) => ({ client, server })));

test.each(PAIRS)('a client of $client and a server of $server have every feature that both can have, and no other', { timeout: 60_000 }, async (pair) => {
  const server = servers.get(pair.server);
  if (server === undefined) throw new Error('not started');
  const broken: string[] = [];
  for (const { name, verdict, attempt } of FEATURES) {
    const client = await openMatrixClient(`${gateway?.url}/metamcp/s${pair.server}/mcp`, pair.client);
    const isToWork = verdict(pair.client, pair.server).works;
    if (!isToWork) client.patienceMs = IMPOSSIBLE_MS;
    const problem = await attempt(client, server.tools).then(
      () => undefined,
      (thrown: unknown) => String(thrown),
    );
    await client.close();
    if (problem === undefined) worked.add([name, pair.client, pair.server].join('|'));
    if (isToWork !== (problem === undefined)) broken.push(`${name}: ${isToWork ? problem : 'works, though it is said to be impossible'}`);
  }
  expect(broken).toEqual([]);
});

test('docs/compatibility.md says what these tests found', async () => {
  const text = toMarkdown((feature, client, server) => worked.has([feature.name, client, server].join('|')));
  await expect(text).toMatchFileSnapshot('../../docs/compatibility.md');
});
