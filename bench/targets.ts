/** What is measured, and how each is started: the bare upstream, the floor in front of it, the gateway in front of it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sleep, systemClock } from '../src/base/clock.ts';
import { MAIN } from '../test/support/program.ts';
import { type Aim, runLoad } from './load.ts';

export type TargetName = 'direct' | 'floor' | 'gateway';

export interface Target {
  readonly name: TargetName;
  readonly pid: number;
  /** From spawn to the first good `tools/list`. */
  readonly startMs: number;
  /** By upstream: `echo`, `many`, but for the server itself `stdio`, and `governed`, which only at the gateway is not as `echo`. */
  readonly aims: ReadonlyMap<string, Aim>;
}

/** The core of what is measured, and the core of everything else. */
const MEASURED_CORE = 0;
const OTHER_CORE = 1;
const START_MS_MAX = 15_000;
const TOOLS_MANY = 1000;

const hasTaskset = availableParallelism() > 1 && spawnSync('taskset', ['-p', String(process.pid)]).status === 0;

/** Keeps this process, which generates the load, off the measured core. Says whether it could. */
export function pinSelf(): boolean {
  return hasTaskset && spawnSync('taskset', ['-acp', String(OTHER_CORE), String(process.pid)]).status === 0;
}

/** Gives a process that is measured its own core. */
export function pinMeasured(pid: number): void {
  if (hasTaskset) spawnSync('taskset', ['-acp', String(MEASURED_CORE), String(pid)]);
}

/** Leaves that core to the main thread, as soon as the process has all of its threads: V8's own, and those that it began, share the other one. */
export function spreadThreads(pid: number): void {
  if (!hasTaskset) return;
  for (const thread of readdirSync(`/proc/${pid}/task`)) if (Number(thread) !== pid) spawnSync('taskset', ['-cp', String(OTHER_CORE), thread]);
}

interface Served {
  readonly url: string;
  readonly pid: number;
}

/** Owns every child process and folder of a run. */
export class Bench {
  readonly #children: ChildProcess[] = [];
  readonly #folders: string[] = [];

  /** Starts the upstreams and the targets named. A target that does not start is in `failures` with its reason. */
  async start(names: readonly TargetName[]): Promise<{ targets: Target[]; failures: Map<TargetName, string> }> {
    const echoUrl = await this.#startPrinting(script('echo-upstream.ts'), [], OTHER_CORE);
    const manyUrl = await this.#startPrinting(script('echo-upstream.ts'), ['--tools', String(TOOLS_MANY)], OTHER_CORE);
    const starts: Record<TargetName, () => Promise<Target>> = {
      direct: () => this.#startPair('direct', (many) => [script('echo-upstream.ts'), many ? ['--tools', String(TOOLS_MANY)] : []]),
      floor: () => this.#startFloor((many) => [script('floor-proxy.ts'), [many ? manyUrl.line : echoUrl.line]]),
      gateway: () => this.#startGateway(echoUrl.line, manyUrl.line),
    };
    const targets: Target[] = [];
    const failures = new Map<TargetName, string>();
    for (const name of names) {
      try {
        targets.push(await starts[name]());
      } catch (cause) {
        failures.set(name, cause instanceof Error ? cause.message : String(cause));
      }
    }
    return { targets, failures };
  }

