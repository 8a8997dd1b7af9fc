/**
 * Nothing of one client ever reaches another: two keys, fifty sessions, every call with a word of its own that comes
 * back as progress, log message, question and result, many at once, over servers of every kind of isolation.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/protocol/messages.ts';
import { type RunningGateway, startGateway } from '../conformance/start-gateway.ts';
import { LegacyClient } from './legacy-client.ts';
import { type MatrixServer, startMatrixServer } from './matrix-server.ts';
import { ModernClient } from './modern-client.ts';

const KEYS = [`sk_mt_${'a1'.repeat(32)}`, `sk_mt_${'b2'.repeat(32)}`] as const;
const SESSIONS = 50;
const CALLS = 4;
const STDIO = fileURLToPath(new URL('matrix-stdio.ts', import.meta.url));
/** Each session is a process where isolation says so. */
const STDIO_SESSIONS = 16;
const ISOLATIONS = ['auto', 'shared', 'per-principal', 'per-session'] as const;
const servers: MatrixServer[] = [];
let gateway: RunningGateway | undefined;

beforeAll(async () => {
  const [legacy, sse, modern] = await Promise.all([startMatrixServer('2025-11-25'), startMatrixServer('2024-11-05'), startMatrixServer('2026-07-28')]);
  servers.push(legacy, sse, modern);
  const named = ISOLATIONS.flatMap((isolation) => [
    [`legacy-${isolation}`, { type: 'http', url: legacy.url, isolation }] as const,
    [`sse-${isolation}`, { type: 'sse', url: sse.url, isolation }] as const,
    [`modern-${isolation}`, { type: 'http', url: modern.url, isolation }] as const,
    [`stdio-${isolation}`, { type: 'stdio', command: process.execPath, args: [STDIO, '2025-11-25'], isolation }] as const,
  ]);
  gateway = await startGateway({
    servers: Object.fromEntries(named),
    namespaces: Object.fromEntries(named.map(([name]) => [name, { servers: [name], names: { prefix: 'none' } }])),
    endpoints: Object.fromEntries(named.map(([name]) => [name, { namespace: name }])),
    keys: Object.fromEntries(KEYS.map((value, index) => [`key-${index}`, { value }])),
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  for (const server of servers) await server.stop();
});

/** Every canary in what a client got, but its own. */
function foreign(seen: unknown, own: string): readonly string[] {
  return [...JSON.stringify(seen).matchAll(/canary-s\d+/g)].map(([word]) => word).filter((word) => word !== own);
}

interface Outcome {
  readonly foreign: readonly string[];
  readonly answered: number;
  readonly asked: number;
}

async function legacyClient(url: string, headers: Readonly<Record<string, string>>, own: string): Promise<Outcome> {
  const answerServer = (): JsonObject => ({ action: 'accept', content: { name: own } });
  const client = await LegacyClient.open(url, '2025-11-25', { capabilities: { elicitation: {} }, headers, answerServer });
  const answers = await Promise.all(Array.from({ length: CALLS }, (_, index) => client.request('tools/call', { name: 'canary', arguments: { own }, _meta: { progressToken: `${own}-${index}` } })));
  await client.close();
  return { foreign: foreign([answers, client.notices, client.asked], own), answered: answers.filter(({ text }) => text.includes(`said ${own}`)).length, asked: client.asked.length };
}

async function modernClient(url: string, headers: Readonly<Record<string, string>>, own: string): Promise<Outcome> {
  const client = new ModernClient(url, { elicitation: {} }, headers);
  const meta = { progressToken: own, 'io.modelcontextprotocol/logLevel': 'debug' };
  const answers = await Promise.all(Array.from({ length: CALLS }, () => client.request({ method: 'tools/call', params: { name: 'quiet_canary', arguments: { own } }, meta })));
  return { foreign: foreign(answers, own), answered: answers.filter(({ text }) => text.includes(`said ${own}`)).length, asked: 0 };
}

const LEGS = ISOLATIONS.flatMap((isolation) => (['legacy', 'sse', 'stdio', 'modern'] as const).map((server) => ({ server, isolation })));

test.each(LEGS)('[SS-04] many clients of two keys hear nothing of each other in front of a $server server with isolation $isolation', { timeout: 120_000 }, async ({ server, isolation }) => {
  const url = `${gateway?.url}/metamcp/${server}-${isolation}/mcp`;
  // Over SSE and stdio a server does not say whose its questions are. Once it has asked, each call that may be asked gets
  // a connection to itself, of which one key has eight, and the others wait; shared by all, it can ask nobody.
  const isMute = isolation === 'shared' && (server === 'sse' || server === 'stdio');
  await legacyClient(url, { 'x-api-key': KEYS[0] }, 'canary-s0');
  const outcomes = await Promise.all(
    Array.from({ length: server === 'stdio' ? STDIO_SESSIONS : SESSIONS }, (_, index) => {
      const run = index % 2 === 0 ? legacyClient : modernClient;
      return run(url, { 'x-api-key': KEYS[index % 4 < 2 ? 0 : 1] }, `canary-s${index}`);
    }),
  );
  expect(outcomes.flatMap((outcome) => outcome.foreign)).toEqual([]);
  expect(outcomes.map((outcome) => outcome.answered)).toEqual(outcomes.map(() => CALLS));
  expect(outcomes.map((outcome) => outcome.asked)).toEqual(outcomes.map((_outcome, index) => (index % 2 === 0 && !isMute ? CALLS : 0)));
});
