/** Whether a call costs the same whatever else there is: 10 tools or 5,000, one session or 2,000. */
import { HttpConnection } from './http-connection.ts';
import { type Measured, type MeasuredGateway, startMeasured } from './capacity-gateway.ts';
import { startEcho } from './capacity-upstreams.ts';
import { cpuMsOf, workOffMs } from './process-stats.ts';
import { openSession } from '../test/support/http-peer.ts';
import { systemClock } from '../src/base/clock.ts';
import { median } from './soak-verdict.ts';

const TOOLS = [10, 5_000] as const;
const SESSIONS = [1, 2_000] as const;
const LANES = 16;
const ROUNDS = 60;
/** What this machine can do changes within a second: the shorter, the more alike it is for both. */
const SLICE_MS = 400;
const WORK_OFF_EVERY = 10;
const WARM_UP_MS = 5_000;
const SHARE_MAX = 0.1;

/** What a lane sends, one after the other and from the beginning again. */
type Requests = readonly (readonly string[])[];

export async function measureFlat(): Promise<readonly Measured[]> {
  const [few, many] = await Promise.all(TOOLS.map((tools) => startEcho({ tools })));
  if (few === undefined || many === undefined) throw new Error('no upstreams');
  const gateway = await startMeasured({ few: { url: few.url }, many: { url: many.url } });
  try {
    const [one, all] = [await sessionsOf(gateway, SESSIONS[0]), await sessionsOf(gateway, SESSIONS[1])];
    const byTools = await compare(gateway, modern(gateway, 'few'), modern(gateway, 'many'));
    const bySessions = await compare(gateway, legacy(gateway, one), legacy(gateway, all));
    return [judged(`a call with ${TOOLS[1]} tools, of one with ${TOOLS[0]}`, byTools), judged(`a call in ${SESSIONS[1]} sessions in turn, of one in one session`, bySessions)];
  } finally {
    await gateway.stop();
    await Promise.all([few.stop(), many.stop()]);
  }
}

interface Comparison {
  readonly ratio: number;
  readonly beforeUs: number;
  readonly afterUs: number;
}

/** Both in turn, and each first as often as the other, so that what drifts falls on both; the median of their ratios. */
async function compare(gateway: MeasuredGateway, before: Load, after: Load): Promise<Comparison> {
  const lanes = [new Lanes(before), new Lanes(after)] as const;
  for (const each of lanes) {
    await each.drive(WARM_UP_MS);
    await workOffMs(gateway.pid);
  }
  const rounds: (readonly [number, number])[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    if (round % WORK_OFF_EVERY === 0) await workOffMs(gateway.pid);
    const first = await cpuUsPerCall(gateway, lanes[round % 2 === 0 ? 0 : 1]);
    const second = await cpuUsPerCall(gateway, lanes[round % 2 === 0 ? 1 : 0]);
    rounds.push(round % 2 === 0 ? [first, second] : [second, first]);
  }
  for (const each of lanes) each.close();
  return { ratio: median(rounds.map(([one, other]) => other / one)), beforeUs: median(rounds.map(([one]) => one)), afterUs: median(rounds.map(([, other]) => other)) };
}

async function cpuUsPerCall({ pid }: MeasuredGateway, lanes: Lanes): Promise<number> {
  const before = cpuMsOf(pid) ?? 0;
  const calls = await lanes.drive(SLICE_MS);
  return (((cpuMsOf(pid) ?? 0) - before) * 1_000) / calls;
}

interface Load {
  readonly url: URL;
  /** Header lines and bodies, by lane. */
  readonly lanes: Requests;
  readonly body: string;
}

interface Lane {
  readonly connection: HttpConnection;
  readonly requests: readonly Buffer[];
  /** The next one's place. */
  at: number;
}

/** Connections that stay open, each with its requests in turn. */
class Lanes {
  readonly #lanes: readonly Lane[];
  #failed: (reason: Error) => void = () => undefined;
  #broken: Error | undefined;

  constructor({ url, lanes, body }: Load) {
    this.#lanes = lanes.map((headers) => {
      const connection = new HttpConnection(url, (reason) => {
        this.#broken ??= reason;
        this.#failed(reason);
      });
      return { connection, requests: headers.map((lines) => connection.request('POST', lines, body)), at: 0 };
    });
  }

  /** Resolves with how many calls were answered. */
  async drive(forMs: number): Promise<number> {
    if (this.#broken !== undefined) throw this.#broken;
    const untilMs = systemClock.monotonicMs() + forMs;
    const counts = new Promise<number[]>((resolve, reject) => {
      this.#failed = reject;
      Promise.all(this.#lanes.map((lane) => callsOf(lane, untilMs))).then(resolve, reject);
    });
    return (await counts).reduce((sum, count) => sum + count, 0);
  }

  close(): void {
    for (const { connection } of this.#lanes) connection.close();
  }
}

function callsOf(lane: Lane, untilMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let calls = 0;
    const next = (): void =>
      lane.connection.exchange(lane.requests[lane.at++ % lane.requests.length] ?? Buffer.alloc(0), ({ status, body: answer }) => {
        if (status !== 200 || !answer.includes('"result"')) return reject(new Error(`${status}: ${answer.slice(0, 300)}`));
        calls++;
        if (systemClock.monotonicMs() < untilMs) return next();
        resolve(calls);
      });
    next();
  });
}

const commonLines = (key: string): string => `content-type: application/json\r\naccept: application/json, text/event-stream\r\nauthorization: Bearer ${key}\r\n`;

function modern({ mcp, key }: MeasuredGateway, server: string): Load {
  const name = `${server}__echo`;
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: { message: 'flat' }, _meta: meta } });
  const lines = `${commonLines(key)}mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: ${name}\r\n`;
  return { url: new URL(mcp(server)), lanes: Array.from({ length: LANES }, () => [lines]), body };
}

function legacy({ mcp, key }: MeasuredGateway, sessions: readonly string[]): Load {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'few__echo', arguments: { message: 'flat' } } });
  const linesOf = (session: string): string => `${commonLines(key)}mcp-protocol-version: 2025-11-25\r\nmcp-session-id: ${session}\r\n`;
  const lanes = Array.from({ length: LANES }, (_, lane) => (sessions.length < LANES ? sessions : sessions.filter((__, index) => index % LANES === lane)).map(linesOf));
  return { url: new URL(mcp('few')), lanes, body };
}

async function sessionsOf({ mcp, key }: MeasuredGateway, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) ids.push((await openSession({ url: mcp('few'), key })).id);
  return ids;
}

function judged(name: string, { ratio, beforeUs, afterUs }: Comparison): Measured {
  return { name: `processor time of ${name}`, found: `${ratio.toFixed(3)} (${beforeUs.toFixed(1)} µs, ${afterUs.toFixed(1)} µs)`, bound: `within ${SHARE_MAX * 100} %`, isGood: Math.abs(ratio - 1) <= SHARE_MAX };
}
