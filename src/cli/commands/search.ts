import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { SearchEvaluation } from '../../contract/discovery.ts';
import type { AdminClient } from '../admin-client.ts';
import { getWord, type Invocation } from '../command.ts';
import { openAdminClient } from '../gateway-flags.ts';
import { variable } from '../host.ts';
import { formatTable, plain, plainBlock, printJson, printLines } from '../print.ts';
import { withProgress } from '../progress.ts';
import { Refusal } from '../refusal.ts';

const CHANGES_SHOWN = 10;
const MISSES_SHOWN = 20;

/** `metamcp search QUERY`: what a client of the endpoint would find; each word list in quotes is one query. */
export async function searchTools(invocation: Invocation): Promise<number> {
  const { words, flag, has, host } = invocation;
  getWord(invocation, 0, { name: 'search', usage: 'QUERY' });
  const limit = flag('limit');
  const admin = await openAdminClient(invocation);
  const reply = await admin.searchTools(await endpointOf(invocation, admin), { queries: words, ...(limit === undefined ? {} : { limit: Number(limit) }) });
  if (has('json')) printJson(host, reply);
  else printLines(host, [plainBlock(reply.text), '', `About ${reply.tokens} tokens.`]);
  return 0;
}

/** `metamcp eval FILE`: how well the search of an endpoint finds what it should. */
export async function evalSearch(invocation: Invocation): Promise<number> {
  const { flag, has, host } = invocation;
  const path = getWord(invocation, 0, { name: 'eval', usage: 'FILE' });
  const cases = parseCases(await readText(path, invocation));
  const other = flag('against');
  const against = other === undefined ? undefined : { text: await readText(other, invocation), name: basename(other) };
  const admin = await openAdminClient(invocation);
  const endpoint = await endpointOf(invocation, admin);
  const answer = await withProgress(host, `Searching ${cases.length} times`, () => admin.evaluateSearch(endpoint, { cases, ...(against === undefined ? {} : { against }) }));
  if (has('json')) {
    printJson(host, answer);
    return 0;
  }
  const columns = answer.against === null ? [answer.evaluation] : [answer.evaluation, answer.against];
  printLines(host, formatTable(['', endpoint, ...(against === undefined ? [] : [against.name])], figuresOf(columns)));
  for (const { query, found } of answer.evaluation.misses.slice(0, MISSES_SHOWN)) printLines(host, [`missed: ${plain(query)} (found ${found.map(plain).join(', ') || 'nothing'})`]);
  for (const { query, before, after } of answer.difference?.better.slice(0, CHANGES_SHOWN) ?? []) printLines(host, [`better: ${plain(query)} (${before.toFixed(2)} → ${after.toFixed(2)})`]);
  for (const { query, before, after } of answer.difference?.worse.slice(0, CHANGES_SHOWN) ?? []) printLines(host, [`worse: ${plain(query)} (${before.toFixed(2)} → ${after.toFixed(2)})`]);
  return 0;
}

function figuresOf(columns: readonly SearchEvaluation[]): string[][] {
  const row = (name: string, of: (evaluation: SearchEvaluation) => string): string[] => [name, ...columns.map(of)];
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  return [
    row('found in the first 5', ({ recallAt }) => percent(recallAt[5])),
    row('found in the first 10', ({ recallAt }) => percent(recallAt[10])),
    row('first row right', ({ hitAt1 }) => percent(hitAt1)),
    row('wrongly sure', ({ unanswerable }) => `${unanswerable.strongCount} of ${unanswerable.count}`),
    row('tokens of a reply', ({ tokens }) => `${tokens.median} (p90 ${tokens.p90})`),
  ];
}

/** JSON lines or one JSON array; what the entries must be, the gateway says. */
function parseCases(text: string): readonly unknown[] {
  const isArray = text.trimStart().startsWith('[');
  try {
    const parsed: unknown = isArray ? JSON.parse(text) : text.split('\n').flatMap((line): unknown[] => (line.trim() === '' ? [] : [JSON.parse(line)]));
    if (Array.isArray(parsed) && parsed.length > 0) return parsed as readonly unknown[];
  } catch {
    // Said below, as for a file without queries.
  }
  throw new Refusal('There are no queries in this file.', 'Each line: {"query": "open an issue", "tools": ["github__create_issue"]}');
}

function readText(path: string, { host }: Invocation): Promise<string> {
  return readFile(resolve(host.workFolder, path), 'utf8').catch(() => {
    throw new Refusal(`${path} cannot be read.`, 'Name a file that is there.');
  });
}

async function endpointOf({ flag, host }: Invocation, admin: AdminClient): Promise<string> {
  const named = flag('endpoint') ?? variable(host, 'METAMCP_ENDPOINT');
  if (named !== undefined) return named;
  const { items } = await admin.listEndpoints();
  const endpoint = items.find(({ name }) => name === 'default') ?? items[0];
  if (endpoint === undefined) throw new Refusal('The gateway has no endpoint.', 'Make one in the configuration.');
  return endpoint.name;
}
