/**
 * Two hundred random mixtures of calls: clients of every revision, servers of every revision, all under way at once
 * through one gateway. Every call says a word of its own as progress, question and result; each must arrive exactly
 * once, at its own caller.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isObject, REVISIONS, type Revision } from '../../src/protocol/messages.ts';
import { type RunningGateway, startGateway } from '../conformance/start-gateway.ts';
import { type MatrixClient, openMatrixClient, type Reply } from './matrix-client.ts';
import { type MatrixServer, startMatrixServer } from './matrix-server.ts';

const RUNS = 200;
/** The first revision whose clients can be asked by a form. */
const CAN_BE_ASKED = '2025-06-18';
const servers: MatrixServer[] = [];
const clients = new Map<string, MatrixClient>();
let gateway: RunningGateway | undefined;
let words = 0;

beforeAll(async () => {
  for (const revision of REVISIONS) servers.push(await startMatrixServer(revision));
  const named = REVISIONS.map((revision, index) => [`s${revision}`, { type: revision === '2024-11-05' ? 'sse' : 'http', url: servers[index]?.url }] as const);
  gateway = await startGateway({
    servers: Object.fromEntries(named),
    namespaces: Object.fromEntries(named.map(([name]) => [name, { servers: [name], names: { prefix: 'none' } }])),
    endpoints: Object.fromEntries(named.map(([name]) => [name, { namespace: name, auth: { apiKey: false } }])),
  });
  for (const client of REVISIONS) for (const server of REVISIONS) clients.set(`${client} ${server}`, await openMatrixClient(`${gateway.url}/metamcp/s${server}/mcp`, client));
}, 60_000);

afterAll(async () => {
  for (const client of clients.values()) await client.close();
  await gateway?.stop();
  for (const server of servers) await server.stop();
});

interface Step {
  readonly client: Revision;
  readonly server: Revision;
  readonly tool: 'canary' | 'quiet_canary';
}

const step: fc.Arbitrary<Step> = fc.record({ client: fc.constantFrom(...REVISIONS), server: fc.constantFrom(...REVISIONS), tool: fc.constantFrom('canary', 'quiet_canary') });

/** What went wrong with one call; nothing where all is well. */
async function take({ client, server, tool }: Step): Promise<readonly string[]> {
  const peer = clients.get(`${client} ${server}`);
  if (peer === undefined) return ['no client'];
  const word = `word-${++words}-`;
  const reply = await peer.call(tool, { own: word }, { progressToken: word });
  // HTTP+SSE has one stream for all calls of a client, so there notices of its other calls come by.
  const own = reply.notices.filter((notice) => isObject(notice['params']) && notice['params']['progressToken'] === word);
  const steps = own.map((notice) => (isObject(notice['params']) ? notice['params']['message'] : undefined));
  const asked = peer.asked.filter((question) => question.params['message'] === word).length;
  // A call that is repeated with its answer says its word again, in the same progress, which may not go back.
  return [
    ...(wordsOf(reply).every((found) => found === word) ? [] : [`${word} got ${wordsOf(reply).join()}`]),
    ...(reply.text.includes(`said ${word}`) || (tool === 'canary' && client < CAN_BE_ASKED) ? [] : [`${word} is lost: ${reply.text}`]),
    ...(steps.length >= 2 && steps.every((said) => said === word) ? [] : [`${word} heard ${JSON.stringify(steps)}`]),
    ...(asked === (tool === 'canary' && client >= CAN_BE_ASKED ? 1 : 0) ? [] : [`${word} was asked ${asked} times`]),
  ].map((problem) => `${client} ${server} ${tool}: ${problem}`);
}

function wordsOf({ text }: Reply): readonly string[] {
  return [...text.matchAll(/word-\d+-/g)].map(([found]) => found);
}

test('however calls of all revisions interleave, nothing is lost, doubled or given to another', { timeout: 180_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      const problems = await Promise.all(steps.map(take));
      expect(problems.flat()).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});
