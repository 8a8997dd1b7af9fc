/** The load of a soak: clients of three tenants who call, open and leave sessions, give calls up, have their tokens renewed; servers that are killed; configurations that change. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { rssBytes } from '../test/faults/rss-bytes.ts';
import { seeded } from '../test/faults/seed.ts';
import { fixtureCommand, startFixture } from '../test/fixtures/start-fixture.ts';
import { modernRequest, openSession, textOf } from '../test/support/http-peer.ts';
import { census } from '../test/support/process-census.ts';
import { randomKey } from '../test/support/random-key.ts';
import { type RunningGateway, startGateway } from '../test/support/start-gateway.ts';
import { signIn, type TokenClient } from './soak-tokens.ts';
import type { SoakRun, SoakSample } from './soak-verdict.ts';

/** Of 5,200,000 calls: so many of each. */
const CALLS_PER = { session: 104, kill: 2_600, change: 10_400, cancelled: 52, refresh: 1_040 } as const;
/** Sessions whose client goes without a word. */
const LEFT_SHARE = 0.3;
const LANES = 24;
const SAMPLES = 200;
const TENANTS = ['ann', 'bob', 'cid'] as const;
/** What a call may end with while its server is being killed. */
const OF_THE_KILL: ReadonlySet<number | undefined> = new Set([-31_001, -31_003]);

export interface SoakOptions {
  /** After the warm-up. */
  readonly calls: number;
  readonly warmUpMs: number;
  readonly seed: number;
  readonly tell: (text: string) => void;
}

export async function runSoak(options: SoakOptions): Promise<SoakRun> {
  const far = await startFixture('counting-server.ts');
  const keys = Object.fromEntries(TENANTS.map((name) => [name, randomKey()]));
  const gateway = await startGateway({
    env: { METAMCP_SESSION_IDLE_MS: '5000' },
    config: {
      servers: { near: { ...fixtureCommand('counting-server.ts', '--stdio'), isolation: 'shared' }, far: { url: far.url } },
      namespaces: { all: { servers: ['near', 'far'] } },
      endpoints: { all: { namespace: 'all', auth: { apiKey: true, oauth: true } } },
      keys: Object.fromEntries(Object.entries(keys).map(([name, value]) => [name, { value }])),
    },
  });
  const soak = new Soak(options, gateway, keys);
  try {
    return await soak.run();
  } finally {
    await soak.close();
    await gateway.stop();
    await far.stop();
  }
}

class Soak {
  readonly #options: SoakOptions;
  readonly #gateway: RunningGateway;
  readonly #keys: Readonly<Record<string, string>>;
  readonly #random: () => number;
  readonly #agent = new Agent({ connections: LANES, pipelining: 1 });
  readonly #samples: SoakSample[] = [];
  readonly #failures: Record<string, number> = {};
  #tookMs: number[] = [];
  #begun = 0;
  #ended = 0;
  #foreignCanaries = 0;
  #isSampling = false;
  #tokens: TokenClient | undefined;

  constructor(options: SoakOptions, gateway: RunningGateway, keys: Readonly<Record<string, string>>) {
    this.#options = options;
    this.#gateway = gateway;
    this.#keys = keys;
    this.#random = seeded(options.seed);
  }

