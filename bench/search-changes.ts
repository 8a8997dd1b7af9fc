/**
 * Measures searches through MCP, from another process, first undisturbed and then while servers announce that their lists
 * changed, one hundred times a second for ten seconds, each time with another definition.
 *
 *     node bench/search-changes.ts FOLDER
 *
 * A folder holds what search-data.ts reads. Times are of the clock on the wall, from the request to the whole response.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ModernClient } from '../test/bridge/modern-client.ts';
import { legacyScript, type Script } from '../test/support/fake-link.ts';
import { startPlane } from '../test/support/start-plane.ts';
import type { JsonObject } from '../src/protocol/messages.ts';
import { quantile } from '../src/search/evaluate.ts';
import { readQueries, readTools } from './search-data.ts';

const CHANGES = 1_000;
const CHANGES_MS = 10_000;
const PACE_MS = 10;
const UNDISTURBED = 300;
const WARM_UP = 600;

const [folder, role] = process.argv.slice(2);
if (folder === undefined) throw new Error('Name a folder with tools.jsonl and queries.jsonl.');

/** The gateway with servers in memory; changes on demand. */
async function serve(from: string): Promise<void> {
  const lists = new Map<string, JsonObject[]>();
  for (const { server, name, description, inputSchema } of await readTools(from)) {
    const as = server.replace(/[^A-Za-z0-9-]/g, '-').toLowerCase().replace(/-+/g, '-').replace(/^-|-$/g, '').slice(0, 60);
    lists.set(as, [...(lists.get(as) ?? []), { name, description, inputSchema: { ...inputSchema, type: 'object' } }]);
  }
  const servers = Object.fromEntries([...lists.keys()].map((name): [string, Script] => [name, legacyScript(undefined, () => lists.get(name) ?? [])]));
  const plane = await startPlane({ servers, endpoint: { discovery: 'search' } });
  const names = [...lists.keys()];
  const delay = (await import('node:perf_hooks')).monitorEventLoopDelay({ resolution: 1 });
  process.on('message', async () => {
    delay.enable();
    const startMs = performance.now();
    for (let change = 0; change < CHANGES; change++) {
      const name = names[change % names.length] ?? '';
      const [first, ...rest] = lists.get(name) ?? [];
      if (first !== undefined) lists.set(name, [{ ...first, description: `${String(first['description']).replace(/ Edition \d+\.$/, '')} Edition ${change}.` }, ...rest]);
      for (const link of plane.links(name)) link.say({ method: 'notifications/tools/list_changed' });
      await sleep(Math.max(0, startMs + ((change + 1) * CHANGES_MS) / CHANGES - performance.now()));
    }
    process.send?.({ builds: plane.dataPlane.counts().indexBuilds, loopMs: { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 } });
  });
  process.send?.({ url: plane.url });
}

async function measure(from: string): Promise<void> {
  const queries = (await readQueries(from)).map(({ query }) => query);
  const gateway = fork(import.meta.filename, [from, 'serve'], { execArgv: process.execArgv });
  const [{ url }] = (await once(gateway, 'message')) as [{ url: string }];
  const client = new ModernClient(url, {});
  let next = 0;
  const search = async (): Promise<number> => {
    const startMs = performance.now();
    const { response } = await client.request({ method: 'tools/call', params: { name: 'search_tools', arguments: { queries: [queries[next++ % queries.length] ?? ''] } } });
    const tookMs = performance.now() - startMs;
    if (response?.['result'] === undefined) throw new Error(`no result: ${JSON.stringify(response)}`);
    return tookMs;
  };
  for (let at = 0; at < WARM_UP; at++) await search();
  const undisturbed: number[] = [];
  for (let at = 0; at < UNDISTURBED; at++) undisturbed.push(await search());
  const disturbed: number[] = [];
  let told: unknown;
  gateway.once('message', (message) => (told = message));
  gateway.send('change');
  while (told === undefined) {
    disturbed.push(await search());
    await sleep(PACE_MS);
  }
  const figures = (times: readonly number[]) => ({ searches: times.length, p50: quantile(times, 0.5), p95: quantile(times, 0.95), p99: quantile(times, 0.99) });
  process.stdout.write(`${JSON.stringify({ folder: from, undisturbedMs: figures(undisturbed), whileListsChangeMs: figures(disturbed), gateway: told }, undefined, 2)}\n`);
  gateway.kill();
}

await (role === 'serve' ? serve(folder) : measure(folder));
