/**
 * Every client × every server × every feature, over real HTTP, through the real gateway: raw peers of five revisions,
 * and the official SDK in both generations, over stdio too. What is said to work must work; what is said to be impossible must not, so
 * that nothing is given up that could be kept. The page that people read, `docs/compatibility.md`, is written from what
 * happened here: `vitest run test/bridge/matrix.test.ts -u`.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../conformance/start-gateway.ts';
import { isToWork, toMarkdown } from './compatibility.ts';
import { FEATURES } from './features.ts';
import { CLIENTS, doMeet, SERVERS } from './matrix-peers.ts';
import type { MatrixServer } from './matrix-server.ts';

const servers: MatrixServer[] = [];
let gateway: RunningGateway | undefined;
/** What is said to be impossible is given so long to happen after all. */
const IMPOSSIBLE_MS = 150;

/** `feature|client|server` of everything that worked. */
const worked = new Set<string>();

beforeAll(async () => {
  for (const kind of SERVERS) servers.push(await kind.start());
  const named = SERVERS.map((_kind, index) => [`s${index}`, servers[index]?.spec ?? { type: servers[index]?.url.endsWith('/sse') === true ? 'sse' : 'http', url: servers[index]?.url }] as const);
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

// Each SDK client meets every server over HTTP, each SDK server every client, and raw meets raw.
const PAIRS = CLIENTS.flatMap((client) => SERVERS.filter((server) => doMeet(client, server)).map((server) => ({ client, server, title: `${client.name} and ${server.name}` })));

test.each(PAIRS)('client and server, $title, have every feature that both can have, and no other', { timeout: 120_000 }, async ({ client: clientKind, server: serverKind }) => {
  const index = SERVERS.indexOf(serverKind);
  const server = servers[index];
  if (server === undefined) throw new Error('not started');
  const broken: string[] = [];
  for (const feature of FEATURES) {
    const client = await clientKind.open(`${gateway?.url}/metamcp/s${index}/mcp`);
    const isExpected = isToWork(feature, clientKind, serverKind);
    if (!isExpected) client.patienceMs = IMPOSSIBLE_MS;
    const problem = await feature.attempt(client, server.tools).then(
      () => undefined,
      (thrown: unknown) => String(thrown),
    );
    await client.close();
    if (problem === undefined) worked.add([feature.name, clientKind.name, serverKind.name].join('|'));
    if (isExpected !== (problem === undefined)) broken.push(`${feature.name}: ${isExpected ? problem : 'works, though it is said to be impossible'}`);
  }
  expect(broken).toEqual([]);
});

test('docs/compatibility.md says what these tests found', async () => {
  const text = toMarkdown((feature, client, server) => worked.has([feature.name, client, server].join('|')));
  await expect(text).toMatchFileSnapshot('../../docs/compatibility.md');
});