  async run(): Promise<SoakRun> {
    this.#tokens = await signIn(this.#gateway, 'all');
    const startedMs = performance.now();
    await this.#drive(() => performance.now() - startedMs < this.#options.warmUpMs);
    const warmUpCalls = this.#ended;
    this.#options.tell(`${warmUpCalls} calls to warm up; from here on it counts`);
    await this.#drive(() => this.#begun < warmUpCalls + this.#options.calls);
    await this.#sample();
    const { body } = await this.#admin('POST', '/api/v1/audit/verify', {});
    const { isIntact, intents, outcomes, unknown } = body as unknown as SoakRun['record'];
    return { calls: this.#ended, warmUpCalls, tookMs: performance.now() - startedMs, samples: this.#samples, foreignCanaries: this.#foreignCanaries, failures: this.#failures, record: { isIntact, intents, outcomes, unknown } };
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #drive(isOn: () => boolean): Promise<void> {
    await Promise.all(Array.from({ length: LANES }, () => this.#lane(isOn)));
  }

  async #lane(isOn: () => boolean): Promise<void> {
    while (isOn()) {
      const turn = ++this.#begun;
      if (turn % CALLS_PER.kill === 0) await this.#kill();
      if (turn % CALLS_PER.change === 0) await this.#change(turn);
      if (turn % CALLS_PER.session === 0) await this.#session();
      if (turn % CALLS_PER.cancelled === 0) await this.#giveUp();
      if (turn % CALLS_PER.refresh === 0) await this.#refresh();
      await this.#call();
      this.#ended++;
      if (!this.#isSampling && this.#ended >= (this.#samples.length + 1) * (this.#options.calls / SAMPLES)) await this.#sample();
    }
  }

  get #tenant(): string {
    return TENANTS[Math.floor(this.#random() * TENANTS.length)] ?? TENANTS[0];
  }

  async #call(): Promise<void> {
    const tenant = this.#tenant;
    const mark = `canary<${tenant}>`;
    const name = this.#random() < 0.5 ? 'near__canary' : 'far__canary';
    const startedMs = performance.now();
    const { message, status } = await modernRequest({ url: this.#gateway.mcp('all'), key: this.#keys[tenant] ?? '', agent: this.#agent }, 'tools/call', { name, arguments: { mark } });
    this.#tookMs.push(performance.now() - startedMs);
    const text = textOf(message);
    if (message.error !== undefined && OF_THE_KILL.has(message.error.code) && name === 'near__canary') return;
    if (message.error !== undefined || !text.includes(mark)) this.#failed(`${status} ${message.error?.code ?? 'without its mark'}`);
    for (const [, owner] of text.matchAll(/canary<(\w+)>/g)) if (owner !== tenant) this.#foreignCanaries++;
  }

  async #session(): Promise<void> {
    const session = await openSession({ url: this.#gateway.mcp('all'), key: this.#keys[this.#tenant] ?? '', agent: this.#agent });
    await session.request('tools/list');
    if (this.#random() >= LEFT_SHARE) await session.end();
  }

  /** The token that comes opens the endpoint. */
  async #refresh(): Promise<void> {
    const key = await this.#tokens?.refreshed();
    const { status } = await modernRequest({ url: this.#gateway.mcp('all'), key: key ?? '', agent: this.#agent }, 'tools/list');
    if (status !== 200) this.#failed(`a new token ${status}`);
  }

  /** The client goes in the middle of a call. */
  async #giveUp(): Promise<void> {
    const agent = new Agent({ connections: 1 });
    const given = modernRequest({ url: this.#gateway.mcp('all'), key: this.#keys[this.#tenant] ?? '', agent }, 'tools/call', { name: 'far__count', arguments: { key: 'given up', delayMs: 200 } }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await agent.destroy();
    await given;
  }

  async #kill(): Promise<void> {
    const { body } = await this.#admin('GET', '/api/v1/servers');
    const servers = body['items'] as readonly { readonly name: string; readonly pid: number | null }[];
    const pid = servers.find(({ name }) => name === 'near')?.pid;
    if (typeof pid !== 'number') return;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
    // Its first end is waited over; several in a row would be answered at once.
    await this.#admin('POST', '/api/v1/servers/near/restart');
  }

  async #change(turn: number): Promise<void> {
    const name = `spare-${turn}`;
    const made = await this.#admin('POST', '/api/v1/servers', { name, config: { url: 'http://127.0.0.1:9/mcp', enabled: false } });
    const gone = await this.#admin('DELETE', `/api/v1/servers/${name}`);
    if (made.status !== 201 || gone.status !== 200) this.#failed(`a change ${made.status} ${gone.status}`);
  }

  async #sample(): Promise<void> {
    this.#isSampling = true;
    const tookMs = this.#tookMs.sort((a, b) => a - b);
    this.#tookMs = [];
    const { pid } = this.#gateway;
    const text = await (await fetch(`${this.#gateway.url}/metrics`)).text();
    const metric = (name: string): number => Number(text.split('\n').find((line) => line.startsWith(name))?.split(' ').at(-1) ?? 0);
    const { files, children } = await census(pid);
    const at = (share: number): number => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))] ?? 0;
    this.#samples.push({ calls: this.#ended, atMs: performance.now(), rssBytes: await rssBytes(pid), heapBytes: metric('process_memory_usage_bytes{state="heap_used"'), descriptors: files, children, sessions: metric('metamcp_sessions'), p50Ms: at(0.5), p99Ms: at(0.99) });
    if (this.#samples.length % 10 === 0) this.#options.tell(`${this.#ended} calls, ${Math.round((this.#samples.at(-1)?.rssBytes ?? 0) / 2 ** 20)} MiB, p99 ${at(0.99).toFixed(1)} ms`);
    this.#isSampling = false;
  }

  #failed(what: string): void {
    this.#failures[what] = (this.#failures[what] ?? 0) + 1;
  }

  async #admin(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
    const { token } = JSON.parse(await readFile(join(this.#gateway.data, 'gateway.json'), 'utf8')) as { token: string };
    // To verify the record of millions of calls takes minutes.
    const answer = await request(this.#gateway.url + path, { method, headersTimeout: 0, headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} };
  }
}