  async stop(): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const cancel = systemClock.after(2000, () => child.kill('SIGKILL'));
      await exited;
      cancel();
    }
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }

  async #startPair(name: TargetName, command: (many: boolean) => [script: string, args: string[]]): Promise<Target> {
    const startedMs = systemClock.monotonicMs();
    const one = await this.#startPrinting(...command(false), MEASURED_CORE);
    const echo: Aim = { url: one.line, tool: 'echo', key: undefined, pid: one.pid };
    const startMs = await firstListMs(echo, startedMs);
    const many = await this.#startPrinting(...command(true), MEASURED_CORE);
    return {
      name,
      pid: one.pid,
      startMs,
      aims: new Map([
        ['echo', echo],
        ['governed', echo],
        ['many', { ...echo, url: many.line, pid: many.pid }],
      ]),
    };
  }

  async #startFloor(command: (many: boolean) => [script: string, args: string[]]): Promise<Target> {
    const target = await this.#startPair('floor', command);
    const stdio = await this.#startPrinting(script('floor-multiplexer.ts'), [script('echo-upstream.ts'), '--stdio'], MEASURED_CORE);
    return { ...target, aims: new Map([...target.aims, ['stdio', { url: stdio.line, tool: 'echo', key: undefined, pid: stdio.pid }]]) };
  }

  async #startGateway(echoUrl: string, manyUrl: string): Promise<Target> {
    const folder = await mkdtemp(join(tmpdir(), 'metamcp-bench-'));
    this.#folders.push(folder);
    const key = `sk_mt_${randomBytes(32).toString('hex')}`;
    const startedMs = systemClock.monotonicMs();
    const first = await this.#serve(folder, 'echo', gatewayConfig(key, { echo: { type: 'http', url: echoUrl } }));
    const aim = ({ url, pid }: Served, server: string): Aim => ({ url: `${url}/metamcp/${server}/mcp`, tool: `${server}__echo`, key, pid });
    const echo = aim(first, 'echo');
    const startMs = await firstListMs(echo, startedMs);
    const governed = await this.#serve(folder, 'governed', governedConfig(key, echoUrl));
    const stdio = { type: 'stdio', command: process.execPath, args: [script('echo-upstream.ts'), '--stdio'] };
    const second = await this.#serve(folder, 'rest', gatewayConfig(key, { stdio, many: { type: 'http', url: manyUrl } }));
    const aims = new Map([
      ['echo', echo],
      ['governed', aim(governed, 'echo')],
      ['stdio', aim(second, 'stdio')],
      ['many', aim(second, 'many')],
    ]);
    return { name: 'gateway', pid: first.pid, startMs, aims };
  }

  async #serve(folder: string, name: string, config: object): Promise<Served> {
    const path = join(folder, `${name}.json`);
    await writeFile(path, JSON.stringify(config));
    const args = ['serve', '--config', path, '--data', join(folder, name), '--port', '0', '--print-json'];
    const { line, pid } = await this.#startPrinting(MAIN, args, MEASURED_CORE);
    const { url } = JSON.parse(line) as { url: string };
    return { url: url.replace(/\/$/, ''), pid };
  }

  /** Starts a script on a core and waits for the first line that it prints. */
  async #startPrinting(file: string, args: readonly string[], core: number): Promise<{ readonly line: string; readonly pid: number }> {
    const command = [process.execPath, file, ...args];
    const [program = '', ...rest] = hasTaskset ? ['taskset', '-c', String(core), ...command] : command;
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString('utf8')).slice(-500)));
    const exited = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${file} ended with ${String(code)}: ${stderr.trim()}`)));
    const late = sleep(systemClock, START_MS_MAX).then(() => Promise.reject(new Error(`${file} printed nothing in ${START_MS_MAX} ms: ${stderr.trim()}`)));
    exited.catch(() => undefined);
    late.catch(() => undefined);
    const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), exited, late])) as [string];
    return { line, pid: child.pid ?? 0 };
  }
}

function script(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

/** One namespace and one endpoint for each server, all under the server's name. */
function gatewayConfig(key: string, servers: Readonly<Record<string, object>>): object {
  const names = Object.keys(servers);
  return {
    servers,
    namespaces: Object.fromEntries(names.map((name) => [name, { servers: [name] }])),
    endpoints: Object.fromEntries(names.map((name) => [name, { namespace: name, auth: { apiKey: true } }])),
    keys: { bench: { value: key, endpoints: names } },
  };
}

/** The same with what a careful operator adds: policies that look at who asks and with which arguments, and limits that never bite. */
function governedConfig(key: string, echoUrl: string): object {
  const config = gatewayConfig(key, { echo: { type: 'http', url: echoUrl } });
  const own = { rules: [{ name: 'own', effect: 'allow', who: { keys: ['bench'] }, what: { servers: ['echo'], names: ['echo'] }, arguments: [{ at: '/message', maxLength: 10_000 }] }] };
  const careful = {
    rules: [
      { name: 'no-deletes', effect: 'deny', what: { names: ['delete_*', '*_remove'] } },
      { name: 'no-keys', effect: 'deny', when: 'args.message.startsWith("sk_")' },
    ],
  };
  const limits = [
    { scope: 'client', by: 'key', max: 1_000_000, seconds: 1 },
    { scope: 'tool', match: { tool: 'echo__echo' }, max: 1_000_000, seconds: 1 },
    { kind: 'concurrency', scope: 'server', max: 500 },
    { kind: 'budget', scope: 'client', unit: 'calls', per: 'day', max: 1_000_000_000 },
  ];
  return { ...config, policies: { own, careful }, namespaces: { echo: { servers: ['echo'], policies: ['own', 'careful'] } }, endpoints: { echo: { namespace: 'echo', auth: { apiKey: true }, limits } } };
}

async function firstListMs(aim: Aim, startedMs: number): Promise<number> {
  for (;;) {
    try {
      await runLoad({ family: 'legacy', method: 'tools/list', connections: 1 }, aim, 0);
      return systemClock.monotonicMs() - startedMs;
    } catch (cause) {
      if (systemClock.monotonicMs() - startedMs > START_MS_MAX) throw cause;
      await sleep(systemClock, 5);
    }
  }
}
